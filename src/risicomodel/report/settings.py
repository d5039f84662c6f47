"""What to report on, as in ``configs/config.yaml``."""

from __future__ import annotations

from dataclasses import dataclass

from risicomodel.errors import suggest

LANGUAGES = ("nl", "en")
ALL = "all"


@dataclass
class ReportSettings:
    """Of which gemeente, in which language, from which run.

    Parameters
    ----------
    gemeente : str or None
        A code (``GM0363``), a name, or ``all`` for every gemeente with wijken.
    language : {"nl", "en"}
        Of the pages; codes and columns of tables are the same in both.
    run : str or None
        Folder of a finished run; by default the newest of task ``run``.
    """

    gemeente: str | None = None
    language: str = "nl"
    run: str | None = None


def problems(settings: ReportSettings) -> list[str]:
    """Return what cannot be followed."""
    if settings.language in LANGUAGES:
        return []
    near = suggest(settings.language, LANGUAGES)
    return [
        f"report.language is '{settings.language}'{near}; allowed are {', '.join(LANGUAGES)}",
    ]
