"""What people of the wijk said of a run, as it was published beside it: checked again, then shown.

Fail closed: a round that is not as ``review publish`` wrote it is refused whole, so no page shows
it, and none says that nobody looked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from risicomodel.core import spreadsheets, storage
from risicomodel.core.errors import ContractError
from risicomodel.core.levels import AREA
from risicomodel.runs import contract
from risicomodel.runs.contract import published_rounds as rules

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.runs.contract import Table

HIDDEN = "hidden"
RATES = ["rate", "lower", "upper"]
KEY = [AREA, "domain"]
BY_ROUND = ["gm_code", "round_id"]
ROUNDS = [*BY_ROUND, "date", "people", "status"]
ESTIMATES = [*BY_ROUND, *KEY, "year", "verdict", "talked", "basis", *RATES]
CAUSES = [*BY_ROUND, *KEY, "feature"]
ACTIONS = [*BY_ROUND, AREA, "text", "owner", "due"]
# what a round says of itself, and of which type
MARK = {
    "round_id": str, "gm_code": str, "wijken": list, "talked": list, "years": dict, "date": str,
    "people": int, "run_sha256": str, "tables": dict,
}  # fmt: skip


@dataclass(frozen=True)
class PublishedRound:
    """A round as it lies beside a run, checked by itself.

    Parameters
    ----------
    mark : dict
        What it says of itself.
    tables : dict of str to DataFrame
        Its tables, as they are declared.
    """

    mark: dict[str, Any]
    tables: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Reviews:
    """What may be shown of the rounds on a run.

    Parameters
    ----------
    rounds, estimates, causes, actions : DataFrame
        As :class:`~risicomodel.publishing.disclosure.Shown` has them.
    """

    rounds: pd.DataFrame
    estimates: pd.DataFrame
    causes: pd.DataFrame
    actions: pd.DataFrame


def read(run: Path, record_hash: str) -> tuple[PublishedRound, ...]:
    """Read the rounds that were published beside a run.

    Parameters
    ----------
    run : Path
        Folder of a finished run.
    record_hash : str
        SHA-256 of its record: a round is about this run and no other.

    Raises
    ------
    ContractError
        Listing everything about them that is not as it was published.
    """
    folders = sorted(run.glob(f"{rules.FOLDER}/*/"))
    folders = [folder for folder in folders if not folder.name.startswith(".")]
    wrong: list[str] = []
    rounds = []
    for folder in folders:
        read_round, of_round = _read(folder, record_hash)
        wrong += [f"{folder}: {line}" for line in of_round]
        rounds += [read_round] if read_round is not None else []
    if wrong:
        raise ContractError(
            f"what people said of this run is not as it was published ({len(wrong)} violations); "
            "expected what 'risicomodel review publish' writes. Publish these rounds again, or "
            "remove their folders:",
            wrong,
        )
    return tuple(rounds)


def _read(folder: Path, record_hash: str) -> tuple[PublishedRound | None, list[str]]:
    """Return a round, or all that is wrong with it."""
    try:
        mark = json.loads((folder / rules.MARK).read_text(encoding="utf-8"))
        wrong = _of_mark(mark, folder, record_hash)
        if wrong:
            return None, wrong
        tables = {name: _table(folder, table) for name, table in rules.PUBLISHED.items()}
        for name, rows in tables.items():
            contract.check(rules.PUBLISHED[name], rows)
    except ContractError as error:
        return None, list(error.details) or [error.message]
    except (OSError, ValueError, TypeError, KeyError) as error:
        return None, [f"cannot be read ({type(error).__name__})"]
    hashes = {table.file: storage.sha256_file(folder / table.file) for table in _declared()}
    wrong = [
        f"{name} is not the one that was published"
        for name, value in hashes.items()
        if mark["tables"].get(name) != value
    ]
    return PublishedRound(mark, tables), [*wrong, *rules.violations(tables)]


def _declared() -> list[Table]:
    return list(rules.PUBLISHED.values())


def _of_mark(mark: Any, folder: Path, record_hash: str) -> list[str]:
    if not isinstance(mark, dict):
        return [f"{rules.MARK} is no record of a round"]
    wrong = [
        f"{rules.MARK}: no '{name}' of type {kind.__name__}"
        for name, kind in MARK.items()
        if not isinstance(mark.get(name), kind)
    ]
    if wrong:
        return wrong
    if not rules.ROUND_ID.fullmatch(mark["round_id"]) or folder.name != mark["round_id"]:
        wrong.append(f"{rules.MARK}: round_id is not the name of its folder")
    if mark["run_sha256"] != record_hash:
        wrong.append("it is about another run, or this run's record was changed")
    if mark["people"] < 0 or mark["people"] % rules.LEAST_PEOPLE:
        wrong.append(f"{rules.MARK}: people is not in steps of {rules.LEAST_PEOPLE}")
    try:
        date.fromisoformat(mark["date"])
    except ValueError:
        wrong.append(f"{rules.MARK}: date is no date")
    return wrong


def _table(folder: Path, table: Table) -> pd.DataFrame:
    """Return a table of a round; empty text stays text, an empty number has no value."""
    path = folder / table.file
    types = {column.name: column.dtype for column in table.columns}
    numbers = {name: [""] for name, kind in types.items() if kind not in {"str", "bool"}}
    rows = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=numbers)
    for name, kind in types.items():
        if kind == "str" and name in rows:
            rows[name] = rows[name].map(spreadsheets.unquoted).astype("str")
    return rows


def shown(
    rounds: tuple[PublishedRound, ...],
    *,
    wijken: pd.DataFrame,
    forecasts: pd.DataFrame | None,
    features: pd.DataFrame,
) -> Reviews:
    """Return what may be shown of the rounds on a run.

    What people think of need is shown only beside a forecast of the same wijk, domain and year that
    is shown itself: where the gate hides that, it hides this too.

    Parameters
    ----------
    rounds : tuple of PublishedRound
        From :func:`read`.
    wijken : DataFrame
        That are shown.
    forecasts : DataFrame or None
        That are shown.
    features : DataFrame
        Of the run.

    Raises
    ------
    ContractError
        If a round names a place or a feature that this run does not have.
    """
    frames: dict[str, list[pd.DataFrame]] = {"estimates": [], "causes": [], "actions": []}
    marks, wrong = [], []
    for one in rounds:
        wrong += _unknown(one, wijken, set(features["feature"]))
        about = {name: one.mark[name] for name in BY_ROUND}
        contested = one.tables["contested_drivers"]
        status = rules.together([*rules.statuses(contested, sorted(one.mark["years"])).values()])
        marks.append({**about, **{n: one.mark[n] for n in ("date", "people")}, "status": status})
        frames["estimates"].append(_estimates(one, forecasts).assign(**about))
        frames["causes"].append(contested[contested["contested"]].assign(**about))
        frames["actions"].append(one.tables["actions"].assign(**about))
    if wrong:
        raise ContractError(
            "a round that was published beside this run names what the run does not have; expected "
            "rounds on this run alone. Publish them again with 'risicomodel review publish', or "
            "remove their folders:",
            wrong,
        )
    return Reviews(
        pd.DataFrame(marks, columns=ROUNDS),
        *(
            _joined(frames[name], columns)
            for name, columns in (
                ("estimates", ESTIMATES),
                ("causes", CAUSES),
                ("actions", ACTIONS),
            )
        ),
    )


def _joined(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]


def _unknown(one: PublishedRound, wijken: pd.DataFrame, features: set[str]) -> list[str]:
    """Return places and features of a round that the run does not have."""
    here = set(wijken.loc[wijken["gm_code"].eq(one.mark["gm_code"]), AREA])
    judged = set(one.mark["wijken"])
    named = {code for rows in one.tables.values() if AREA in rows for code in rows[AREA]}
    years = {str(name): int(year) for name, year in one.mark["years"].items()}
    rows = one.tables["field_estimates"]
    other_year = rows["year"].ne(rows["domain"].map(years))
    round_id = one.mark["round_id"]
    lines = {
        "wijken that are not of its gemeente": judged - here,
        "wijken that it did not judge": (named | set(one.mark["talked"])) - judged,
        "years that it did not judge": set(rows.loc[other_year, "domain"]),
        "features": set(one.tables["contested_drivers"]["feature"]) - features,
    }
    return [f"{round_id}: {what}: {', '.join(sorted(x))}" for what, x in lines.items() if x]


def _estimates(one: PublishedRound, forecasts: pd.DataFrame | None) -> pd.DataFrame:
    """Return a row per wijk and domain: of the second judgement where that has a figure."""
    rows = one.tables["field_estimates"]
    rows = rows.assign(second=rows["phase"].eq("again"), empty=rows["rate"].isna())
    rows = rows.sort_values([*KEY, "empty", "second"], ascending=[True, True, True, False])
    rows = rows.drop_duplicates(KEY)
    rows["talked"] = rows[AREA].isin(one.mark["talked"])
    keys = [*KEY, "year"]
    beside = (
        forecasts if forecasts is not None else pd.DataFrame(columns=[*keys, "rate", "on_page"])
    )
    beside = beside[beside["rate"].notna() & beside["on_page"].astype("bool")]
    is_shown = rows.set_index(keys).index.isin(beside.set_index(keys).index)
    rows.loc[~is_shown, RATES] = np.nan
    rows.loc[~is_shown, "verdict"] = HIDDEN
    return rows
