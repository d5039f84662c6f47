"""Pages that people in a gemeente read, made of a finished run's tables."""

from risicomodel.report.settings import LANGUAGES, ReportSettings, problems
from risicomodel.report.site import write

__all__ = ["LANGUAGES", "ReportSettings", "problems", "write"]
