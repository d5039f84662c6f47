"""The small made-up country that most tests read, and one problem in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from risicomodel.data import features
from risicomodel.demo import DemoSettings
from risicomodel.learning.problem import build_problems

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.app.settings import Settings
    from risicomodel.learning.problem import Problem

SMALL = DemoSettings(gemeenten=25, wijken=220, first_year=2016, last_year=2018)


def posed(wijken: pd.DataFrame, chosen: Settings, domain: str = "wmo") -> Problem:
    """Pose one domain's problem as a run does."""
    usable = features.usable(chosen.features, domain, chosen.domains[domain])
    return build_problems(wijken, {domain: usable}, chosen.features, 100)[0]
