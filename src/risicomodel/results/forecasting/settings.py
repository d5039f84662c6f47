"""How to forecast, as in ``configs/config.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ForecastSettings:
    """How far ahead, from when, for whom.

    Parameters
    ----------
    horizon : int or None
        Years ahead; by default as far as the back-test supports, five at most.
    origin : int or None
        The last year whose figures are used; by default the newest.
    structure : str
        The model of what is expected going by who lives there; one of the run's models.
    folds : int
        Folds by gemeente in which it is fitted, at every origin.
    least_years : int
        Years of figures an origin of the back-test needs.
    least_people : int
        Persons at risk below which a wijk gets no forecast.
    scenario : list of str
        What to change in drivers, in words (:mod:`scenario`); empty for no scenario.
    population : str or None
        A table with an official population forecast per gemeente, for the cohorts to add up to.
    """

    horizon: int | None = None
    origin: int | None = None
    structure: str = "blend"
    folds: int = 2
    least_years: int = 2
    least_people: int = 100
    scenario: list[str] = field(default_factory=list)
    population: str | None = None


def violations(settings: ForecastSettings) -> list[str]:
    """Return what cannot be followed."""
    least = {"horizon": 1, "folds": 2, "least_years": 2, "least_people": 1}
    values = {name: getattr(settings, name) for name in least}
    return [
        f"forecast.{name} is {values[name]}; allowed is {bound} or more"
        for name, bound in least.items()
        if values[name] is not None and values[name] < bound
    ]
