"""What a gemeente is compared with: the country's rates, and colours that all maps share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from risicomodel.core.levels import AREA

if TYPE_CHECKING:
    from risicomodel.data.domains import Domain
    from risicomodel.publishing.disclosure import Shown

SHADE_LIMITS = (0.1, 0.3, 0.5, 0.7, 0.9)  # shares of all shown rates between which colours change
STEPS = (0.5, 0.9)  # shares of all gaps, either way
HIGH = 0.8  # a wijk is high from here: the highest fifth of the country's
OF_COUNTRY = ("profile", "dependence")  # tables that are not split by gemeente


@dataclass(frozen=True)
class Country:
    """Everything that is shown, of all gemeenten.

    Parameters
    ----------
    shown : Shown
        What may be shown; its figures with their gaps.
    """

    shown: Shown

    @property
    def domains(self) -> dict[str, Domain]:
        """The domains of the run."""
        return self.shown.about.domains

    @cached_property
    def rates(self) -> dict[tuple[str, int], float]:
        """An estimate of the country's rate (0–1): of gemeenten whose totals are given."""
        totals = self._given
        totals = totals.assign(people=totals["clients"] / totals["rate"])
        sums = totals.groupby(["domain", "year"])[["clients", "people"]].sum()
        return _by_domain_and_year(sums["clients"] / sums["people"])

    @cached_property
    def gemeenten(self) -> dict[tuple[str, int], float]:
        """Of how many gemeenten :attr:`rates` are."""
        return _by_domain_and_year(self._given.groupby(["domain", "year"])["gm_code"].nunique())

    @property
    def _given(self) -> pd.DataFrame:
        return self.shown.totals.dropna(subset=["clients", "rate"])

    @cached_property
    def off(self) -> dict[tuple[str, int], float]:
        """How much higher the country's figures are than expected, per domain and year (0–1)."""
        rows = self.shown.figures.dropna(subset=["off_country"])
        return _by_domain_and_year(rows.groupby(["domain", "year"])["off_country"].first())

    @cached_property
    def newest(self) -> dict[str, int]:
        """The newest year with published figures, per domain; else the newest of all figures."""
        rows = self.shown.figures
        observed = rows.dropna(subset=["observed"]).groupby("domain")["year"].max()
        last = int(rows["year"].max())
        return {domain: int(observed.get(domain, last)) for domain in self.domains}

    @cached_property
    def breaks(self) -> dict[str, list[float]]:
        """Where colours change, per domain, in the unit of its rates; of all years."""
        return {name: self._breaks(name, "estimate", SHADE_LIMITS) for name in self.domains}

    @cached_property
    def gap_breaks(self) -> dict[str, list[float]]:
        """Where colours of the gap change: as far below 0 as above it."""
        out = {}
        for name in self.domains:
            half = self._breaks(name, "gap", STEPS)
            out[name] = [*(-value for value in reversed(half)), *half]
        return out

    def _breaks(self, domain: str, kind: str, shares: tuple[float, ...]) -> list[float]:
        rows = self.shown.figures[self.shown.figures["domain"] == domain]
        values = rows["estimate"]
        if kind == "gap":
            values = (rows["observed"].fillna(rows["estimate"]) - rows["expected"]).abs()
        breaks = (values * self.domains[domain].per).dropna().quantile(list(shares))
        return [_nice(value) for value in breaks] if len(values.dropna()) else []

    @cached_property
    def high(self) -> dict[tuple[str, int], float]:
        """From which rate (0–1) a wijk is in the highest fifth, per domain and year."""
        rows = self.shown.figures.dropna(subset=["estimate"])
        return _by_domain_and_year(rows.groupby(["domain", "year"])["estimate"].quantile(HIGH))

    @cached_property
    def rate_of(self) -> dict[tuple[str, str, int], float]:
        """The rate (0–1) of every wijk, observed or else estimated, by domain, wijk and year."""
        rows = self.shown.figures
        rates = rows["observed"].fillna(rows["estimate"])
        keys = zip(rows["domain"], rows[AREA], rows["year"].astype(int), strict=True)
        return {key: float(rate) for key, rate in zip(keys, rates, strict=True) if rate == rate}  # noqa: PLR0124

    @cached_property
    def names(self) -> dict[str, tuple[str, str]]:
        """Name of every wijk and of its gemeente, by code."""
        rows = self.shown.wijken
        pairs = zip(rows["wijk_name"], rows["gm_name"], strict=True)
        return dict(zip(rows[AREA], pairs, strict=True))

    @cached_property
    def by_gemeente(self) -> dict[str, dict[str, pd.DataFrame]]:
        """Every table that has gemeenten or wijken, split by gemeente."""
        codes = self.shown.wijken.set_index(AREA)["gm_code"]
        out: dict[str, dict[str, pd.DataFrame]] = {}
        for name, table in vars(self.shown).items():
            if not isinstance(table, pd.DataFrame) or name in OF_COUNTRY:
                continue
            gemeente = table["gm_code"] if "gm_code" in table else table[AREA].map(codes)
            for code, rows in table.groupby(gemeente):
                out.setdefault(str(code), {})[name] = rows
        return out

    @cached_property
    def profiles(self) -> dict[str, pd.DataFrame]:
        """The profile of every wijk, gemeente and of the country (``NL``), by code."""
        return {str(code): rows for code, rows in self.shown.profile.groupby("code")}


def _by_domain_and_year(values: pd.Series) -> dict[tuple[str, int], float]:
    table = values.rename("value").reset_index()
    keys = zip(table["domain"], table["year"].astype(int), strict=True)
    return dict(zip(keys, table["value"].astype(float), strict=True))


def _nice(value: float) -> float:
    """Return a round number near a value, for a legend that is read easily."""
    if value <= 0:
        return 0.0
    if value < 1:
        return round(value, 1) or 0.1
    return float(round(value * 2) / 2) if value < 10 else float(round(value))  # noqa: PLR2004
