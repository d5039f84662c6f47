"""The tables of a finished run before anything is hidden: nothing outside this room may read them.

Tables that a run does not have are None.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel import runs
from risicomodel.core import storage
from risicomodel.core.errors import ConfigError
from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.domains import Domain, own_column
from risicomodel.publishing.disclosure import reviews
from risicomodel.publishing.disclosure.shown import About, ModelTables
from risicomodel.runs import FinishedRun, contract

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.publishing.disclosure.reviews import PublishedRound
    from risicomodel.runs.contract import Table

NEEDED = (
    contract.PANEL, contract.GEMEENTEN, contract.PREDICTIONS, contract.ADDING_UP, contract.FEATURES,
)  # fmt: skip
# tables that say how good the model is; they are of the country, and hold no figure of a place.
# ModelTables has a field of each one's name
ABOUT_MODEL = (
    contract.SCORES, contract.LEADERBOARD, contract.CALIBRATION, contract.FORECAST_SCORES,
    contract.FORECAST_BANDS, contract.IMPORTANCE, contract.INTERACTIONS, contract.QUALITY,
    contract.STABILITY,
)  # fmt: skip
# contributions of declared features with their contexts, else of every column
EXPLANATIONS = (contract.EXPLANATION_FEATURES, contract.EXPLANATIONS)
RECENT = 3  # years before the newest that a page may still be about
PREDICTED = [
    "domain", AREA, "year", "kind", "rate", "lower", "upper", "clients", "population", "basis",
]  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """What a run left, before anything is hidden.

    Parameters
    ----------
    about : About
        The run and its models as a whole.
    panel, gemeenten, predictions : DataFrame
        As the run wrote them; of predictions the champion's.
    unassigned, outlines, forecasts, forecast_sums, stacking, explanations, dependence : DataFrame
        None where the run has none; of ``unassigned`` the champion's.
    similar : DataFrame
        Likewise.
    rounds : tuple of PublishedRound
        What people said of the run.
    """

    about: About
    panel: pd.DataFrame
    gemeenten: pd.DataFrame
    predictions: pd.DataFrame
    unassigned: pd.DataFrame | None
    outlines: pd.DataFrame | None
    forecasts: pd.DataFrame | None
    forecast_sums: pd.DataFrame | None
    stacking: pd.DataFrame | None
    explanations: pd.DataFrame | None
    dependence: pd.DataFrame | None
    similar: pd.DataFrame | None
    rounds: tuple[PublishedRound, ...] = ()

    @property
    def domains(self) -> dict[str, Domain]:
        """The domains as the run declared them."""
        return self.about.domains

    @cached_property
    def newest(self) -> pd.DataFrame:
        """The panel's rows of its newest year; of a gemeente it lacks then, of the newest it has.

        A gemeente that the newest year lacks is one of today if there are forecasts of it.
        """
        last = self.panel[self.panel["year"] == self.about.last_year]
        if self.forecasts is None:
            return last
        today = set(self.forecasts["gm_code"]) - set(last["gm_code"])
        rows = self.panel[self.panel["gm_code"].isin(today)]
        newest = rows["year"] == rows.groupby("gm_code")["year"].transform("max")
        return pd.concat([last, rows[newest]], ignore_index=True)


def read(folder: Path) -> Tables:
    """Read a run's tables.

    Parameters
    ----------
    folder : Path
        Of a finished run.

    Raises
    ------
    ConfigError
        If the folder is no finished run of wijken with estimates.
    ContractError
        If the run was made under another contract of tables.
    """
    run = _open(folder)
    panel = run.read(contract.PANEL)
    champion = [("champion", "==", True)]
    recent = [("year", ">=", int(panel["year"].max()) - RECENT)]
    forecasts = _first(run, contract.FORECASTS, filters=champion)
    unassigned = _first(run, contract.UNASSIGNED)
    about = _about(run, panel, forecasts)
    return Tables(
        about=about,
        panel=panel,
        gemeenten=run.read(contract.GEMEENTEN),
        predictions=run.read(contract.PREDICTIONS, columns=PREDICTED, filters=champion),
        unassigned=None if unassigned is None else unassigned[unassigned["champion"]],
        outlines=_first(run, contract.OUTLINES),
        forecasts=forecasts,
        forecast_sums=_first(run, contract.FORECAST_SUMS),
        stacking=_first(run, contract.STACKING),
        explanations=_first(run, *EXPLANATIONS, filters=recent),
        dependence=_first(run, contract.DEPENDENCE),
        similar=_first(run, contract.SIMILAR),
        rounds=reviews.read(folder, about.record_hash),
    )


def _about(run: FinishedRun, panel: pd.DataFrame, forecasts: pd.DataFrame | None) -> About:
    record = run.record
    configuration = record["configuration"]
    ahead = {} if forecasts is None else dict(forecasts.groupby("domain")["model"].first())
    kept = ("subject", "period", "table", "licence")
    features = configuration["features"]["define"]
    made_up = configuration["data"]["source"] == "demo"
    return About(
        domains={
            name: Domain(**fields) for name, fields in sorted(configuration["domains"].items())
        },
        made_up=made_up,
        demo=dict(configuration["data"]["demo"]) if made_up else {},
        own_figures=_own_years(panel, sorted(configuration["domains"])),
        first_year=int(panel["year"].min()),
        last_year=int(panel["year"].max()),
        tables=ModelTables(
            features=run.read(contract.FEATURES),
            **{table.name: _first(run, table) for table in ABOUT_MODEL},
        ),
        champions=dict(sorted(record.get("champions", {}).items())),
        forecasters={str(domain): str(model) for domain, model in ahead.items()},
        sources=[{name: source.get(name, "") for name in kept} for source in record["inputs"]],
        centred={name for name, feature in features.items() if feature.get("centre")},
        justification=record.get("justification") or "",
        seed=int(record["seed"]),
        commit=record.get("git_commit") or "",
        started=record["started"],
        record_hash=storage.sha256_file(run.folder / runs.RECORD),
    )


def _own_years(panel: pd.DataFrame, domains: list[str]) -> dict[str, tuple[int, int]]:
    """Return the first and last year of a gemeente's own figures, per domain that has any."""
    columns = {name: own_column(name) for name in domains if own_column(name) in panel}
    years = {name: panel.loc[panel[column], "year"] for name, column in columns.items()}
    return {name: (int(of.min()), int(of.max())) for name, of in years.items() if len(of)}


def _open(folder: Path) -> FinishedRun:
    run = runs.finished(folder)
    run.require(*NEEDED)
    if run.level != WIJK:
        raise ConfigError(
            f"the run in {folder} is of level {run.level.name}; expected one of level {WIJK.name}. "
            f"Make a run with level={WIJK.name}, or name another."
        )
    return run


def _first(run: FinishedRun, *tables: Table, **options: Any) -> pd.DataFrame | None:
    """Return the first of these tables that the run has; None where it has none."""
    return next((run.read(table, **options) for table in tables if run.has(table)), None)
