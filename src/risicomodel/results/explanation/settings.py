"""How to explain, as in ``configs/config.yaml``."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class ExplainSettings:
    """Which years, how sure, compared with whom.

    Parameters
    ----------
    years : list of int
        Years to explain; without any, per domain the newest with figures and the newest with
        features.
    refits : int
        Refits on half of the other gemeenten that every wijk is explained by besides; 0 for none,
        and then nothing is called stable.
    similar : int
        How many of the most similar wijken elsewhere to compare with.
    sample : int
        Wijken that interactions of features are worked out on.
    pairs : int
        Pairs of features per domain in ``interactions.csv``.
    """

    years: list[int] = field(default_factory=list)
    refits: int = 6
    similar: int = 10
    sample: int = 300
    pairs: int = 10


def violations(settings: ExplainSettings) -> list[str]:
    """Return what cannot be followed."""
    least = {"refits": 0, "similar": 1, "sample": 1, "pairs": 1}
    wrong = [
        f"explain.{name} is {getattr(settings, name)}; allowed is {bound} or more"
        for name, bound in least.items()
        if getattr(settings, name) < bound
    ]
    if len(set(settings.years)) < len(settings.years):
        wrong.append("explain.years names a year twice; name each once")
    return wrong
