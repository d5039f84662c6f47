"""What may be chosen of a report."""

from __future__ import annotations

from dataclasses import dataclass

from risicomodel.core.errors import suggest

LANGUAGES = ("nl", "en")


@dataclass
class ReportSettings:
    """Which gemeente a report is about, in which language, from which run.

    Parameters
    ----------
    gemeente : str or None
        A code (``GM0363``), a name, ``all`` for every gemeente with wijken, or ``largest``.
    language : {"nl", "en"}
        Of the pages; codes and columns of tables are the same in both.
    run : str or None
        Folder of a finished run; by default the newest of task ``run``.
    in_run : bool
        Whether a whole run makes a report in its folder, of the largest gemeente unless named.
    """

    gemeente: str | None = None
    language: str = "nl"
    run: str | None = None
    in_run: bool = True


def violations(report: ReportSettings) -> list[str]:
    """Return what is wrong with the settings, a line each.

    Parameters
    ----------
    report : ReportSettings
        As they were given.

    Examples
    --------
    >>> violations(ReportSettings(language="en"))
    []
    """
    if report.language in LANGUAGES:
        return []
    near = suggest(report.language, LANGUAGES)
    return [f"report.language is '{report.language}'{near}; expected one of {', '.join(LANGUAGES)}"]
