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
from risicomodel.runs import FinishedRun, contract

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.runs.contract import Table

NEEDED = (
    contract.PANEL, contract.GEMEENTEN, contract.PREDICTIONS, contract.ADDING_UP, contract.FEATURES,
)  # fmt: skip
# tables that say how good the model is; they are of the country, and hold no figure of a wijk
ABOUT_MODEL = (
    contract.SCORES, contract.LEADERBOARD, contract.CALIBRATION, contract.FORECAST_SCORES,
    contract.FORECAST_BANDS, contract.IMPORTANCE, contract.INTERACTIONS, contract.QUALITY,
    contract.FEATURES,
)  # fmt: skip
# contributions of declared features with their contexts, else of every column
EXPLAINED = (contract.EXPLANATION_FEATURES, contract.EXPLANATIONS)
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
    ContractError
        If the run was made under another contract of tables.
    """
    run = _open(folder)
    declared = run.record["configuration"]["domains"]
    panel = run.read(contract.PANEL)
    last = int(panel["year"].max())
    champion = [("champion", "==", True)]
    of_last = [("year", ">=", last - YEARS_TOLD)]
    forecasts = _first(run, contract.FORECASTS, filters=champion)
    return Tables(
        record=run.record,
        domains={name: Domain(**fields) for name, fields in sorted(declared.items())},
        panel=panel,
        gemeenten=run.read(contract.GEMEENTEN),
        predictions=run.read(contract.PREDICTIONS, columns=PREDICTED, filters=champion),
        outlines=_first(run, contract.OUTLINES),
        forecasts=forecasts,
        forecast_sums=_first(run, contract.FORECAST_SUMS),
        stacking=_first(run, contract.STACKING),
        explanations=_first(run, *EXPLAINED, filters=of_last),
        dependence=_first(run, contract.DEPENDENCE),
        similar=_first(run, contract.SIMILAR),
        about=_about(run, forecasts),
    )


def _about(run: FinishedRun, forecasts: pd.DataFrame | None) -> About:
    record = run.record
    ahead = {} if forecasts is None else dict(forecasts.groupby("domain")["model"].first())
    kept = ("subject", "period", "table", "licence")
    return About(
        tables={table.name: run.read(table) for table in ABOUT_MODEL if run.has(table)},
        champions=dict(sorted(record.get("champions", {}).items())),
        forecasters={str(domain): str(model) for domain, model in ahead.items()},
        sources=[{name: source.get(name, "") for name in kept} for source in record["inputs"]],
        justification=record.get("justification") or "",
        seed=int(record["seed"]),
        commit=record.get("git_commit") or "",
    )


def _open(folder: Path) -> FinishedRun:
    run = runs.finished(folder)
    run.require(*NEEDED)
    if run.level != WIJK:
        raise ConfigError(
            f"the run in {folder} is of level {run.level.name}; reports are of wijken. Make a run "
            "with level=wijk, or name another."
        )
    return run


def _first(run: FinishedRun, *tables: Table, **how: Any) -> pd.DataFrame | None:
    """Return the first of these tables that the run has; None where it has none."""
    return next((run.read(table, **how) for table in tables if run.has(table)), None)
