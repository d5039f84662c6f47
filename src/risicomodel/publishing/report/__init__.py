"""Pages that people in a gemeente read, made of what may be shown of a finished run."""

from risicomodel.publishing.report.gemeente import ALL, LARGEST, code_of
from risicomodel.publishing.report.settings import ReportSettings, violations
from risicomodel.publishing.report.site import MARK, write

__all__ = ["ALL", "LARGEST", "MARK", "ReportSettings", "code_of", "violations", "write"]
