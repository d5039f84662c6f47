"""Persons and households with any provision in the social domain, as CBS counts them per wijk.

Name: CBS, stapeling van voorzieningen sociaal domein. CBS counts everyone with one or more
provisions once, over more schemes than this project's domains. The figures are shown beside the
domains, and are neither a feature nor a target.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import AREA, WIJK
from risicomodel.data.sources import formats

if TYPE_CHECKING:
    from risicomodel.data.sources.archive import Archive
    from risicomodel.data.sources.provenance import Provenance

SUBJECT = "stapeling"
TOTAL = "Totaal"  # over numbers and kinds of provisions
COLUMNS = [AREA, "year", "clients", "households"]
# counts come before rates of the same name
STEMS = {"clients": "clientenmetvoorzieningen#1", "households": "huishoudensmetvoorzieningen#1"}


def read(archive: Archive) -> tuple[pd.DataFrame, list[Provenance]]:
    """Return persons and households with any provision, and the files they are from.

    Tables without both columns are skipped, and so are wijken with a blank cell.

    Parameters
    ----------
    archive : Archive
        The tables of CBS.

    Returns
    -------
    DataFrame
        ``wijk_code``, ``year``, ``clients`` (persons) and ``households``, multiples of 5.
    list of Provenance
        One for each file that was read.
    """
    parts, records = [], []
    for year, ref in sorted(archive.years(SUBJECT).items()):
        rows, record = archive.read(ref, (TOTAL,))
        rows = rows[WIJK.holds(rows["code"])]
        if not {*STEMS.values()} <= {*rows.columns}:
            continue
        counts = {
            name: formats.to_number(rows[stem], where=f"{ref.path.name}, column '{stem}'")
            for name, stem in STEMS.items()
        }
        parts.append(pd.DataFrame({AREA: rows["code"], "year": year, **counts}))
        records.append(record)
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    complete = table.dropna(subset=["clients", "households"])
    return complete.sort_values([AREA, "year"], ignore_index=True), records
