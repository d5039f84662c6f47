"""What is held back cannot be read, nor worked out: the tests here try to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risicomodel.publishing.disclosure import applied, explanations, rules, tables
from risicomodel.publishing.presentation.language import Words
from risicomodel.publishing.report import downloads, gemeente, site
from risicomodel.publishing.report.settings import ReportSettings
from support.running import whole_run

if TYPE_CHECKING:
    from pathlib import Path

KEY = ["domain", "wijk_code", "year"]
LEAST, PEOPLE = 10, 100
ROW = re.compile(r"<th scope=row>(Geteld|Schatting)\s*<td>(\d{4})\s*<td>([^<\n]*)")
TABLE = re.compile(r"id=detail-(\w+)>")


def truth(found: tables.Tables) -> pd.DataFrame:
    """Every cell of every domain with what the run knows of it, and whether it is too small."""
    estimates = found.predictions[found.predictions["kind"] == "estimate"]
    parts = []
    for domain in found.domains:
        own = found.panel[["wijk_code", "year", "gm_code"]].assign(
            domain=domain,
            published=found.panel[f"{domain}_clients"],
            status=found.panel[f"{domain}_status"],
        )
        parts.append(own)
    cells = pd.concat(parts).merge(estimates[[*KEY, "clients", "population"]], on=KEY)
    small = (cells["published"] < LEAST) | (cells["clients"] < LEAST)
    return cells.assign(
        small=small | (cells["population"] < PEOPLE) | (cells["status"] == "suppressed")
    )


def attack(folder: Path, cells: pd.DataFrame) -> list[str]:
    """Return what small cells can be read or worked out from one gemeente's folder.

    An attacker reads the figures that are given of wijken, takes them from every total that is
    given, and does so for counts, estimates and forecasts alike.
    """
    out = []
    figures = pd.read_csv(folder / "data" / "figures.csv")
    totals = pd.read_csv(folder / "data" / "totals.csv")
    known = figures.merge(cells, on=KEY, suffixes=("", "_true"))
    told = ["observed", "observed_clients", "estimate", "estimate_clients", "gap", "chance"]
    read = known[known["small"] & known[told].notna().any(axis=1)]
    out += [f"read: {row}" for row in read[KEY].itertuples(index=False)]
    given_totals = totals.dropna(subset=["clients"]).set_index(["domain", "year"])["clients"]
    for (domain, year), rows in known.groupby(["domain", "year"]):
        total = given_totals.get((domain, year), np.nan)
        for name in ("observed_clients", "estimate_clients"):
            out += _taken_away(rows, name, float(total), f"{domain} {year}")
    return out


def _taken_away(rows: pd.DataFrame, name: str, total: float, what: str) -> list[str]:
    """Return what is left of a total when all that is given is taken away, if that tells."""
    small = rows[rows["small"]]
    if small.empty or np.isnan(total):
        return []
    blank = rows[rows[name].isna()]
    left = total - rows[name].sum()
    exact = blank["clients"].sum()
    if len(blank) == 1:
        return [f"{what}: {name} leaves {left:g} for one wijk"]
    # rounding may make an answer that is wrong anyway; this one is about right
    if left < LEAST and abs(left - exact) < LEAST and exact < LEAST:
        return [f"{what}: {name} leaves {left:g} for {len(blank)} wijken together"]
    return []


@pytest.fixture(scope="module")
def found() -> tables.Tables:
    return tables.read(whole_run())


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reports of all gemeenten of the small run."""
    folder = tmp_path_factory.mktemp("every")
    site.write(whole_run(), folder, ReportSettings("all"))
    return folder


class TestCover:
    def test_two_are_hidden_where_one_is_small(self) -> None:
        small = np.array([True, False, False, False])
        clients, people = np.array([4.0, 60, 30, 90]), np.array([200.0, 900, 300, 2000])
        hidden, given = rules.cover(small, clients, people, 190.0)
        assert hidden.tolist() == [True, False, True, False], "the smallest by people goes too"
        assert given

    def test_nothing_is_hidden_where_nothing_is_small(self) -> None:
        hidden, given = rules.cover(
            np.array([False, False]), np.array([50.0, 60]), np.array([900.0, 900]), 110.0
        )
        assert not hidden.any()
        assert given

    def test_the_total_is_not_given_where_too_many_would_have_to_go(self) -> None:
        small = np.array([True, False, False])
        clients, people = np.array([1.0, 11.0, 12.0]), np.array([100.0, 101, 102])
        hidden, given = rules.cover(small, clients, people, 24.0)
        assert hidden.sum() == 2 or not given
        alone, given = rules.cover(np.array([True]), np.array([4.0]), np.array([150.0]), 4.0)
        assert alone.all()
        assert not given, "the total of one wijk is that wijk"

    @given(
        st.lists(st.tuples(st.integers(0, 60), st.integers(50, 900)), min_size=1, max_size=12),
        st.integers(0, 30),
    )
    def test_what_is_left_is_never_small(self, parts: list[tuple[int, int]], beside: int) -> None:
        clients = np.array([float(c) for c, _ in parts])
        people = np.array([float(p) for _, p in parts])
        small = (clients < LEAST) | (people < PEOPLE)
        total = clients.sum() + beside
        hidden, given = rules.cover(small, clients, people, total)
        assert (hidden | ~small).all(), "small ones stay hidden"
        if given and hidden.any():
            assert hidden.sum() >= 2
            assert total - clients[~hidden].sum() >= LEAST
            assert people[hidden].sum() >= PEOPLE


class TestFolder:
    def test_there_is_something_to_hide(self, found: tables.Tables) -> None:
        cells = truth(found)
        assert cells["small"].sum() > 50
        assert (cells["status"] == "suppressed").sum() > 5

    def test_no_small_figure_can_be_read_or_worked_out(
        self, every: Path, found: tables.Tables
    ) -> None:
        cells = truth(found)
        leaks = [leak for folder in every.glob("GM*") for leak in attack(folder, cells)]
        assert leaks == []

    def test_the_attack_would_find_a_leak(
        self, tmp_path: Path, found: tables.Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without covering, totals give small figures away: an attack that finds none is none."""
        monkeypatch.setattr(rules, "cover", lambda hidden, *_, **__: (hidden, True))
        country, words = site.of_country(applied.of_tables(found)), Words("nl", found.domains)
        for one in gemeente.find(country, "all"):
            downloads.write(one, words, tmp_path / one.code, "")
        cells = truth(found)
        assert [leak for folder in tmp_path.iterdir() for leak in attack(folder, cells)]

    def test_no_count_under_ten_and_no_rate_on_fewer(
        self, every: Path, found: tables.Tables
    ) -> None:
        cells = truth(found)[[*KEY, "population"]]
        for folder in every.glob("GM*"):
            rows = pd.read_csv(folder / "data" / "figures.csv").merge(cells, on=KEY)
            for name in ("observed", "estimate", "expected"):
                told = rows[rows[name].notna()]
                clients = told[name] / told["per"] * told["population"]
                assert (clients > LEAST - 0.5).all(), "rates are rounded to one decimal"
                assert (told["population"] >= PEOPLE).all()
            for name in ("observed", "estimate"):
                counted = rows[f"{name}_clients"]
                assert (counted.dropna() >= LEAST).all()
                # CBS rounds to 5 or 10, and rates are given to one decimal
                off = (counted - rows[name] / rows["per"] * rows["population"]).abs()
                most = 5 + 0.05 / rows["per"] * rows["population"] + 1e-6
                assert (off.isna() | (off <= most)).all()
            people = pd.read_csv(folder / "data" / "wijken.csv")["people"]
            assert (people.dropna() >= PEOPLE).all()

    def test_a_forecast_does_not_tell_what_it_stands_on(self, found: tables.Tables) -> None:
        cells = truth(found)
        forecasts = applied.of_tables(found).forecasts
        if forecasts is None:
            pytest.skip("the small run has too few years for forecasts")
        small = cells[cells["small"]].rename(columns={"year": "origin_year"})
        told = forecasts.dropna(subset=["rate"])
        both = told.merge(small, on=["domain", "wijk_code", "origin_year"])
        assert both.empty

    def test_the_workbook_and_the_files_tell_the_same(self, every: Path) -> None:
        folder = min(every.glob("GM*"))
        book = openpyxl.load_workbook(folder / "cijfers.xlsx", read_only=True)
        for path in (folder / "data").glob("*.csv"):
            table = pd.read_csv(path, keep_default_na=False)
            rows = [*book[path.stem].iter_rows(values_only=True)]
            assert rows[0] == tuple(table.columns)
            width = len(table.columns)  # empty cells at a row's end are not written
            padded = [(*row, *[None] * (width - len(row))) for row in rows[1:]]
            told = [["" if cell is None else str(cell) for cell in row] for row in padded]
            written = table.astype("str").to_numpy().tolist()
            assert [[*map(_number, row)] for row in told] == [
                [*map(_number, row)] for row in written
            ]
        book.close()

    def test_the_page_of_a_wijk_tells_no_hidden_figure(self, every: Path) -> None:
        """In its tables no number, in its charts no more dots than there are figures."""
        hidden = 0
        for folder in every.glob("GM*"):
            figures = pd.read_csv(folder / "data" / "figures.csv")
            told = figures.set_index(KEY)
            for wijk, rows in figures.groupby("wijk_code"):
                page = folder / f"{wijk}.html"
                if not page.is_file():  # a wijk of an earlier year
                    continue
                text = page.read_text(encoding="utf-8")
                dots = len(re.findall(r'<circle cx="\d+" cy="\d+" r="5.5"', text))
                assert dots <= rows["observed"].notna().sum()
                _, *parts = TABLE.split(text)
                for domain, part in zip(parts[::2], parts[1::2], strict=True):
                    for _, year, cell in ROW.findall(part):
                        key = (domain, wijk, int(year))
                        if key in told.index and told.loc[key, "status"] == "hidden":
                            hidden += 1
                            assert cell == "niet getoond"
        assert hidden > 20

    def test_json_holds_no_figure(self, every: Path) -> None:
        for path in every.glob("*/*.json"):
            for value in json.loads(path.read_text(encoding="utf-8")).values():
                assert not isinstance(value, float)

    def test_every_map_leaves_hidden_wijken_blank(self, every: Path) -> None:
        for folder in every.glob("GM*"):
            figures = pd.read_csv(folder / "data" / "figures.csv")
            text = (folder / "index.html").read_text(encoding="utf-8")
            for domain, year in re.findall(r"id=rank-(\w+)>.*?(20\d\d)\.", text):
                rows = figures[(figures["domain"] == domain) & (figures["year"] == int(year))]
                blank = set(rows.loc[rows["status"] == "hidden", "wijk_code"])
                start = text.find(f"id=map-{domain}-observed-t")
                svg = text[start : text.find("</svg>", start)]
                marks = re.findall(r'<use href="#(\w+)" fill="(#\w+)"><title>([^<]*)', svg)
                assert marks
                assert all(fill == "#fff" for code, fill, _ in marks if code in blank)
                assert all(title.endswith(": –") for code, _, title in marks if code in blank)


class TestProfile:
    def test_parts_of_a_whole_protect_each_other(self, found: tables.Tables) -> None:
        shown = applied.of_tables(found).profile
        last = found.panel[found.panel["year"] == found.about.last_year].set_index("wijk_code")
        ages = [name for name in last.columns if name.startswith("k_") and "jaar" in name]
        wijken = shown[(shown["level"] == "wijk") & shown["name"].isin(ages)]
        told = wijken.groupby("code").size()
        assert (told != len(ages) - 1).all(), "one age band left out is the rest of everyone"
        for code, name, share in wijken[["code", "name", "value"]].itertuples(index=False):
            assert share * last.loc[code, "aantal_inwoners"] >= LEAST - 1e-6, (code, name)

    def test_a_gemeente_is_the_mean_of_what_is_shown(self, found: tables.Tables) -> None:
        shown = applied.of_tables(found).profile
        last = found.panel[found.panel["year"] == found.about.last_year].set_index("wijk_code")
        name = "k_65_jaar_of_ouder"
        rows = shown[shown["name"] == name]
        wijken = rows[rows["level"] == "wijk"].set_index("code")["value"]
        people = last["aantal_inwoners"].reindex(wijken.index)
        mean = (wijken * people).groupby(last["gm_code"].reindex(wijken.index)).sum()
        mean /= people.groupby(last["gm_code"].reindex(wijken.index)).sum()
        told = rows[rows["level"] == "gemeente"].set_index("code")["value"]
        pd.testing.assert_series_equal(mean, told[mean.index], check_names=False)


class TestExplained:
    """What is left when the wijken that are shown are taken away from a mean: nothing."""

    @staticmethod
    def left(table: pd.DataFrame, cells: pd.DataFrame) -> pd.Series:
        """Return what a gemeente's contributions beside its own mean add up to, per feature.

        They add up to 0 over the people whom the mean is of: what is left is of others.
        """
        rows = table.merge(cells[[*KEY, "gm_code", "population"]], on=KEY)
        rows["left"] = rows["contribution_vs_gemeente"] * rows["population"]
        by = rows.groupby(["domain", "year", "gm_code", "feature"])
        return (by["left"].sum() / by["population"].sum()).abs()

    def test_beside_a_gemeente_tells_nothing_of_those_hidden(self, found: tables.Tables) -> None:
        shown = applied.of_tables(found)
        assert shown.explanations is not None
        assert found.explanations is not None
        cells = truth(found)
        assert self.left(shown.explanations, cells).max() < 1e-12
        # the run's own, without the wijken that are hidden, would tell
        own = found.explanations.astype({"domain": "str", "wijk_code": "str", "feature": "str"})
        own = own.merge(shown.explanations[[*KEY, "feature"]], on=[*KEY, "feature"])
        assert (self.left(own, cells) > 1e-6).any()

    def test_beside_similar_wijken_is_beside_those_shown(self, found: tables.Tables) -> None:
        shown = applied.of_tables(found)
        assert shown.explanations is not None
        assert shown.similar is not None
        rows = shown.explanations[shown.explanations["year"] == shown.similar["year"].iloc[0]]
        own = rows.set_index(["domain", "wijk_code", "feature"])
        other = own["contribution"].rename_axis(["domain", "similar_code", "feature"])
        pairs = shown.similar[["wijk_code", "similar_code"]].merge(
            other.reset_index(), on="similar_code"
        )
        mean = pairs.groupby(["domain", "wijk_code", "feature"])["contribution"].mean()
        beside = own["contribution"] - own["contribution_vs_similar"]
        pd.testing.assert_series_equal(
            beside.dropna(), mean.reindex(beside.dropna().index), check_names=False
        )

    def test_no_value_of_a_wijk(self, found: tables.Tables) -> None:
        shown = applied.of_tables(found)
        assert shown.explanations is not None
        assert "value" not in shown.explanations
        assert set(shown.explanations["higher_gemeente"].dropna()) <= {True, False}

    def test_along_its_values_a_feature_is_told_of_ten_wijken_or_more(self) -> None:
        bins = pd.DataFrame({
            "domain": "wmo", "level": "feature", "feature": "a", "bin": range(5),
            "value": [0.0, 1.0, 2.0, 3.0, 4.0], "value_from": 0.0, "value_to": 9.0,
            "contribution": [1.0, 2.0, 3.0, 4.0, 5.0], "low": [0.0, 1, 2, 3, 4],
            "high": [2.0, 3, 4, 5, 6], "share": [0.02, 0.18, 0.6, 0.14, 0.06],
            "n_wijken": [1, 9, 30, 7, 3],
        })  # fmt: skip
        rows = explanations.along_values(bins, 50)
        assert rows is not None
        assert rows["n_wijken"].tolist() == [10, 30, 10]
        assert rows["value"].tolist() == pytest.approx([0.9, 2.0, 3.3])
        assert rows["low"].tolist() == [0.0, 2.0, 3.0]
        assert rows["high"].tolist() == [3.0, 4.0, 6.0]
        assert not {"value_from", "value_to"} & set(rows)
        # of two years a wijk is in it twice
        twice = explanations.along_values(bins, 25)
        assert twice is not None
        assert twice["n_wijken"].tolist() == [50]


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text
