"""What pages say, per language: texts from a catalogue, numbers as people write them."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain

TEXTS = Path(__file__).parent / "texts"
NOTHING = "–"
DECIMALS = {"nl": (",", "."), "en": (".", ",")}
MINUS = "−"
MONTHS = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "en": "January February March April May June July August September October November December",
}
PERCENT = 100


@cache
def catalogue(language: str, pages: str = "") -> dict[str, str]:
    """Return all texts of a language by dotted key.

    Parameters
    ----------
    language : str
        ``nl`` or ``en``: a file in ``texts``.
    pages : str
        Of which pages: ``review_`` for those of an evening; by default those of a report.

    Examples
    --------
    >>> catalogue("en")["kind.observed"]
    'Counted'
    """
    tree = tomllib.loads((TEXTS / f"{pages}{language}.toml").read_text(encoding="utf-8"))
    return dict(_flat(tree, ""))


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
        Labels of domains, and the number of people that their rates are given per.
    pages : str
        Of which pages, as :func:`catalogue` has it.
    first : str
        Where the texts under this key have one, that is used: ``thermometer``.

    Examples
    --------
    >>> dutch = Words("nl", {})
    >>> dutch.number(12345.67, 1), dutch.signed(-0.3), dutch.percent(0.256)
    ('12.345,7', '−0,3', '26%')
    """

    def __init__(
        self, language: str, domains: dict[str, Domain], pages: str = "", first: str = ""
    ) -> None:
        self.language = language
        texts = catalogue(language, pages)
        above = f"{first}."
        preferred = {
            key.removeprefix(above): one for key, one in texts.items() if key.startswith(above)
        }
        self._texts = {**texts, **preferred}
        self._domains = domains

    def text(self, key: str, **values: object) -> str:
        """Return the text of a key, with its fields filled in.

        Parameters
        ----------
        key : str
            Dotted: ``index.title``.
        **values : object
            A value for every field of the text.
        """
        return self._texts[key].format(**values)

    def has(self, key: str) -> bool:
        """Tell whether the catalogue has a key.

        Parameters
        ----------
        key : str
            Dotted: ``index.title``.
        """
        return key in self._texts

    def first(self, *keys: str, **values: object) -> str:
        """Return the text of the first key that exists.

        Parameters
        ----------
        *keys : str
            The most specific first: the text for one domain, then the text for any.
        **values : object
            A value for every field of the text.
        """
        return self.text(next(key for key in keys if self.has(key)), **values)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Return a number with the language's separators.

        Parameters
        ----------
        value : float or None
            None and NaN give a dash.
        decimals : int
            How many to write.
        """
        if value is None or value != value:  # noqa: PLR0124 (NaN)
            return NOTHING
        point, thousands = DECIMALS[self.language]
        text = f"{abs(value):,.{decimals}f}".translate(str.maketrans(",.", thousands + point))
        negative = round(value, decimals) < 0
        return f"{MINUS}{text}" if negative else text

    def day(self, text: str) -> str:
        """Return a date (ISO 8601) in words; what is no date, as it was written.

        Parameters
        ----------
        text : str
            As ``2027-03-01``.

        Examples
        --------
        >>> Words("nl", {}).day("2027-03-01"), Words("en", {}).day("in spring")
        ('1 maart 2027', 'in spring')
        """
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return text
        return f"{day.day} {MONTHS[self.language].split()[day.month - 1]} {day.year}"

    def signed(self, value: float | None, decimals: int = 1) -> str:
        """Return a difference with its sign; what rounds to zero has none.

        Parameters
        ----------
        value : float or None
            None and NaN give a dash.
        decimals : int
            How many to write.
        """
        text = self.number(value, decimals)
        plus = value is not None and round(value, decimals) > 0
        return f"+{text}" if plus else text

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """Return a share as a percentage.

        Parameters
        ----------
        share : float or None
            Of 0–1; None and NaN give a dash.
        decimals : int
            How many to write.
        """
        if share is None or share != share:  # noqa: PLR0124 (NaN)
            return NOTHING
        return f"{self.number(share * PERCENT, decimals)}%"

    def label(self, domain: str) -> str:
        """Return what people call a domain.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        """
        declared = self._domains[domain]
        return declared.label_nl if self.language == "nl" else declared.label_en

    def per(self, domain: str) -> int:
        """Return the number of people that a domain's rates are given per.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        """
        return self._domains[domain].per

    def per_people(self, domain: str) -> str:
        """Return the unit of a domain's rates in full: ``per 1.000 inwoners``.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        """
        declared = self._domains[domain]
        people = declared.per_nl if self.language == "nl" else declared.per_en
        return f"per {self.number(declared.per)} {people}"

    def per_short(self, domain: str) -> str:
        """Return the unit of a domain's rates in short: ``per 1.000``.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        """
        return f"per {self.number(self.per(domain))}"

    def rate(self, domain: str, rate: float | None) -> str:
        """Return a rate in the domain's unit, with one decimal.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        rate : float or None
            Of 0–1; None and NaN give a dash.
        """
        return self.number(None if rate is None else rate * self.per(domain), 1)

    def change(self, domain: str, rate: float | None) -> str:
        """Return a difference of rates in the domain's unit, with its sign and one decimal.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        rate : float or None
            Difference of rates of 0–1; None and NaN give a dash.
        """
        return self.signed(None if rate is None else rate * self.per(domain), 1)

    def band(self, domain: str, lower: float | None, upper: float | None) -> str:
        """Return a 90% band in words; empty where there is none.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        lower, upper : float or None
            Rates of 0–1.
        """
        low, high = self.rate(domain, lower), self.rate(domain, upper)
        return "" if NOTHING in (low, high) else self.text("band", low=low, high=high)

    def fact(self, value: float | None, unit: str) -> str:
        """Return a fact of a wijk's profile in its unit.

        Parameters
        ----------
        value : float or None
            None and NaN give a dash.
        unit : {"share", "percent", "keuro", "km"}
            ``share`` is of 0–1, ``percent`` of 0–100, ``keuro`` in thousands of euros.
        """
        if value is None or value != value:  # noqa: PLR0124 (NaN)
            return NOTHING
        forms = {
            "share": lambda: self.percent(value),
            "percent": lambda: f"{self.number(value)}%",
            "keuro": lambda: f"€ {self.number(round(value) * 1000)}",
            "km": lambda: f"{self.number(value, 1)} km",
        }
        return forms[unit]()
