"""Names for the types of arrays that the package computes with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.intp]  # positions of rows and columns, and counts
Texts = npt.NDArray[np.str_]
Objects = npt.NDArray[np.object_]  # of shapely, for instance
Labels = npt.NDArray[np.generic]  # of any type that can be compared
