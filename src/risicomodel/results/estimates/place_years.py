"""Convert rows of the panel to arrays of shape (places, years) and back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats, Ints


class PlaceYearGrid:
    """Rows laid out by place and year.

    Parameters
    ----------
    places : Series
        What is followed through the years: a wijk's ``place_id``, or a ``gm_code``; one value per
        row, no two rows with the same place and year.
    years : Series of int
        Calendar year of every row.
    """

    def __init__(self, places: pd.Series, years: pd.Series) -> None:
        codes, names = pd.factorize(places)
        self.place: Ints = codes.astype("intp")
        self.year: Ints = (years - int(years.min())).to_numpy(dtype="intp")
        self.shape = (len(names), int(self.year.max()) + 1)

    def table(self, values: Floats, fill: float = float("nan")) -> Floats:
        """Return one value per row as an array of shape (places, years)."""
        out = np.full(self.shape, fill)
        out[self.place, self.year] = values
        return out

    def rows(self, table: Floats) -> Floats:
        """Return the values of an array of shape (places, years), one per row."""
        values: Floats = table[self.place, self.year]
        return values

    def count(self, table: Floats) -> Floats:
        """Return for every place and year how many values the place has in all years."""
        counts = np.isfinite(table).sum(axis=1, keepdims=True)
        return np.broadcast_to(counts, table.shape).astype("float64")
