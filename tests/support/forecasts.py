"""A small run that forecasts, made once, and the words it is made with."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from support.running import OFF, shared, well

if TYPE_CHECKING:
    from pathlib import Path

# six made-up years: origins 2014 to 2017 are tested, 2018 is forecast from
YEARS = ("data.demo.gemeenten=25", "data.demo.wijken=220", "data.demo.first_year=2013")
MADE = (*YEARS, "data.demo.last_year=2018", *OFF, "model=glm")
TWO = (*MADE, "domain=[wmo,jeugd]")
ONE = (*MADE, "domain=wmo")


@functools.cache
def forecast_run() -> Path:
    """Return the folder of a run with forecasts of two domains, for reading only."""
    return shared("forecast", lambda folder: well("forecast", *TWO, f"run.dir={folder}"))
