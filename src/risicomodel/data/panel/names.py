"""Canonical names of the KWB columns, whatever the year's suffix, stem or product.

They are declared in ``columns.csv``: name, topic, unit, Dutch label, the stems used in OData and
lower-cased files (``|`` between them, ``#2`` for the second of its name), and the codes used in
Excel. What the panel itself adds (topic ``ligging``) has no other names.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from risicomodel.data.sources import formats, layout

# Years between a topic's edition and its publication. Figures of edition 2019 on housing are
# published in 2020; income later still. A forecast may use only what was published at its origin.
RELEASE_LAG = {
    "bevolking": 0,
    "ligging": 0,
    "herkomst": 0,
    "huishoudens": 0,
    "oppervlakte": 0,
    "stedelijkheid": 0,
    "motorvoertuigen": 0,
    "bedrijven": 0,
    "postcode": 0,
    "wonen": 1,
    "energie": 1,
    "voorzieningen": 1,
    "geboorte_sterfte": 1,
    "uitkeringen": 1,
    "veiligheid": 1,
    "arbeid": 2,
    "opleiding": 2,
    "inkomen": 2,
    "zorg": 2,
}


@dataclass(frozen=True)
class KwbColumn:
    """A KWB column.

    Parameters
    ----------
    name, topic : str
        Canonical name, and the topic that it is published with.
    unit, label : str
        Unit of its values, and its label in Dutch.
    aliases : tuple of str
        Names used in files of CBS, in order of preference.
    """

    name: str
    topic: str
    unit: str
    label: str
    aliases: tuple[str, ...]


@cache
def columns() -> dict[str, KwbColumn]:
    """Return every declared KWB column by its canonical name."""
    with (Path(__file__).with_name("columns.csv")).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    out = {}
    for row in rows:
        excel = [layout.stem(code) for code in row["excel"].split("|") if code]
        stems = [stem for stem in row["stems"].split("|") if stem]
        aliases = (*stems, *excel)
        out[row["name"]] = KwbColumn(row["name"], row["topic"], row["unit"], row["label"], aliases)
    return out


def edition_column(topic: str) -> str:
    """Return the name of the column with the year of a topic's edition.

    Parameters
    ----------
    topic : str
        A topic of ``columns.csv``.

    Returns
    -------
    str

    Examples
    --------
    >>> edition_column("inkomen")
    'inkomen_year'
    """
    return f"{topic}_year"


def topics() -> dict[str, list[str]]:
    """Return the columns of every topic that holds numbers."""
    out: dict[str, list[str]] = {}
    for column in columns().values():
        if column.topic != "postcode":
            out.setdefault(column.topic, []).append(column.name)
    return out


def canonical(rows: pd.DataFrame, *, where: str) -> pd.DataFrame:
    """Return the numeric KWB columns present in ``rows`` under their canonical names.

    Parameters
    ----------
    rows : DataFrame
        As :func:`risicomodel.data.sources.layout.area_rows` gives it.
    where : str
        The file, for messages.

    Returns
    -------
    DataFrame of float64
        On the index of ``rows``; NaN where CBS gives no figure.
    """
    numbers = {}
    for column in columns().values():
        if column.topic == "postcode":
            continue
        present = [alias for alias in column.aliases if alias in rows.columns]
        if present:
            numbers[column.name] = formats.to_number(
                rows[present[0]], where=f"{where}, column '{column.name}'"
            )
    return pd.DataFrame(numbers, index=rows.index)


def unknown(rows: pd.DataFrame) -> list[str]:
    """Return the columns of a KWB table for which no canonical name is declared.

    Parameters
    ----------
    rows : DataFrame
        As :func:`risicomodel.data.sources.layout.area_rows` gives it.

    Returns
    -------
    list of str
    """
    declared = {alias for column in columns().values() for alias in column.aliases}
    return [c for c in rows.columns if c not in declared and c not in layout.REGION_COLUMNS]
