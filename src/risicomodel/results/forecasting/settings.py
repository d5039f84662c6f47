"""The ``forecast`` section of a run's settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ForecastSettings:
    """How to forecast, as in ``configs/config.yaml``.

    Parameters
    ----------
    horizon : int or None
        Years ahead; by default as many as the back-test supports, at most five.
    origin : int or None
        The last year whose figures are used; by default the newest.
    structure : str
        The model of the expected rate, one of the run's models.
    folds : int
        Folds by gemeente in which that model is fitted, at every origin.
    least_years : int
        Years of figures that an origin of the back-test needs.
    least_people : int
        Persons at risk below which a wijk gets no forecast.
    scenario : list of str
        Changes of drivers (:mod:`risicomodel.results.forecasting.scenario`); empty for no scenario.
    population : str or None
        A table with an official population forecast per gemeente; the cohorts are scaled to it.
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
    """Return what is wrong with the settings.

    Parameters
    ----------
    settings : ForecastSettings
        The settings to check.

    Returns
    -------
    list of str
        One line per violation; empty if there is none.

    Examples
    --------
    >>> violations(ForecastSettings(horizon=0))
    ['forecast.horizon is 0; expected 1 or more']
    """
    least = {"horizon": 1, "folds": 2, "least_years": 2, "least_people": 1}
    values = {name: getattr(settings, name) for name in least}
    return [
        f"forecast.{name} is {values[name]}; expected {bound} or more"
        for name, bound in least.items()
        if values[name] is not None and values[name] < bound
    ]
