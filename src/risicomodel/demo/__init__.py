"""A made-up Netherlands with a known truth, in CBS's own formats.

Here live its settings, places, people, buurten and true rates, and the files they are written as.
What plays with them (a run, a meeting) lives in ``app``; nothing here reads what CBS published.
"""

from __future__ import annotations

from risicomodel.demo.archive import catalogue, write_archive
from risicomodel.demo.settings import DemoSettings
from risicomodel.demo.world import make_world

__all__ = ["DemoSettings", "catalogue", "make_world", "write_archive"]
