"""Small figures: not shown, and not to be computed from what is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import openpyxl
import pandas as pd
import pytest

from risicomodel.publishing.disclosure import applied, explanations, tables
from support.disclosure import KEY, LEAST, PEOPLE, attack, true_cells, whole_tables
from support.reports import every_report

if TYPE_CHECKING:
    from pathlib import Path

ROW = re.compile(r"<th scope=row>(Geteld|Schatting)\s*<td>(\d{4})\s*<td>([^<\n]*)")
TABLE = re.compile(r"id=detail-(\w+)>")


@pytest.fixture(scope="module")
def of_run() -> tables.Tables:
    return whole_tables()


@pytest.fixture(scope="module")
def every() -> Path:
    return every_report()


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def test_no_small_figure_can_be_read_or_computed(every: Path, of_run: tables.Tables) -> None:
    """No figure of a small cell can be read in a report, nor computed by taking what is shown from
    the totals that are shown.
    """
    cells = true_cells(of_run)
    leaks = [leak for folder in every.glob("GM*") for leak in attack(folder, cells)]
    assert leaks == []


def test_no_count_under_ten_and_no_rate_on_fewer(every: Path, of_run: tables.Tables) -> None:
    """A report shows no count under 10, and no rate on fewer than 10 clients or 100 people."""
    cells = true_cells(of_run)[[*KEY, "population"]]
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


def test_the_page_of_a_wijk_tells_no_hidden_figure(every: Path) -> None:
    """The page of a wijk shows no figure that its downloads hide, neither in a table nor as a dot
    in a chart.

    In its tables no number, in its charts no more dots than there are figures.
    """
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


def test_every_map_leaves_hidden_wijken_blank(every: Path) -> None:
    """Every map leaves hidden wijken blank."""
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


def test_the_workbook_and_the_files_tell_the_same(every: Path) -> None:
    """The workbook and the CSV files of a report hold the same figures."""
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
        assert [[*map(_number, row)] for row in told] == [[*map(_number, row)] for row in written]
    book.close()


def test_json_holds_no_figure(every: Path) -> None:
    """The JSON files of a report hold no figures of wijken."""
    for path in every.glob("*/*.json"):
        for value in json.loads(path.read_text(encoding="utf-8")).values():
            assert not isinstance(value, float)


def test_a_forecast_does_not_tell_what_it_stands_on(of_run: tables.Tables) -> None:
    """No forecast is shown where the figure that it stands on is hidden."""
    cells = true_cells(of_run)
    forecasts = applied.of_tables(of_run).forecasts
    if forecasts is None:
        pytest.skip("the small run has too few years for forecasts")
    small = cells[cells["small"]].rename(columns={"year": "origin_year"})
    told = forecasts.dropna(subset=["rate"])
    both = told.merge(small, on=["domain", "wijk_code", "origin_year"])
    assert both.empty


def test_parts_of_a_whole_protect_each_other(of_run: tables.Tables) -> None:
    """Where one age group of a wijk is hidden, so is another, or the rest would give it away."""
    shown = applied.of_tables(of_run).profile
    last = of_run.panel[of_run.panel["year"] == of_run.about.last_year].set_index("wijk_code")
    ages = [name for name in last.columns if name.startswith("k_") and "jaar" in name]
    wijken = shown[(shown["level"] == "wijk") & shown["name"].isin(ages)]
    told = wijken.groupby("code").size()
    assert (told != len(ages) - 1).all(), "one age band left out is the rest of everyone"
    for code, name, share in wijken[["code", "name", "value"]].itertuples(index=False):
        assert share * last.loc[code, "aantal_inwoners"] >= LEAST - 1e-6, (code, name)


def test_a_mean_of_a_gemeente_is_over_what_is_shown(of_run: tables.Tables) -> None:
    """A mean over a gemeente's wijken is taken over those that are shown."""
    shown = applied.of_tables(of_run).profile
    last = of_run.panel[of_run.panel["year"] == of_run.about.last_year].set_index("wijk_code")
    name = "k_65_jaar_of_ouder"
    rows = shown[shown["name"] == name]
    wijken = rows[rows["level"] == "wijk"].set_index("code")["value"]
    people = last["aantal_inwoners"].reindex(wijken.index)
    mean = (wijken * people).groupby(last["gm_code"].reindex(wijken.index)).sum()
    mean /= people.groupby(last["gm_code"].reindex(wijken.index)).sum()
    told = rows[rows["level"] == "gemeente"].set_index("code")["value"]
    pd.testing.assert_series_equal(mean, told[mean.index], check_names=False)


def test_no_feature_value_of_a_wijk_is_shown(of_run: tables.Tables) -> None:
    """Of a wijk's features a report says on which side of a mean they are, never their value."""
    shown = applied.of_tables(of_run)
    assert shown.explanations is not None
    assert "value" not in shown.explanations
    for way in ("way", "way_gemeente", "way_similar"):
        assert set(shown.explanations[way].dropna()) <= {-1.0, 0.0, 1.0}


def test_a_curve_is_of_ten_wijken_or_more() -> None:
    """A curve along a feature's values describes at least ten wijken at every point."""
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
