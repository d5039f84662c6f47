"""A made-up Netherlands with a known truth, in CBS's own formats. ``world`` is the way in."""

from __future__ import annotations

from risicomodel.sources.demo.world import DemoSettings, catalogue, make_world, write_archive

__all__ = ["DemoSettings", "catalogue", "make_world", "write_archive"]
