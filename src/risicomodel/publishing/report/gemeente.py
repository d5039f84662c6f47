"""One gemeente: its rows of everything that is shown, and the year each domain's page is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from risicomodel.core.errors import ConfigError, suggest
from risicomodel.core.levels import AREA
from risicomodel.publishing.disclosure import PARTIAL
from risicomodel.publishing.report import records
from risicomodel.publishing.report.drivers import of_year
from risicomodel.publishing.report.statements import WHOLE

if TYPE_CHECKING:
    from risicomodel.publishing.report.country import Country

ALL, LARGEST = "all", "largest"
OLD = 2  # years


@dataclass(frozen=True)
class Gemeente:
    """A gemeente with what may be shown of it.

    Parameters
    ----------
    code, name : str
        ``GM0363``, ``Amsterdam``.
    country : Country
        Everything that is shown, of all gemeenten.
    """

    code: str
    name: str
    country: Country

    def table(self, name: str) -> pd.DataFrame | None:
        """Return the gemeente's rows of a table; None where there are none.

        Parameters
        ----------
        name : str
            A field of :class:`~risicomodel.publishing.disclosure.Shown` that has wijken.
        """
        return self.country.by_gemeente[self.code].get(name)

    def of_wijk(self, name: str, wijk: str, domain: str = "") -> pd.DataFrame | None:
        """Return a wijk's rows of a table; None where there are none.

        Parameters
        ----------
        name : str
            As in :meth:`table`.
        wijk : str
            Code.
        domain : str
            Which rows, of a table that has domains.
        """
        if name not in self._split:
            table = self.table(name)
            by = [AREA, "domain"] if table is not None and "domain" in table else [AREA]
            groups = {} if table is None else dict(iter(table.groupby(by)))
            self._split[name] = {"/".join(map(str, key)): rows for key, rows in groups.items()}
        return self._split[name].get(f"{wijk}/{domain}" if domain else wijk)

    @cached_property
    def _split(self) -> dict[str, dict[str, pd.DataFrame]]:
        return {}

    @cached_property
    def explained(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Contributions of the year a domain's page is about: rows of features by domain, wijk."""
        table = self.table("explanations")
        out: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for domain, year in self._years.items() if table is not None else ():
            rows = table[table["domain"] == domain]  # type: ignore[index]
            for row in records.records(of_year(rows, year)):
                out.setdefault((domain, str(row[AREA])), []).append(row)
        return out

    @property
    def wijken(self) -> pd.DataFrame:
        """The gemeente's wijken."""
        return self.country.by_gemeente[self.code]["wijken"]

    @property
    def last(self) -> int | None:
        """The newest year of the figures that the gemeente is in; None where it is in none."""
        newest = self.wijken["year"].max()
        return None if pd.isna(newest) else int(newest)

    @property
    def outlines(self) -> pd.DataFrame:
        """The outlines of its wijken: ``wijk_code``, ``outline`` (WKB)."""
        table = self.table("outlines")
        return pd.DataFrame(columns=[AREA, "outline"]) if table is None else table

    @property
    def own_figures(self) -> dict[str, tuple[int, int]]:
        """First and last year of the gemeente's own figures, per domain that has any."""
        rows = self.every_figure
        years = rows[rows["own"].astype(bool)].groupby("domain")["year"].agg(["min", "max"])
        return {
            str(domain): (int(first), int(last))
            for domain, first, last in years.itertuples(name=None)
        }

    def not_delivered(self, domain: str, year: int) -> bool:
        """Tell whether the gemeente delivered no figures at all for a year.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        """
        return bool((self._row_of_total(domain, year) or {}).get("not_delivered"))

    def undelivered_after(self, domain: str, year: int) -> list[int]:
        """Return newer years for which the gemeente delivered no figures at all.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            After which.
        """
        newer = range(year + 1, self.country.shown.about.last_year + 1)
        return [one for one in newer if self.not_delivered(domain, one)]

    def expected(self, domain: str, year: int) -> float | None:
        """Return what the model expects of the gemeente (0–1): of its wijken that are shown.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        """
        row = self._row_of_total(domain, year) or {}
        if row.get("expected_people") is None:
            return None
        return float(row["expected_clients"] / row["expected_people"])

    def _row_of_total(self, domain: str, year: int) -> dict[str, Any] | None:
        return self._rows_of_totals.get((domain, year))

    @cached_property
    def _rows_of_totals(self) -> dict[tuple[str, int], dict[str, Any]]:
        table = self.table("totals")
        rows = [] if table is None else records.records(table)
        return {(row["domain"], int(row["year"])): row for row in rows}

    def whole(self, domain: str, year: int) -> bool:
        """Tell whether wijken with a gap hold so many people that they stand for the gemeente.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        """
        people = self.wijken.set_index(AREA)["people"].fillna(0.0)
        rows = self.figures(domain, year)
        with_gap = people.reindex(rows.index[rows["gap"].notna()]).sum()
        return bool(with_gap >= WHOLE * people.sum() > 0)

    @property
    def every_figure(self) -> pd.DataFrame:
        """The gemeente's figures of all domains and years."""
        table = self.table("figures")
        return self.country.shown.figures.iloc[:0] if table is None else table

    @cached_property
    def _figures(self) -> dict[tuple[str, int], pd.DataFrame]:
        table = self.every_figure
        return {
            (domain, int(year)): table[(table["domain"] == domain) & (table["year"] == year)]
            .set_index(AREA)
            .copy()
            for domain in self.country.domains
            for year in table["year"].unique()
        }

    def figure(self, domain: str, year: int, wijk: str) -> dict[str, Any] | None:
        """Return a wijk's figures of one year; None where it has none.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        wijk : str
            Code.
        """
        key = (domain, year)
        if key not in self._rows:
            rows = records.records(self.figures(domain, year).reset_index())
            self._rows[key] = {str(row[AREA]): row for row in rows}
        return self._rows[key].get(wijk)

    @cached_property
    def _rows(self) -> dict[tuple[str, int], dict[str, dict[str, Any]]]:
        return {}

    def figures(self, domain: str, year: int) -> pd.DataFrame:
        """Return a domain's figures of one year, indexed by wijk code.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        """
        empty = self.country.shown.figures.iloc[:0].set_index(AREA)
        return self._figures.get((domain, year), empty)

    def year(self, domain: str) -> int:
        """Return the year a domain's page is about: the newest with published figures.

        Where the gemeente's own are more than :data:`OLD` years older than the country's, that is
        the country's newest: estimates of that year say more.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        """
        return self._years[domain]

    @cached_property
    def _years(self) -> dict[str, int]:
        newest = self.country.newest
        observed = self.every_figure.dropna(subset=["observed"]).groupby("domain")["year"].max()
        return {
            domain: year if (year := int(observed.get(domain, 0))) >= last - OLD else last
            for domain, last in newest.items()
        }

    def total(self, domain: str, year: int) -> dict[str, Any]:
        """Return ``clients``, ``rate`` and ``source`` of the gemeente's total.

        Empty where there is none; only the source where that is for want of wijken.

        Parameters
        ----------
        domain : str
            Its name: ``wmo``.
        year : int
            Of the figures.
        """
        return self._totals.get((domain, year), {})

    @cached_property
    def _totals(self) -> dict[tuple[str, int], dict[str, Any]]:
        rows = self._rows_of_totals
        given = {key: row for key, row in rows.items() if row["rate"] is not None}
        partial = [key for key, row in rows.items() if row["source"] == PARTIAL]
        return given | {key: {"source": PARTIAL} for key in partial}


def find(country: Country, name: str | None) -> list[Gemeente]:
    """Return the gemeenten of a name.

    Parameters
    ----------
    country : Country
        Everything that is shown.
    name : str or None
        A code, a name, ``all``, or ``largest`` for the one with most people.

    Raises
    ------
    ConfigError
        If no gemeente is named or one is unknown; the nearest name is suggested.
    """
    rows = country.shown.wijken.drop_duplicates("gm_code").sort_values("gm_code")
    names = dict(zip(rows["gm_code"], rows["gm_name"], strict=True))
    if name == ALL:
        return [Gemeente(code, label, country) for code, label in names.items()]
    if name == LARGEST:
        name = str(country.shown.wijken.groupby("gm_code")["people"].sum().idxmax())
    code = code_of(name, names)
    return [Gemeente(code, names[code], country)]


def code_of(name: str | None, names: dict[str, str]) -> str:
    """Return the code of a gemeente, of which a code or a name is given.

    Parameters
    ----------
    name : str or None
        A code or a name, in capitals or not.
    names : dict of str to str
        Names of gemeenten by code; at least one.

    Raises
    ------
    ConfigError
        If no gemeente is named or one is unknown; the nearest name is suggested.

    Examples
    --------
    >>> code_of("utrecht", {"GM0344": "Utrecht", "GM0363": "Amsterdam"})
    'GM0344'
    """
    codes = {label.lower(): code for code, label in names.items()}
    text = (name or "").strip()
    code = text.upper() if text.upper() in names else codes.get(text.lower(), "")
    if code:
        return code
    lacking = f"no gemeente '{text}'" if text else "no gemeente is named"
    first = next(iter(names))
    raise ConfigError(
        f"{lacking} in this run{_near(text, names)}; expected a code such as {first}, a name, or "
        f"{ALL}, of its {len(names)} gemeenten. Give one: 'gemeente={first}'."
    )


def _near(text: str, names: dict[str, str]) -> str:
    lower = {name.lower(): name for name in names.values()}
    near = suggest(text.lower(), lower)
    for key, name in lower.items():
        near = near.replace(f"'{key}'", f"'{name}'")
    return near or suggest(text.upper(), names)
