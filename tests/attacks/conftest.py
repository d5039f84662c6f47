"""Fixtures that tests of downloads share."""

from support.statline import cbs, folder, server, settings

__all__ = ["cbs", "folder", "server", "settings"]
