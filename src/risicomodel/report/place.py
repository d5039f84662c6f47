"""One gemeente: its own rows of the country's tables, and the year each domain is told of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.errors import ConfigError, suggest
from risicomodel.levels import AREA
from risicomodel.report.settings import ALL

if TYPE_CHECKING:
    import pandas as pd

    from risicomodel.report.country import Country


@dataclass(frozen=True)
class Place:
    """A gemeente with what may be shown of it.

    Parameters
    ----------
    code, name : str
        ``GM0363``, ``Amsterdam``.
    country : Country
        What it is set beside.
    """

    code: str
    name: str
    country: Country

    def table(self, name: str) -> pd.DataFrame | None:
        """Return the gemeente's rows of one of the shown tables; None where there are none."""
        return self.country.by_gemeente[self.code].get(name)

    @property
    def wijken(self) -> pd.DataFrame:
        """The gemeente's wijken."""
        return self.country.by_gemeente[self.code]["wijken"]

    def figures(self, domain: str, year: int) -> pd.DataFrame:
        """Return a domain's figures of one year, by wijk code."""
        found = self.table("figures")
        if found is None:  # no wijk of this gemeente has features in any year
            found = self.country.shown.figures.iloc[:0]
        rows = found[(found["domain"] == domain) & (found["year"] == year)]
        return rows.set_index(AREA)

    def year(self, domain: str) -> int:
        """Return the year a domain is told of: newest with published figures here, or anywhere."""
        own = self.table("figures")
        everyone = self.country.shown.figures
        for table in (own, everyone):
            if table is not None:
                counted = table[(table["domain"] == domain) & table["observed"].notna()]
                if len(counted):
                    return int(counted["year"].max())
        return int(everyone["year"].max())

    def total(self, domain: str, year: int) -> dict[str, object]:
        """Return clients, rate and source of the gemeente's total; empty where there is none."""
        found = self.table("totals")
        if found is None:
            return {}
        rows = found[(found["domain"] == domain) & (found["year"] == year)].dropna(subset=["rate"])
        return {} if rows.empty else dict(rows.iloc[0])


def find(country: Country, wanted: str | None) -> list[Place]:
    """Return the gemeenten asked for, by code or name, or all.

    Raises
    ------
    ConfigError
        If none is named or one is unknown; the nearest name is suggested.
    """
    rows = country.shown.wijken.drop_duplicates("gm_code").sort_values("gm_code")
    names = dict(zip(rows["gm_code"], rows["gm_name"], strict=True))
    if wanted == ALL:
        return [Place(code, name, country) for code, name in names.items()]
    codes = {name.lower(): code for code, name in names.items()}
    text = (wanted or "").strip()
    code = text.upper() if text.upper() in names else codes.get(text.lower(), "")
    if code:
        return [Place(code, names[code], country)]
    found = f"no gemeente '{text}'" if text else "no gemeente is named"
    first = next(iter(names))
    raise ConfigError(
        f"{found} in this run{_near(text, names)}; allowed are a code such as {first}, a name, or "
        f"{ALL}, of its {len(names)} gemeenten. Give one: 'gemeente={first}'."
    )


def _near(text: str, names: dict[str, str]) -> str:
    lower = {name.lower(): name for name in names.values()}
    near = suggest(text.lower(), lower)
    for key, name in lower.items():
        near = near.replace(f"'{key}'", f"'{name}'")
    return near or suggest(text.upper(), names)
