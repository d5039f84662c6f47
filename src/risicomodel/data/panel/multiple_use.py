"""Persons and households with any provision in the social domain, as CBS counts them per wijk.

Name: CBS, stapeling van voorzieningen sociaal domein. CBS counts everyone with one or more
provisions once, over more schemes than this project's domains: it is set beside them, and is
neither a feature nor a target.
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
TOTAL = "Totaal"  # of how many provisions, and of which
COLUMNS = [AREA, "year", "clients", "households"]
# counts come before rates, under the same name
STEMS = {"clients": "clientenmetvoorzieningen#1", "households": "huishoudensmetvoorzieningen#1"}


def read(archive: Archive) -> tuple[pd.DataFrame, list[Provenance]]:
    """Return ``wijk_code``, ``year``, ``clients`` and ``households``, and where they are from.

    Tables without both columns are passed over; a blank cell is NaN. Persons and households are
    rounded to multiples of 5.
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
    known = table.dropna(subset=["clients", "households"])
    return known.sort_values([AREA, "year"], ignore_index=True), records
