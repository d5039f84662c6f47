"""A made-up evening: who sits at the table, what each knows of the wijken, and what is true.

The people are data: a role, how far a person's picture is off and in which direction, how sure, and
how far talking moves it. What plays them is ``risicomodel review demo``. The truth is that of the
made-up country, a year on from its last one: level, gemeente, wijk and year move by the very
process that made the years before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from risicomodel.core.arrays import Floats
from risicomodel.demo.truth import DOMAINS, YEARLY_SD, YEARS_ALIKE
from risicomodel.demo.world import World, make_world

if TYPE_CHECKING:
    from risicomodel.demo.settings import DemoSettings

ELDERLY = "k_65_jaar_of_ouder"
YEAR_AHEAD = 1  # the stream of what comes after the last year, apart from those of the country


class MadeUpPerson(NamedTuple):
    """Someone at the table.

    Parameters
    ----------
    role : str
        Key of the form's role.
    bias : float
        By which factor the person sees more (or fewer) people in need than there are.
    noise : float
        Standard deviation of the person's picture of one wijk, on the log rate.
    sure : int
        How many of 100 ranges should hold, as the person says.
    moves : float
        How far towards the table's middle talking moves the picture (0–1).
    knows : float
        Share of the wijken that the person knows.
    """

    role: str
    bias: float
    noise: float
    sure: int
    moves: float
    knows: float


PEOPLE = (
    MadeUpPerson("inwoner", 1.15, 0.20, 70, 0.5, 0.8),
    MadeUpPerson("inwoner", 1.00, 0.25, 70, 0.6, 0.7),
    MadeUpPerson("inwoner", 0.90, 0.25, 70, 0.4, 0.8),
    MadeUpPerson("inwoner", 1.10, 0.30, 70, 0.7, 0.6),
    MadeUpPerson("inwoner", 1.00, 0.20, 70, 0.3, 0.9),
    MadeUpPerson("wijkteam", 1.10, 0.12, 80, 0.4, 1.0),
    MadeUpPerson("wijkteam", 1.05, 0.15, 70, 0.5, 1.0),
    MadeUpPerson("wijkteam", 1.15, 0.15, 80, 0.3, 0.9),
    MadeUpPerson("aanbieder", 1.20, 0.15, 90, 0.2, 0.9),
    MadeUpPerson("aanbieder", 1.10, 0.20, 60, 0.5, 0.8),
    MadeUpPerson("wijkagent", 1.05, 0.25, 70, 0.4, 1.0),
    MadeUpPerson("beleid", 0.95, 0.12, 80, 0.5, 1.0),
)
# of ten coins, what a role tends to lay: prevent, light, tailored, housing, places
COINS: dict[str, tuple[float, ...]] = {
    "inwoner": (0.25, 0.15, 0.10, 0.20, 0.30),
    "wijkteam": (0.30, 0.35, 0.15, 0.10, 0.10),
    "aanbieder": (0.15, 0.20, 0.45, 0.10, 0.10),
    "wijkagent": (0.25, 0.15, 0.20, 0.25, 0.15),
    "beleid": (0.40, 0.25, 0.10, 0.15, 0.10),
}
RECOGNISES = {True: (0.75, 0.15, 0.10), False: (0.10, 0.20, 0.70)}  # yes, little, no
MISSING = {
    "nl": (
        "Veel mensen helpen hun buren al. Dat telt niemand.",
        "De bus rijdt hier niet meer.",
        "Er komen veel nieuwe huizen bij.",
        "Mensen weten niet waar zij hulp kunnen vragen.",
        "Het buurthuis is dicht.",
    ),
    "en": (
        "Many people help their neighbours. Nobody counts that.",
        "The bus does not stop here any more.",
        "Many new homes are being built.",
        "People do not know where to ask for help.",
        "The community centre has closed.",
    ),
}
AGREED = {
    "nl": (
        ("Elke week een open inloop in het buurthuis", "wijkteam"),
        ("Samen langs bij ouderen die alleen wonen", "aanbieder"),
        ("Een vast aanspreekpunt op school", "beleid"),
        ("Een keer per maand samen eten", "inwoner"),
        ("Hulp bij brieven en schulden, op dinsdag", "wijkteam"),
    ),
    "en": (
        ("An open hour in the community centre every week", "wijkteam"),
        ("Visit older people who live alone, together", "aanbieder"),
        ("One person to turn to at school", "beleid"),
        ("A meal together once a month", "inwoner"),
        ("Help with letters and debts, on Tuesdays", "wijkteam"),
    ),
}
NOT_DONE = {
    "nl": "Wij openen geen nieuw buurthuis. Daar is dit jaar geen geld voor.",
    "en": "We open no new community centre. There is no money for it this year.",
}


@dataclass(frozen=True)
class YearAhead:
    """What is true in the year after the country's last one.

    Parameters
    ----------
    year : int
        Which year that is.
    wijken : DataFrame
        ``wijk_code``, ``gm_code``, ``domain``, ``at_risk`` (persons), ``rate`` (0–1; true) and
        ``clients`` (persons; a count that was drawn).
    drivers : dict of str to frozenset of str
        By domain, the features that truly drive the rate.
    elderly : dict of str to int
        By gemeente, how many of 100 inhabitants are 65 or older.
    """

    year: int
    wijken: pd.DataFrame
    drivers: dict[str, frozenset[str]]
    elderly: dict[str, int]

    def rates(self) -> dict[str, float]:
        """Return the true rates by ``wijk/domain``."""
        names = self.wijken["wijk_code"] + "/" + self.wijken["domain"]
        return dict(zip(names, self.wijken["rate"].astype(float), strict=True))

    def of_gemeente(self, gm_code: str) -> dict[str, float]:
        """Return a gemeente's true rate by domain: that of its wijken together.

        Parameters
        ----------
        gm_code : str
            Of the made-up country.
        """
        rows = self.wijken[self.wijken["gm_code"] == gm_code]
        clients = (rows["rate"] * rows["at_risk"]).groupby(rows["domain"]).sum()
        shares = clients / rows["at_risk"].groupby(rows["domain"]).sum()
        return {str(domain): float(share) for domain, share in shares.items()}


def year_ahead(settings: DemoSettings) -> YearAhead:
    """Return what is true in the year after the last one.

    Parameters
    ----------
    settings : DemoSettings
        Of the country.

    Returns
    -------
    YearAhead

    Examples
    --------
    >>> from risicomodel.demo.settings import DemoSettings
    >>> small = DemoSettings(gemeenten=12, wijken=60, first_year=2018, last_year=2020)
    >>> ahead = year_ahead(small)
    >>> ahead.year, sorted(ahead.drivers["bijstand"])[:2]
    (2021, ['aandeel_gescheiden', 'corporatiewoningen'])
    """
    world = make_world(settings)
    last = world.areas[-1]
    gemeenten = [f"GM{code[2:6]}" for code in last.codes]
    parts = []
    for place, name in enumerate(DOMAINS):
        rng = np.random.default_rng([settings.seed, YEAR_AHEAD, place])
        rate = _rate_ahead(rng, world, name)
        at_risk = world.truth[name].at_risk[-1]
        parts.append(
            pd.DataFrame(
                {
                    "wijk_code": last.codes, "gm_code": gemeenten, "domain": name,
                    "at_risk": at_risk, "rate": rate, "clients": rng.poisson(rate * at_risk),
                }
            )
        )  # fmt: skip
    drivers = {
        name: frozenset(driver.feature for driver in domain.drivers)
        for name, domain in DOMAINS.items()
    }
    return YearAhead(
        settings.last_year + 1, pd.concat(parts, ignore_index=True), drivers,
        _elderly(world, gemeenten),
    )  # fmt: skip


def _rate_ahead(rng: np.random.Generator, world: World, name: str) -> Floats:
    """Return the true rates a year on: the level grows on, gemeente and year are drawn."""
    domain, truth = DOMAINS[name], world.truth[name]
    level = truth.parts["level"][:, 0]
    growth = float(np.mean(np.diff(level))) if len(level) > 1 else 0.0
    gm = world.areas[-1].gm
    fresh = rng.normal(0, domain.gemeente_sd * np.sqrt(1 - YEARS_ALIKE**2), int(gm.max()) + 1)
    effect = truth.parts["gemeente_effect"][-1]
    moved = YEARS_ALIKE * effect + fresh[gm] - effect
    year = rng.normal(0, YEARLY_SD, len(gm)) - truth.parts["year_effect"][-1]
    rate: Floats = truth.rate[-1] * np.exp(growth + moved + year)
    return rate


def _elderly(world: World, gemeenten: list[str]) -> dict[str, int]:
    people = pd.DataFrame(
        {
            "gm_code": gemeenten,
            "elderly": world.values[ELDERLY][-1],
            "all": world.values["aantal_inwoners"][-1],
        }
    )
    sums = people.groupby("gm_code")[["elderly", "all"]].sum()
    return {str(code): round(100 * share) for code, share in (sums.elderly / sums["all"]).items()}
