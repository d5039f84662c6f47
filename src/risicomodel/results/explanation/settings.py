"""The ``explain`` section of a run's settings."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ExplainSettings:
    """What to explain, and with how many refits, as in ``configs/config.yaml``.

    Parameters
    ----------
    years : list of int
        Years to explain; if empty, per domain the newest with figures and the newest with features.
    refits : int
        Refits on half of the other gemeenten, for every wijk; with 0, nothing is called stable.
    null_features : int
        Features that mean nothing here, given to the refits to measure how often one seems stable.
    null_pass : float
        Share (0–1) of null features' contributions that may be called stable; with 1 there are no
        null features, and all contributions with one sign in every refit are stable.
    similar : int
        How many of the nearest wijken elsewhere to compare with.
    sample : int
        Wijken from which interactions of features are computed.
    pairs : int
        Pairs of features per domain in ``interactions.csv``.
    """

    years: list[int] = field(default_factory=list)
    refits: int = 6
    null_features: int = 16
    null_pass: float = 0.1
    similar: int = 10
    sample: int = 300
    pairs: int = 10


def violations(settings: ExplainSettings) -> list[str]:
    """Return what is wrong with the settings.

    Parameters
    ----------
    settings : ExplainSettings
        The settings to check.

    Returns
    -------
    list of str
        One line per violation; empty if there is none.

    Examples
    --------
    >>> violations(ExplainSettings(similar=0))
    ['explain.similar is 0; expected 1 or more']
    """
    least = {"refits": 0, "null_features": 2, "similar": 1, "sample": 1, "pairs": 1}
    wrong = [
        f"explain.{name} is {getattr(settings, name)}; expected {bound} or more"
        for name, bound in least.items()
        if getattr(settings, name) < bound
    ]
    if not 0 < settings.null_pass <= 1:
        wrong.append(
            f"explain.null_pass is {settings.null_pass}; expected a share above 0, up to 1: with "
            "0.1 one in ten of what null features add passes as stable, with 1 all of one sign"
        )
    if len(set(settings.years)) < len(settings.years):
        wrong.append("explain.years lists a year twice; list each year once")
    return wrong
