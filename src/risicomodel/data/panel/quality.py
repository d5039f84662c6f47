"""What the panel has and what it lacks, as a tidy table that people can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import WIJK
from risicomodel.data.domains import status_column
from risicomodel.data.panel import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from risicomodel.core.levels import Level

COLUMNS = ["check", "subject", "year", "n", "of", "share", "note"]


def report(wijken: pd.DataFrame, domains: Iterable[str], level: Level = WIJK) -> pd.DataFrame:
    """Return the data-quality report.

    Parameters
    ----------
    wijken : DataFrame
        The panel.
    domains : iterable of str
        Domains with figures in it.
    level : Level
        Wijken or buurten.

    Returns
    -------
    DataFrame
        ``check``, ``subject``, ``year``, ``n``, ``of`` (wijken of the year), ``share``, ``note``.
        Checks: ``status:<status>`` per domain, ``feature_missing`` and ``feature_older`` per
        topic, ``place_changed`` (a code that means another area than the year before).
    """
    count = wijken.groupby("year").size()
    parts = [_statuses(wijken, domain) for domain in domains]
    parts += [
        _topic(wijken, topic) for topic in names.topics() if names.edition_column(topic) in wijken
    ]
    parts.append(_places(wijken).assign(subject=level.plural))
    table = pd.concat(parts, ignore_index=True)
    table["of"] = table["year"].map(count)
    table["share"] = table["n"] / table["of"]
    return table.sort_values(["check", "subject", "year"], ignore_index=True)[COLUMNS]


def _statuses(wijken: pd.DataFrame, domain: str) -> pd.DataFrame:
    counted = wijken.groupby(["year", status_column(domain)]).size().rename("n").reset_index()
    return counted.assign(
        check="status:" + counted[status_column(domain)], subject=domain, note=""
    ).drop(columns=status_column(domain))


def _topic(wijken: pd.DataFrame, topic: str) -> pd.DataFrame:

    edition = wijken[names.edition_column(topic)]
    missing = edition.isna().groupby(wijken["year"]).sum()
    older = (edition < wijken["year"]).fillna(value=False).groupby(wijken["year"]).sum()
    lag = (wijken["year"] - edition).groupby(wijken["year"]).max()
    notes = [f"up to {years} years old" if years else "" for years in lag.fillna(0)]
    frames = [
        pd.DataFrame({"year": n.index, "n": n.to_numpy(dtype="int64"), "check": check})
        for check, n in (("feature_missing", missing), ("feature_older", older))
    ]
    frames[1]["note"] = notes
    return pd.concat(frames, ignore_index=True).fillna({"note": ""}).assign(subject=topic)


def _places(wijken: pd.DataFrame) -> pd.DataFrame:

    rows = wijken.sort_values(["wijk_code", "year"])
    before = rows.groupby("wijk_code")["place_id"].shift()
    changed = (before.notna() & (before != rows["place_id"])).groupby(rows["year"]).sum()
    return pd.DataFrame(
        {
            "year": changed.index,
            "n": changed.to_numpy(dtype="int64"),
            "check": "place_changed",
            "note": "the code means another area than the year before",
        }
    )
