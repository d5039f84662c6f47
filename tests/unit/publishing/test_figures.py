"""Which figures are small: what was counted, what is estimated, and what CBS left blank."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

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


def test_an_estimated_total_is_on_the_base_of_its_forecast() -> None:
    """Without a published total, people whose wijk CBS would not know belong to it all the same."""
    tables = whole_tables()
    cells = figures.cells(tables)
    nothing_hidden = pd.Series(False, index=cells.index)
    groups = cells.groupby(figures.BY_GEMEENTE)["clients"].sum()
    given = pd.Series(True, index=groups.index)
    totals = figures.of_gemeenten(tables, cells, given, nothing_hidden)
    estimated = totals[totals["source"] == "estimate"].set_index(figures.BY_GEMEENTE)["clients"]
    assert tables.unassigned is not None
    without = tables.unassigned.set_index(figures.BY_GEMEENTE)["clients"]
    expected = (groups + without.reindex(groups.index, fill_value=0)).reindex(estimated.index)
    assert without.reindex(estimated.index).gt(3).any()
    # within CBS's rounding
    assert (estimated - expected).abs().max() <= 5


def test_a_year_that_is_forecast_has_no_estimate_beside_it() -> None:
    """One figure of a place and year: the forecast, which knows the last figures too."""
    tables = whole_tables()
    last = int(tables.predictions["year"].max())
    keys = {"domain": ["wmo"], "year": [last], "wijk_code": ["WK000000"], "gm_code": ["GM0000"]}
    cells = figures.cells(replace(tables, forecasts=pd.DataFrame(keys)))
    before = figures.cells(replace(tables, forecasts=None))
    assert ((before["domain"] == "wmo") & (before["year"] == last)).any()
    assert not ((cells["domain"] == "wmo") & (cells["year"] == last)).any()
    others = before[(before["domain"] != "wmo") | (before["year"] != last)]
    assert len(cells) == len(others)
