"""One gemeente: its own rows of the country's tables, and the year each domain is told of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure.rules import PARTIAL
from risicomodel.publishing.report import records
from risicomodel.publishing.report.drivers import of_year

if TYPE_CHECKING:
    from risicomodel.publishing.report.country import Country

ALL, LARGEST = "all", "largest"
OLD = 2  # years


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

    def of_wijk(self, name: str, wijk: str, domain: str = "") -> pd.DataFrame | None:
        """Return a wijk's rows of a table, of one domain where it has those; None if none."""
        if name not in self._split:
            found = self.table(name)
            by = [AREA, "domain"] if found is not None and "domain" in found else [AREA]
            groups = {} if found is None else dict(iter(found.groupby(by)))
            self._split[name] = {"/".join(map(str, key)): rows for key, rows in groups.items()}
        return self._split[name].get(f"{wijk}/{domain}" if domain else wijk)

    @cached_property
    def _split(self) -> dict[str, dict[str, pd.DataFrame]]:
        return {}

    @cached_property
    def explained(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Contributions of the year a domain is told of, a row per feature, by domain and wijk."""
        found = self.table("explanations")
        out: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for domain, year in self._years.items() if found is not None else ():
            rows = found[found["domain"] == domain]  # type: ignore[index]
            for row in records.records(of_year(rows, year)):
                out.setdefault((domain, str(row[AREA])), []).append(row)
        return out

    @property
    def wijken(self) -> pd.DataFrame:
        """The gemeente's wijken."""
        return self.country.by_gemeente[self.code]["wijken"]

    @property
    def every_figure(self) -> pd.DataFrame:
        """The gemeente's figures of all domains and years."""
        found = self.table("figures")
        return self.country.shown.figures.iloc[:0] if found is None else found

    @cached_property
    def _figures(self) -> dict[tuple[str, int], pd.DataFrame]:
        found = self.every_figure
        return {
            (domain, int(year)): found[(found["domain"] == domain) & (found["year"] == year)]
            .set_index(AREA)
            .copy()
            for domain in self.country.domains
            for year in found["year"].unique()
        }

    def figure(self, domain: str, year: int, wijk: str) -> dict[str, Any] | None:
        """Return a wijk's figures of one year; None where it has none."""
        key = (domain, year)
        if key not in self._rows:
            rows = records.records(self.figures(domain, year).reset_index())
            self._rows[key] = {str(row[AREA]): row for row in rows}
        return self._rows[key].get(wijk)

    @cached_property
    def _rows(self) -> dict[tuple[str, int], dict[str, dict[str, Any]]]:
        return {}

    def figures(self, domain: str, year: int) -> pd.DataFrame:
        """Return a domain's figures of one year, by wijk code."""
        empty = self.country.shown.figures.iloc[:0].set_index(AREA)
        return self._figures.get((domain, year), empty)

    def year(self, domain: str) -> int:
        """Return the year a domain is of: newest with published figures here, or anywhere.

        Where the gemeente's own are older than :data:`OLD`, estimates of the newest say more.
        """
        return self._years[domain]

    @cached_property
    def _years(self) -> dict[str, int]:
        newest = self.country.newest
        own = self.every_figure.dropna(subset=["observed"]).groupby("domain")["year"].max()
        return {
            domain: year if (year := int(own.get(domain, 0))) >= last - OLD else last
            for domain, last in newest.items()
        }

    def total(self, domain: str, year: int) -> dict[str, Any]:
        """Return clients, rate and source of the gemeente's total; empty where there is none.

        Where that is for want of wijken there is only the source.
        """
        return self._totals.get((domain, year), {})

    @cached_property
    def _totals(self) -> dict[tuple[str, int], dict[str, Any]]:
        found = self.table("totals")
        rows = [] if found is None else records.records(found)
        told = {(row["domain"], int(row["year"])): row for row in rows if row["rate"] is not None}
        lacking = [row for row in rows if row["source"] == PARTIAL]
        return told | {(r["domain"], int(r["year"])): {"source": PARTIAL} for r in lacking}


def find(country: Country, wanted: str | None) -> list[Place]:
    """Return the gemeenten asked for, by code or name, or all, or the one with most people.

    Raises
    ------
    ConfigError
        If none is named or one is unknown; the nearest name is suggested.
    """
    rows = country.shown.wijken.drop_duplicates("gm_code").sort_values("gm_code")
    names = dict(zip(rows["gm_code"], rows["gm_name"], strict=True))
    if wanted == ALL:
        return [Place(code, name, country) for code, name in names.items()]
    if wanted == LARGEST:
        wanted = str(country.shown.wijken.groupby("gm_code")["people"].sum().idxmax())
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
