"""Pages that people in a gemeente read, made of a finished run's tables."""

from risicomodel.publishing.report.gemeente import LARGEST
from risicomodel.publishing.report.settings import ReportSettings, violations
from risicomodel.publishing.report.site import MARK, write

__all__ = ["LARGEST", "MARK", "ReportSettings", "violations", "write"]
