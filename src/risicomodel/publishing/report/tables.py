"""The tables of a finished run, as a report reads them; those that are missing are None.

Nothing but :mod:`disclosure` may read what is here; every page is made of what that gives back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel import runs
from risicomodel.core.errors import ConfigError
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.domains import Domain

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = (
    "panel.parquet", "gemeenten.parquet", "predictions.parquet", "adding_up.csv", "features.csv",
)  # fmt: skip
# tables that say how good the model is; they are of the country, and hold no figure of a wijk
ABOUT_MODEL = ("scores", "leaderboard", "calibration", "forecast_scores", "forecast_bands",
               "importance", "interactions", "quality", "features")  # fmt: skip
# contributions of declared features with their contexts, else of every column
EXPLAINED = ("explanation_features.parquet", "explanations.parquet")
YEARS_TOLD = 3  # how far before the newest year a domain may be told of
PREDICTED = [
    "domain", AREA, "year", "kind", "rate", "lower", "upper", "clients", "population", "basis",
]  # fmt: skip


@dataclass(frozen=True)
class About:
    """What there is to say of a run and its models as a whole: no figure of a place is in it.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Those of :data:`ABOUT_MODEL` that the run has.
    champions, forecasters : dict of str to str
        Model per domain, of what is expected and of forecasts.
    sources : list of dict
        ``subject``, ``period``, ``table`` and ``licence`` of every table that was read.
    justification : str
        Why sensitive features were used; empty where none were.
    seed : int
        What chance was drawn from.
    commit : str
        Of the code; empty where it is not known.
    """

    tables: dict[str, pd.DataFrame]
    champions: dict[str, str]
    forecasters: dict[str, str]
    sources: list[dict[str, Any]]
    justification: str
    seed: int
    commit: str


@dataclass(frozen=True)
class Tables:
    """What a run left, before anything is held back.

    Parameters
    ----------
    record : dict
        ``run.json``.
    domains : dict of str to Domain
        As the run declared them.
    panel, gemeenten, predictions : DataFrame
        As the run wrote them; of predictions the champion's.
    outlines, forecasts, forecast_sums, stacking, explanations, dependence, similar : DataFrame
        None where the run has none.
    about : About
        The run and its models as a whole.
    """

    record: dict[str, Any]
    domains: dict[str, Domain]
    panel: pd.DataFrame
    gemeenten: pd.DataFrame
    predictions: pd.DataFrame
    outlines: pd.DataFrame | None
    forecasts: pd.DataFrame | None
    forecast_sums: pd.DataFrame | None
    stacking: pd.DataFrame | None
    explanations: pd.DataFrame | None
    dependence: pd.DataFrame | None
    similar: pd.DataFrame | None
    about: About

    @property
    def made_up(self) -> bool:
        """Whether the figures are the demo's."""
        return bool(self.record["configuration"]["data"]["source"] == "demo")

    @property
    def last_year(self) -> int:
        """The newest year of the panel."""
        return int(self.panel["year"].max())


def read(folder: Path) -> Tables:
    """Read a run's tables.

    Raises
    ------
    ConfigError
        If the folder is no finished run on wijken with estimates.
    """
    record = _record(folder)
    declared = record["configuration"]["domains"]
    panel = _table(folder, "panel.parquet")
    last = int(panel["year"].max())
    champion = [("champion", "==", True)]
    of_last = [("year", ">=", last - YEARS_TOLD)]
    forecasts = _optional(folder, "forecasts.parquet", filters=champion)
    return Tables(
        record=record,
        domains={name: Domain(**fields) for name, fields in sorted(declared.items())},
        panel=panel,
        gemeenten=_table(folder, "gemeenten.parquet"),
        predictions=_table(folder, "predictions.parquet", columns=PREDICTED, filters=champion),
        outlines=_optional(folder, "outlines.parquet"),
        forecasts=forecasts,
        forecast_sums=_optional(folder, "forecast_sums.csv"),
        stacking=_optional(folder, "stacking.parquet"),
        explanations=_first(folder, EXPLAINED, filters=of_last),
        dependence=_optional(folder, "dependence.csv"),
        similar=_optional(folder, "similar.csv"),
        about=_about(folder, record, forecasts),
    )


def _about(folder: Path, record: dict[str, Any], forecasts: pd.DataFrame | None) -> About:
    found = {name: _optional(folder, f"{name}.csv") for name in ABOUT_MODEL}
    ahead = {} if forecasts is None else dict(forecasts.groupby("domain")["model"].first())
    kept = ("subject", "period", "table", "licence")
    return About(
        tables={name: table for name, table in found.items() if table is not None},
        champions=dict(sorted(record.get("champions", {}).items())),
        forecasters={str(domain): str(model) for domain, model in ahead.items()},
        sources=[{name: source.get(name, "") for name in kept} for source in record["inputs"]],
        justification=record.get("justification") or "",
        seed=int(record["seed"]),
        commit=record.get("git_commit") or "",
    )


def _record(folder: Path) -> dict[str, Any]:
    if not (folder / runs.RECORD).is_file():
        raise ConfigError(
            f"{folder} is not a finished run ({runs.RECORD} is not in it); allowed is the folder "
            "of one. Make one with 'risicomodel run', or name another."
        )
    lacking = [name for name in NEEDED if not (folder / name).is_file()]
    if lacking:
        raise ConfigError(
            f"the run in {folder} has no {', '.join(lacking)}; a report is made of a run with "
            "estimates. Make one with 'risicomodel run', or name another."
        )
    record = runs.read_record(folder)
    level = record["configuration"].get("level", WIJK.name)
    if level != WIJK.name:
        raise ConfigError(
            f"the run in {folder} is of level {level}; reports are of wijken. Make a run with "
            "level=wijk, or name another."
        )
    return record


def _first(folder: Path, names: tuple[str, ...], **how: Any) -> pd.DataFrame | None:
    """Return the first of a run's tables that is there."""
    return next((_table(folder, name, **how) for name in names if (folder / name).is_file()), None)


def _optional(folder: Path, name: str, **how: Any) -> pd.DataFrame | None:
    return _table(folder, name, **how) if (folder / name).is_file() else None


def _table(folder: Path, name: str, **how: Any) -> pd.DataFrame:

    if name.endswith(".parquet"):
        return pd.read_parquet(folder / name, **how)
    # codes are text, also where a table has nothing else in the column
    codes = dict.fromkeys(("code", AREA, "gm_code", "similar_code"), "str")
    return pd.read_csv(folder / name, dtype=codes)
