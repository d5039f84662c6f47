"""Pages that people in a gemeente read, made of a finished run's tables."""

from risicomodel.report.place import LARGEST
from risicomodel.report.site import MARK, write

__all__ = ["LARGEST", "MARK", "write"]
