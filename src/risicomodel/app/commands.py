"""The commands that there are, as data: what each does, and which words it takes.

Help, errors and examples are made of it. It imports nothing heavy, so that help answers at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Words = list[str]


def gemeente_words(words: Words) -> Words:
    """Return overrides: ``gemeente=`` is the report's.

    Parameters
    ----------
    words : list of str
        Words of the command line after that of the command.

    Returns
    -------
    list of str
        Overrides that Hydra understands.

    Examples
    --------
    >>> gemeente_words(["gemeente=Utrecht", "seed=1"])
    ['report.gemeente="Utrecht"', 'seed=1']
    """
    named = "gemeente="
    return [
        f"report.gemeente={_quoted(word.removeprefix(named))}" if word.startswith(named) else word
        for word in words
    ]


def report_words(words: Words) -> Words:
    """Return overrides of a report: a bare word is the folder of the run it is of.

    Parameters
    ----------
    words : list of str
        Words of the command line after that of the command.

    Returns
    -------
    list of str
        Overrides that Hydra understands.

    Examples
    --------
    >>> report_words(["runs/today", "gemeente=Utrecht"])
    ['report.run="runs/today"', 'report.gemeente="Utrecht"']
    """
    return gemeente_words(
        [word if "=" in word else f"report.run={_quoted(word)}" for word in words]
    )


def _quoted(text: str) -> str:
    """Return text in Hydra's quotes; quotes around it go, the one of 's-Gravenhage stays."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return json.dumps(text, ensure_ascii=False)


class Command(NamedTuple):
    """What there is to say of a command.

    Parameters
    ----------
    what : str
        What it does, in a line.
    examples : tuple of str
        Commands that show it.
    words : tuple of (str, str)
        Words it takes, and what each means.
    folders : str
        How folders of earlier runs are named in its usage; empty where it takes none.
    configured : bool
        Whether it takes overrides of the configuration.
    sweeps : bool
        Whether ``-m`` can run it for several values.
    overrides : callable
        Turns its own words into overrides.
    """

    what: str
    examples: tuple[str, ...]
    words: tuple[tuple[str, str], ...]
    folders: str = ""
    configured: bool = True
    sweeps: bool = True
    overrides: Callable[[Words], Words] = list


DATA = (
    ("data=demo|archive|cbs|table", "where figures come from (default: demo, made up)"),
    ("data.dir=PATH", "the folder of CBS tables; several: 'data.dir=[A,B]'"),
)
LEVEL = ("level=wijk|buurt", "the areas it is about (default: wijk)")
DOMAIN = ("domain=jeugd", "one domain; 'domain=[jeugd,wmo]' for two (default: all)")
FEATURES = ("features=plus_inkomen", "a feature set (default: demografie_wonen)")
MODEL = ("model=lightgbm", "one model beside the baselines (default: all)")
FOLDS = ("split.folds=10", "groups of gemeenten that are held out in turn (default: 5)")
TRACKING = ("tracking=off", "no MLflow")
RUN_DIR = ("run.dir=PATH", "where results go (default: a new folder under runs/)")

# what the help of the command line itself shows
USUAL = (*DATA, LEVEL, DOMAIN, FEATURES, MODEL, FOLDS, TRACKING, RUN_DIR)
EXAMPLES = (
    "risicomodel run",
    "risicomodel info data=archive data.dir=PATH",
    "risicomodel run data=archive data.dir=PATH",
)

COMMANDS: dict[str, Command] = {
    "run": Command(
        "every stage there is: figures, models, estimates, forecasts, explanations, a report",
        (
            "risicomodel run",
            "risicomodel run data=archive data.dir=PATH",
            "risicomodel run data=archive data.dir=PATH gemeente=Utrecht",
        ),
        (
            *DATA,
            ("gemeente=NAME", "a name or code: whose report to make (default: the largest)"),
            LEVEL,
            DOMAIN,
            FEATURES,
            MODEL,
            RUN_DIR,
        ),
        overrides=gemeente_words,
    ),
    "data": Command(
        "read or download the figures, build the panel, report on its quality",
        ("risicomodel data data=archive data.dir=PATH", "risicomodel data data=cbs"),
        (
            *DATA,
            ("data.offline=true", "with data=cbs: use what was downloaded, fetch nothing"),
            LEVEL,
            RUN_DIR,
        ),
    ),
    "train": Command(
        "figures and models: scores beside the baselines, a prediction for every wijk",
        (
            "risicomodel train domain=jeugd features=plus_inkomen",
            "risicomodel train -m features=demografie_wonen,plus_nabijheid",
        ),
        (
            *DATA,
            LEVEL,
            DOMAIN,
            FEATURES,
            MODEL,
            FOLDS,
            TRACKING,
            RUN_DIR,
        ),
    ),
    "explain": Command(
        "what every feature adds to what is expected of a wijk, and how sure that is",
        (
            "risicomodel explain data=archive data.dir=PATH",
            "risicomodel explain domain=wmo 'explain.years=[2019]'",
        ),
        (
            *DATA,
            LEVEL,
            DOMAIN,
            ("explain.years=[2019]", "years to explain (default: the newest ones)"),
            ("explain.refits=6", "refits that tell which contributions are stable; 0 for none"),
            ("explain.null_pass=0.1", "share of null features that may pass as stable"),
            RUN_DIR,
        ),
    ),
    "tune": Command(
        "search for better parameters, and score the search itself: nested, resumable",
        (
            "risicomodel tune domain=jeugd model=lightgbm tuning.trials=40",
            "risicomodel tune tuning.storage=postgresql+psycopg://USER@HOST/DATABASE",
        ),
        (
            *DATA,
            DOMAIN,
            MODEL,
            ("tuning.trials=40", "sets of parameters to try per study"),
            ("tuning.storage=ADDRESS", "a database that several machines tune in"),
            RUN_DIR,
        ),
    ),
    "forecast": Command(
        "one to five years ahead, with bands that earlier forecasts earned",
        (
            "risicomodel forecast data=archive data.dir=PATH",
            "risicomodel forecast forecast.origin=2019 forecast.horizon=2",
            "risicomodel forecast 'forecast.scenario=[\"65_plus +10%\"]'",
        ),
        (
            *DATA,
            DOMAIN,
            ("forecast.origin=YEAR", "the last year whose figures are used (default: newest)"),
            ("forecast.horizon=N", "years ahead (default: as far as the back-test supports)"),
            ("forecast.scenario=[…]", "what to change in drivers"),
            ("forecast.population=FILE", "an official population forecast per gemeente"),
            RUN_DIR,
        ),
    ),
    "report": Command(
        "pages on a gemeente and its wijken, from a finished run: no internet needed",
        (
            "risicomodel report gemeente=GM0363",
            "risicomodel report RUN_FOLDER gemeente=Amsterdam report.language=en",
            "risicomodel report gemeente=all run.dir=PATH",
        ),
        (
            ("RUN_FOLDER", "the run it is of (default: the newest, or a new one)"),
            ("gemeente=NAME", "a name or code, 'largest', or 'all' for every gemeente"),
            ("report.language=nl|en", "the language of the pages (default: nl)"),
            ("run.dir=PATH", "where the pages go (default: a new folder under runs/)"),
        ),
        folders="[RUN_FOLDER]",
        overrides=report_words,
    ),
    "verify": Command(
        "forecasts made earlier beside the figures that came out since",
        ("risicomodel verify RUN_FOLDER data=archive data.dir=PATH",),
        (("RUN_FOLDER", "the earlier run, with forecasts"), *DATA, RUN_DIR),
        folders="RUN_FOLDER",
        sweeps=False,
    ),
    "review": Command(
        "an evening with people who know the wijk: cards, screens, and what comes out",
        (
            "risicomodel review demo",
            "risicomodel review new gemeente=Utrecht",
            "risicomodel review serve FOLDER network=yes",
            "risicomodel review export FOLDER",
        ),
        (
            ("demo [RUN_FOLDER]", "made-up people play an evening on a run of the made-up country"),
            ("  minutes=3", "how long it takes, with screens to look along; 0 for at once"),
            ("new [RUN_FOLDER]", "make a round from a finished run (default: the newest)"),
            ("  gemeente=NAME", "a name or code"),
            ("  wijken=WK034401,…", "which to judge (default: the largest, at most 15)"),
            ("  people=inwoner:6,…", "how many cards of each role"),
            ("  form=NAME", "review (default), thermometer, or the path of a form of your own"),
            ("  local=PATH", "statements of your own beside those of a Thermometer"),
            ("  language=nl|en", "of the screens (default: nl)"),
            ("  keep_until=DATE", "until when answers are kept (default: a year)"),
            ("  address=URL", "how phones in the room reach it, for the cards"),
            ("  database=URL", "PostgreSQL instead of a file in the round's folder"),
            ("serve FOLDER", "open the round; network=yes for phones in the room, port=8000"),
            ("  contact=EMAIL", "who answers for the server, in the description of its interface"),
            ("paper FOLDER", "forms to print, a sheet per wijk: number=0417, phase=own_view"),
            ("workbook FOLDER", "a workbook to fill in at home: number=0417"),
            ("take-in FOLDER FILE…", "take in workbooks that came back (replace=yes: the newest)"),
            ("export FOLDER", "write what came out as tables"),
            ("publish FOLDER [RUN]", "put what may be published beside the run that was judged"),
            ("letter FOLDER", "write a letter to who took part"),
            ("verify FOLDER RUN", "say who was nearest, once the run has the year that was judged"),
            ("delete FOLDER", "remove a round and every answer"),
        ),
        folders="VERB [FOLDER]",
        configured=False,
        sweeps=False,
    ),
    "compare": Command(
        "the leaderboards of several runs beside each other",
        ("risicomodel compare", "risicomodel compare RUN_FOLDER RUN_FOLDER"),
        (("RUN_FOLDER", "a run, or its name under runs/ (default: all runs there)"),),
        folders="[RUN_FOLDER ...]",
        configured=False,
        sweeps=False,
    ),
    "info": Command(
        "what is in an archive: tables, years, wijken, figures, gaps",
        ("risicomodel info data=archive data.dir=PATH",),
        (*DATA, LEVEL, DOMAIN),
    ),
}
