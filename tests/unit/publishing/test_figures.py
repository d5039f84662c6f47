"""Which figures are small: what was counted, what is estimated, and what CBS left blank."""

from __future__ import annotations

from dataclasses import replace

from risicomodel.publishing.disclosure import figures
from support.disclosure import whole_tables


def test_what_cbs_left_blank_is_small_whatever_is_estimated_of_it() -> None:
    """An estimate shared out over a total may be large; the count behind it was small."""
    tables = whole_tables()
    large = tables.predictions.assign(clients=50.0)
    cells = figures.cells(replace(tables, predictions=large))
    blank = cells["status"] == figures.SUPPRESSED
    assert blank.any()
    assert cells.loc[blank, "small"].all()
    counted = cells["published"] >= 10
    assert not cells.loc[counted & (cells["population"] > 1_000), "small"].any()
