"""What came out of a made-up round, as ``review export`` leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

CONTESTED = pd.DataFrame(
    {
        "wijk_code": ["WK900100", "WK900101", "WK900100", "WK900102"],
        "domain": ["wmo", "wmo", "jeugd", "jeugd"],
        "feature": ["woningwaarde", "woningwaarde", "aandeel_gescheiden", "aandeel_gescheiden"],
        "n": [6, 5, 6, None],
        "recognised": [1 / 6, 0.8, 0.5, None],
        "contested": [True, False, False, False],
    }
).astype({"n": "Int64"})
FIELD = pd.DataFrame(
    {
        "wijk_code": ["WK900100", "WK900101"], "domain": "wmo", "year": 2019, "phase": "again",
        "n": [6, None], "rate": [0.08, None], "lower": [0.07, None], "upper": [0.09, None],
        "basis": ["both", ""], "verdict": ["agree", "too_few"], "beside_model": ["within", ""],
    }
).astype({"n": "Int64"})  # fmt: skip
MISSING = pd.DataFrame(
    {"wijk_code": ["WK900100"], "place": [1], "text": ["De bus rijdt hier niet meer."]}
)


def round_folder(folder: Path) -> Path:
    """Write the tables of a round into a folder, and return it."""
    private = folder / "tables" / "not_for_print"
    private.mkdir(parents=True)
    CONTESTED.to_csv(folder / "tables" / "contested_drivers.csv", index=False)
    FIELD.to_csv(folder / "tables" / "field_estimates.csv", index=False)
    MISSING.to_csv(private / "missing_factors.csv", index=False)
    return folder
