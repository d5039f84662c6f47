"""What pages say, per language: texts from a catalogue, numbers as people write them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.publishing.report.drivers import Beside

TEXTS = Path(__file__).parent / "texts"
NOTHING = "–"
DECIMALS = {"nl": (",", "."), "en": (".", ",")}
MINUS = "−"
PERCENT = 100


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return a language's texts by dotted key: ``index.title``."""
    found = tomllib.loads((TEXTS / f"{language}.toml").read_text(encoding="utf-8"))
    return dict(_flat(found, ""))


def _flat(tree: dict[str, Any], above: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{above}{name}"
        out += _flat(value, f"{key}.") if isinstance(value, dict) else [(key, str(value))]
    return out


class Words:
    """The texts and numbers of one language.

    Parameters
    ----------
    language : str
        ``nl`` or ``en``: a file in ``texts``.
    domains : dict of str to Domain
        Their labels, and per how many people their rates are told.
    """

    def __init__(self, language: str, domains: dict[str, Domain]) -> None:
        self.language = language
        self._texts = catalogue(language)
        self._domains = domains

    def text(self, key: str, **values: object) -> str:
        """Return the text of a key, values filled in."""
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a key."""
        return key in self._texts

    def first(self, *keys: str, **values: object) -> str:
        """Return the text of the first key there is: what is said of one domain, else of any."""
        return self.text(next(key for key in keys if self.has(key)), **values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a number with the language's separators; a dash where there is none."""
        if value is None or value != value:  # noqa: PLR0124 (NaN)
            return NOTHING
        point, thousands = DECIMALS[self.language]
        text = f"{abs(value):,.{decimals}f}".translate(str.maketrans(",.", thousands + point))
        negative = round(value, decimals) < 0
        return f"{MINUS}{text}" if negative else text

    def signed(self, value: float | None, decimals: int = 1) -> str:
        """Return a difference with its sign."""
        text = self.number(value, decimals)
        plus = value is not None and round(value, decimals) > 0
        return f"+{text}" if plus else text

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """Return a share of 0–1 as a percentage."""
        if share is None or share != share:  # noqa: PLR0124 (NaN)
            return NOTHING
        return f"{self.number(share * PERCENT, decimals)}%"

    def label(self, domain: str) -> str:
        """Return what people call a domain."""
        declared = self._domains[domain]
        return declared.label_nl if self.language == "nl" else declared.label_en

    def per(self, domain: str) -> int:
        """Return per how many people a domain's rates are told."""
        return self._domains[domain].per

    def per_whom(self, domain: str) -> str:
        """Return ``per 1.000 inwoners``."""
        declared = self._domains[domain]
        whom = declared.per_nl if self.language == "nl" else declared.per_en
        return f"per {self.number(declared.per)} {whom}"

    def per_short(self, domain: str) -> str:
        """Return ``per 1.000``."""
        return f"per {self.number(self.per(domain))}"

    def rate(self, domain: str, rate: float | None) -> str:
        """Return a rate of 0–1 per so many people, with one decimal."""
        return self.number(None if rate is None else rate * self.per(domain), 1)

    def change(self, domain: str, rate: float | None) -> str:
        """Return a difference of rates per so many people, with its sign."""
        return self.signed(None if rate is None else rate * self.per(domain), 1)

    def beside(self, domain: str, one: Beside, gemeente: str) -> str:
        """Return how much more or less is expected than elsewhere, and why."""
        whom = self.text(f"wijk.drivers.beside.{one.whom}", gemeente=gemeente)
        gap = self.rate(domain, abs(one.gap))
        way = "same" if gap == self.rate(domain, 0.0) else "more" if one.gap > 0 else "less"
        told = self.text(
            f"wijk.drivers.told.{way}",
            Beside=whom[:1].upper() + whom[1:],
            rate=self.rate(domain, one.rate),
            gap=gap,
        )
        if way == "same" or not one.reasons:
            return f"{told}."
        why = self.text("wijk.drivers.because", reasons=self.both(one.reasons))
        return f"{told}, {why}."

    def both(self, items: list[str]) -> str:
        """Return one or two things as one."""
        first, *others = items
        return self.text("wijk.drivers.and", one=first, other=others[0]) if others else first

    def band(self, domain: str, lower: float | None, upper: float | None) -> str:
        """Return a band in words, or nothing where there is none."""
        low, high = self.rate(domain, lower), self.rate(domain, upper)
        return "" if NOTHING in (low, high) else self.text("band", low=low, high=high)

    def fact(self, value: float | None, unit: str) -> str:
        """Return a figure of the profile in its unit."""
        if value is None or value != value:  # noqa: PLR0124 (NaN)
            return NOTHING
        forms = {
            "share": lambda: self.percent(value),
            "percent": lambda: f"{self.number(value)}%",
            "keuro": lambda: f"€ {self.number(round(value) * 1000)}",
            "km": lambda: f"{self.number(value, 1)} km",
        }
        return forms[unit]()
