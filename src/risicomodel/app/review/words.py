"""What a command of a round was given: a verb, folders and settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GivenWords:
    """What a command was given: its verb, what stands without a key, and settings.

    Parameters
    ----------
    verb : str
        ``new``, ``serve``, …
    bare : list of str
        Folders.
    settings : dict of str to str
        By key.
    """

    verb: str
    bare: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def get(self, key: str, default: str = "") -> str:
        """Return a setting."""
        return self.settings.get(key, default)
