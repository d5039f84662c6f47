"""Reports as people ask for them: which gemeente, which language, what is missing or wrong."""

from __future__ import annotations

import json
import re
import shutil
import string
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely

from risicomodel.core import storage
from risicomodel.publishing.presentation import charts, curves, maps
from risicomodel.publishing.presentation import language as words
from risicomodel.publishing.report import drivers, gemeente, importance_page, records, site
from risicomodel.publishing.report.settings import LANGUAGES, ReportSettings
from support.reports import english_report, smallest_gemeente, texts, whole_country
from support.running import DEMO, OFF, SPLIT, cli, refused, well, whole_run

if TYPE_CHECKING:
    from pathlib import Path

    from risicomodel.publishing.report.country import Country

EXPLAINED = ("explanations.parquet", "explanation_features.parquet",
             "explanation_families.parquet", "similar.csv", "importance.csv", "dependence.csv",
             "interactions.csv")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _run_first() -> None:
    """Make the whole run, and its report, before a test patches what reports are made with."""
    whole_run()


@pytest.fixture(scope="module")
def country() -> Country:
    return whole_country()


@pytest.fixture(scope="module")
def smallest() -> str:
    return smallest_gemeente()


@pytest.fixture(scope="module")
def english() -> Path:
    return english_report()


class TestCatalogues:
    def test_languages_have_the_same_keys_and_fields(self) -> None:
        dutch, english = (words.catalogue(language) for language in ("nl", "en"))
        assert dutch.keys() == english.keys()
        for key, text in dutch.items():
            fields = [
                {name for _, name, _, _ in string.Formatter().parse(one) if name}
                for one in (text, english[key])
            ]
            assert fields[0] == fields[1], key
            assert text.strip()

    def test_numbers_are_written_as_people_do(self, country: Country) -> None:
        dutch, english = (words.Words(language, country.domains) for language in LANGUAGES)
        assert dutch.number(12345.6, 1) == "12.345,6"
        assert english.number(12345.6, 1) == "12,345.6"
        assert dutch.signed(-0.04) == "0,0"
        assert dutch.change("wmo", 0.0042) == "+4,2"
        assert dutch.rate("wmo", float("nan")) == words.NOTHING


class TestCommand:
    def test_a_report_from_a_run_by_name(
        self, tmp_path: Path, country: Country, smallest: str
    ) -> None:
        name = gemeente.find(country, smallest)[0].name
        out = well("report", whole_run(), f"gemeente={name}", f"run.dir={tmp_path / 'out'}").out
        assert "index.html" in out
        pages = {path.name for path in (tmp_path / "out").glob("*.html")}
        names = ("index", "wonen", "wat-telt-mee", "uitleg", "gegevens", "register")
        assert {f"{page}.html" for page in names} < pages
        mark = json.loads((tmp_path / "out" / site.MARK).read_text(encoding="utf-8"))
        assert mark["gemeente"] == smallest
        # again, in another language, in its place
        well("report", whole_run(), f"gemeente={smallest}", "report.language=en",
             f"run.dir={tmp_path / 'out'}")  # fmt: skip
        assert '<html lang="en">' in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")

    def test_the_register_record_has_the_fields_of_the_standard(
        self, tmp_path: Path, smallest: str
    ) -> None:
        site.write(whole_run(), tmp_path / "out", ReportSettings(smallest))
        path = tmp_path / "out" / "algoritmeregister.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        most = {"name": 100, "organization": 100, "description_short": 350, "goal": 2500,
                "proportionality": 2500, "human_intervention": 2500, "risks": 2500,
                "lawful_basis": 2500, "source_data": 10_000}  # fmt: skip
        for name, length in most.items():
            assert 0 < len(record[name]) <= length, name
        assert record["standard_version"] == "1.0"
        assert "Herkomst is geen kenmerk" in record["proportionality"]
        assert record["status"] in {"In ontwikkeling", "In gebruik", "Buiten gebruik"}


class TestAll:
    @pytest.fixture
    def stopped(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """What is left of ``gemeente=all`` when it ends early."""
        write, made = site._write_one, 0

        def stops(*given: Any) -> None:
            nonlocal made
            made += 1
            if made > 3:
                raise KeyboardInterrupt
            write(*given)

        with monkeypatch.context() as patch:
            patch.setattr(site, "_write_one", stops)
            with pytest.raises(KeyboardInterrupt):
                site.write(whole_run(), tmp_path / "all", ReportSettings("all"))
        return tmp_path / "all"

    def test_the_index_leads_to_every_gemeente(self, tmp_path: Path, country: Country) -> None:
        done = well("report", whole_run(), "gemeente=all", f"run.dir={tmp_path / 'all'}")
        index = tmp_path / "all" / "index.html"
        assert f"index:    {index}\n" in done.out
        text, said = index.read_text(encoding="utf-8"), texts(index)
        for one in gemeente.find(country, "all"):
            assert f'<a href="{one.code}/index.html">{one.name}</a>' in text
            assert (index.parent / one.code / "index.html").is_file()
        assert "Verzonnen cijfers" in said
        assert "dit gaat over wijken, niet over mensen" in said
        wmo = country.rates["wmo", country.newest["wmo"]]
        assert words.Words("nl", country.domains).rate("wmo", wmo) in said
        # one gemeente is asked for in its place: nothing of the others is left
        well("report", whole_run(), f"gemeente={one.code}", f"run.dir={tmp_path / 'all'}")
        assert not [*index.parent.glob("GM*")]

    def test_there_is_no_index_until_all_are_there(self, stopped: Path) -> None:
        assert len([*stopped.glob("GM*/index.html")]) == 3
        assert not (stopped / "index.html").exists()
        assert not [*stopped.glob(".*")]

    def test_the_same_command_goes_on(self, stopped: Path, country: Country) -> None:
        before = {path: path.stat().st_mtime_ns for path in stopped.glob("GM*/index.html")}
        (stopped / ".GM0001.x.partial").mkdir()  # what a process leaves that is killed outright
        well("report", whole_run(), "gemeente=all", f"run.dir={stopped}")
        assert {path: path.stat().st_mtime_ns for path in before} == before
        assert len([*stopped.glob("GM*/index.html")]) == len(gemeente.find(country, "all"))
        assert (stopped / "index.html").is_file()
        assert not [*stopped.glob(".*")]

    def test_another_command_starts_over(self, stopped: Path) -> None:
        site.write(whole_run(), stopped, ReportSettings("all", "en"))
        for page in stopped.glob("GM*/index.html"):
            assert "<html lang=en>" in page.read_text(encoding="utf-8").replace('"', "")

    def test_a_finished_index_is_not_there_while_it_is_made_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "all"
        site.write(whole_run(), folder, ReportSettings("all"))
        shutil.rmtree(min(folder.glob("GM*")))
        monkeypatch.setattr(site, "_write_one", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            site.write(whole_run(), folder, ReportSettings("all"))
        assert not (folder / "index.html").exists()

    def test_two_at_once_take_turns_and_nothing_is_made_twice(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made: list[str] = []
        under_way: list[str] = []

        def slowly(one: gemeente.Gemeente, context: site.Context, folder: Path) -> None:
            under_way.append(one.code)
            time.sleep(0.01)
            made.append("alone" if len(under_way) == 1 else "at once")
            storage.write_json(folder / site.MARK, {"gemeente": one.code, **context.mark})
            under_way.remove(one.code)

        monkeypatch.setattr(site, "_write_one", slowly)
        with ThreadPoolExecutor(2) as both:
            asked = [
                both.submit(site.write, whole_run(), tmp_path / "all", ReportSettings("all"))
                for _ in range(2)
            ]
            first, second = (one.result() for one in asked)
        assert first == second
        assert made == ["alone"] * (len(first) - 1)


class TestMistakes:
    def test_unknown_gemeente(self, country: Country, smallest: str) -> None:
        name = gemeente.find(country, smallest)[0].name
        refused(cli("report", whole_run(), f"gemeente={name}x"), "did you mean", name)

    def test_no_gemeente(self) -> None:
        refused(cli("report", whole_run()), "no gemeente is named", "gemeente=")

    def test_no_run(self, tmp_path: Path) -> None:
        refused(cli("report", tmp_path, "gemeente=GM0001"), "not a finished run", "run.json")

    def test_a_folder_with_something_else(self, tmp_path: Path, smallest: str) -> None:
        (tmp_path / "mine.txt").write_text("mine")
        done = cli("report", whole_run(), f"gemeente={smallest}", f"run.dir={tmp_path}")
        refused(done, "exists and is not a report")
        assert (tmp_path / "mine.txt").is_file()

    def test_unknown_language(self) -> None:
        done = cli("report", whole_run(), "gemeente=GM0001", "report.language=nll")
        refused(done, "did you mean 'nl'?", "nl, en")

    def test_a_run_without_estimates(self, copied: Path) -> None:
        (copied / "predictions.parquet").unlink()
        refused(cli("report", copied, "gemeente=GM0001"), "predictions.parquet", "risicomodel run")


class TestOddities:
    def test_pages_do_without_what_a_run_has_not(
        self, copied: Path, tmp_path: Path, smallest: str
    ) -> None:
        for name in (*EXPLAINED, "forecasts.parquet", "forecast_sums.csv", "outlines.parquet",
                     "stacking.parquet"):  # fmt: skip
            (copied / name).unlink(missing_ok=True)
        index, *_ = site.write(copied, tmp_path / "out", ReportSettings(smallest))
        assert "geen wijkgrenzen bekend" in texts(index)
        assert "geen vooruitblik" in texts(index)
        wijk = min(index.parent.glob("WK*.html"))
        assert "staat niet welke kenmerken" in texts(wijk)
        assert "staat niet welke wijken op elkaar lijken" in texts(wijk)
        assert "staat niet welke kenmerken meetellen" in texts(index.parent / "wat-telt-mee.html")

    def test_a_gemeente_of_which_nothing_may_be_shown(
        self, copied: Path, tmp_path: Path, smallest: str
    ) -> None:
        panel = pd.read_parquet(copied / "panel.parquet")
        here = panel["gm_code"] == smallest
        panel.loc[here, [c for c in panel.columns if c.endswith("_population")]] = 40.0
        panel.loc[here, [c for c in panel.columns if c.endswith("_clients")]] = 4.0
        panel.loc[here, "aantal_inwoners"] = 40.0
        panel.to_parquet(copied / "panel.parquet", index=False)
        predictions = pd.read_parquet(copied / "predictions.parquet")
        codes = set(panel.loc[here, "wijk_code"])
        rows = predictions["wijk_code"].isin(codes)
        predictions.loc[rows, ["population", "clients"]] = [40.0, 4.0]
        predictions.to_parquet(copied / "predictions.parquet", index=False)
        for name in ("forecasts.parquet", "forecast_sums.csv"):
            (copied / name).unlink(missing_ok=True)
        index, *_ = site.write(copied, tmp_path / "out", ReportSettings(smallest))
        assert "geen getelde cijfers die te tonen zijn" in texts(index)
        assert "minder dan 100 mensen" in texts(min(index.parent.glob("WK*.html")))
        figures = pd.read_csv(index.parent / "data" / "figures.csv")
        assert figures[["observed", "estimate", "expected"]].isna().all(axis=None)

    def test_a_gemeente_of_which_wijken_lack_has_no_rate_as_a_whole(
        self, copied: Path, tmp_path: Path, smallest: str
    ) -> None:
        """Clients of everyone over people of a part of it would be no rate."""
        totals = pd.read_parquet(copied / "gemeenten.parquet")
        here = totals["gm_code"] == smallest
        totals.loc[here, "wmo_clients"] = totals.loc[here, "wmo_clients"] * 3
        totals.to_parquet(copied / "gemeenten.parquet", index=False)
        before, *_ = site.write(whole_run(), tmp_path / "before", ReportSettings(smallest))
        after, *_ = site.write(copied, tmp_path / "after", ReportSettings(smallest))
        assert "ontbreken wijken van deze gemeente" not in texts(before)
        assert "ontbreken wijken van deze gemeente" in texts(after)
        table = pd.read_csv(after.parent / "data" / "totals.csv")
        rows = table[(table["domain"] == "wmo") & (table["source"] == "partial")]
        assert len(rows)
        assert rows[["clients", "rate"]].isna().all(axis=None)
        ahead = after.parent / "data" / "forecast_totals.csv"
        if ahead.is_file():
            assert pd.read_csv(ahead)["rate"].isna().all(), "they are sums of the wijken there are"

    def test_a_wijk_without_features_or_geometry(
        self, copied: Path, tmp_path: Path, smallest: str
    ) -> None:
        panel = pd.read_parquet(copied / "panel.parquet")
        code = panel.loc[panel["gm_code"] == smallest, "wijk_code"].iloc[0]
        predictions = pd.read_parquet(copied / "predictions.parquet")
        predictions = predictions[predictions["wijk_code"] != code]
        predictions.to_parquet(copied / "predictions.parquet", index=False)
        outlines = pd.read_parquet(copied / "outlines.parquet")
        outlines[outlines["wijk_code"] != code].to_parquet(copied / "outlines.parquet", index=False)
        index, *_ = site.write(copied, tmp_path / "out", ReportSettings(smallest))
        assert "te weinig bekend over wie er wonen" in texts(index.parent / f"{code}.html")
        assert f"{code}.html" in index.read_text(encoding="utf-8")


class TestCounts:
    """The page on what the model uses and what it does not: of the country, made once."""

    def test_what_counts_most_is_named_first(self, english: Path) -> None:
        table = pd.read_csv(whole_run() / "importance.csv")
        labels = pd.read_csv(whole_run() / "features.csv").set_index("feature")["label_en"]
        said = texts(english / "wat-telt-mee.html")
        for domain in ("jeugd", "wmo", "bijstand"):
            rows = table[(table["domain"] == domain) & (table["level"] == "feature")]
            first, second = rows.sort_values("rank")["name"].head(2)
            assert 0 < said.find(f"{labels[first]} (") < said.rfind(f"{labels[second]} (")

    def test_all_that_is_not_used_is_named_with_why(self, english: Path) -> None:
        table = pd.read_csv(whole_run() / "importance.csv", keep_default_na=False)
        labels = pd.read_csv(whole_run() / "features.csv").set_index("feature")["label_en"]
        left = table[(table["level"] == "feature") & ~table["used"]]
        assert len(left)
        said = texts(english / "wat-telt-mee.html")
        for name in left["name"]:
            assert labels[name] in said
        assert "Hardly any effect" in said
        assert "Residents' origin" in said
        assert "Income and benefits" in said

    def test_it_is_worked_out_once_for_all_gemeenten(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = []
        view = importance_page.view
        monkeypatch.setattr(importance_page, "view", lambda *given: made.append(1) or view(*given))
        monkeypatch.setattr(site, "_write_one", lambda *_: None)
        site.write(whole_run(), tmp_path / "all", ReportSettings("all"))
        assert len(made) == 1

    @pytest.mark.parametrize(
        ("added", "way"),
        [([-1, 0, 1, 2], "up"), ([2, 0, 0, -1], "down"), ([0, 3, 3, 1], "both")],
    )
    def test_a_curve_says_which_way_it_goes(self, added: list[float], way: str) -> None:
        bins = pd.DataFrame({"value": [0.1, 0.2, 0.3, 0.4], "contribution": added,
                             "share": [0.25, 0.25, 0.25, 0.25]})  # fmt: skip
        bins = bins.assign(low=bins["contribution"] - 1.0, high=bins["contribution"] + 1.0)
        drawn = curves.draw(bins, -3.0, 4.0)
        assert drawn is not None
        assert drawn.way == way
        assert drawn.change == added[-1] - added[0]
        assert drawn.density.startswith("M")
        assert drawn.density.endswith("z")

    def test_a_curve_is_told_of_where_most_wijken_are(self) -> None:
        bins = pd.DataFrame({"value": [0.0, 1.0, 2.0, 9.0], "contribution": [5.0, 0.0, 1.0, 7.0],
                             "share": [0.02, 0.5, 0.46, 0.02]})  # fmt: skip
        drawn = curves.draw(bins.assign(low=0.0, high=9.0), 0.0, 9.0)
        assert drawn is not None
        assert drawn.span == (1.0, 2.0)
        assert drawn.peak == 2.0
        assert curves.draw(bins.head(1).assign(low=0.0, high=9.0), 0.0, 9.0) is None

    def test_values_are_written_as_people_do(self, country: Country) -> None:
        dutch = words.Words("nl", country.domains)
        labels = {"a": {"unit": "share"}, "b": {"unit": "log persons"}, "c": {"unit": "log kWh"}}
        writer = importance_page.FeatureWriter(dutch, labels, {"c"})
        assert writer.value("a", 0.123) == "12%"
        assert writer.value("b", np.log(12345)) == "12.000"
        assert writer.value("c", np.log(0.8)) == "80%"

    def test_a_pair_is_told_where_it_moves_most(self, country: Country) -> None:
        dutch = words.Words("nl", country.domains)
        labels = {name: {"unit": "share", "label_nl": name} for name in ("flats", "koop")}
        row = {"feature_1": "flats", "feature_2": "koop", "high_high": -0.0001,
               "high_low": 0.0003, "low_high": 0.0, "low_low": None}  # fmt: skip
        writer = importance_page.FeatureWriter(dutch, labels, set())
        told = writer.pair("wmo", row)
        assert told is not None
        assert told.startswith("veel flats én weinig koop: samen 0,3 per 1.000 meer")
        assert writer.pair("jeugd", row) is None, "0.03 per 100 is written as 0.0"


class TestParts:
    @pytest.fixture
    def explained(self) -> list[dict[str, Any]]:
        """A wijk with three features, one of which is not stable; no similar wijk is shown."""
        rows = pd.DataFrame({
            "wijk_code": "WK000101", "year": 2019, "base_rate": 0.06,
            "feature": ["a", "b", "c"], "contribution": [0.01, -0.02, 0.00001],
            "contribution_vs_gemeente": [-0.004, -0.01, 0.0], "contribution_vs_similar": np.nan,
            "stable": [True, False, True], "way": [1.0, 1.0, -1.0],
            "way_gemeente": [-1.0, 1.0, -1.0], "way_similar": None,
        })  # fmt: skip
        return records.records(rows)

    def test_only_what_is_stable_is_a_driver(
        self, country: Country, explained: list[dict[str, Any]]
    ) -> None:
        dutch = words.Words("nl", country.domains)
        labels = {"a": {"label_nl": "eenpersoonshuishoudens", "unit": "share"}}
        said = drivers.explain(explained, labels, dutch, "wmo", "Zuiderdam")
        assert said is not None
        (driver,) = said.drivers
        assert driver.description == "eenpersoonshuishoudens"
        assert driver.sides == {
            "country": "meer dan in Nederland", "gemeente": "minder dan in Zuiderdam",
        }  # fmt: skip
        assert driver.question == "meer eenpersoonshuishoudens dan in Nederland"
        assert said.rate == pytest.approx(0.05001)
        assert said.others.effects["country"] == pytest.approx(-0.01999)

    def test_nothing_is_high_for_lying_in_the_east(self, country: Country) -> None:
        dutch = words.Words("nl", country.domains)
        labels = {"a": {"label_nl": "ligging van west naar oost", "unit": "km"}}
        row = {"feature": "a", "way": 1.0}
        said = drivers.in_words(row, "way", "wijk.drivers.short", labels, dutch)
        assert said == "ligging van west naar oost"

    def test_a_wijk_is_set_beside_others_in_words(
        self, country: Country, explained: list[dict[str, Any]]
    ) -> None:
        dutch = words.Words("nl", country.domains)
        labels = {"a": {"label_nl": "eenpersoonshuishoudens", "unit": "share"}}
        said = drivers.explain(explained, labels, dutch, "wmo", "Zuiderdam")
        assert said is not None
        assert [drivers.sentence("wmo", one, "Zuiderdam", dutch) for one in said.comparisons] == [
            "Naast Nederland (60,0): 10,0 lager.",
            "Naast Zuiderdam (64,0): 14,0 lager, vooral door minder eenpersoonshuishoudens.",
        ]

    def test_pages_set_every_explained_wijk_beside_three(self, english: Path) -> None:
        rows = pd.read_csv(english / "data" / "explanations.csv")
        for beside in ("gemeente", "similar"):
            assert rows[f"contribution_vs_{beside}"].notna().any()
        said = texts(english / f"{rows['wijk_code'].iloc[0]}.html")
        for beside in ("the Netherlands", "wijken like this one"):
            assert f"Beside {beside} (" in said

    def test_drivers_are_of_the_year_told_of_or_the_newest_explained(self) -> None:
        rows = pd.DataFrame({"year": [2018, 2020, 2020]})
        assert drivers.of_year(rows, 2018)["year"].tolist() == [2018]
        assert drivers.of_year(rows, 2019)["year"].tolist() == [2020, 2020]
        assert drivers.of_year(rows.iloc[:0], 2019).empty

    def test_a_chart_is_broken_where_a_figure_is_hidden(self) -> None:
        past = pd.DataFrame(
            {"observed": [0.1, np.nan, 0.1, 0.2], "estimate": [0.1, np.nan, 0.1, 0.2]},
            index=[2016, 2017, 2018, 2019],
        ).assign(expected=0.1)
        ahead = pd.DataFrame({"rate": [], "lower": [], "upper": []}, dtype="float64")
        chart = charts.trend(past, ahead, 100, str)
        assert chart is not None
        assert len(chart.observed) == 3
        alone, line = chart.estimate
        assert len(set(alone.split())) == 1, "a point alone is a dot: it would not be seen"
        assert len(set(line.split())) == 2

    def test_an_outline_that_crosses_itself_is_drawn(self, country: Country, smallest: str) -> None:
        """CBS's simplified maps have a few: made valid they are areas and stray lines."""
        one = gemeente.find(country, smallest)[0]
        bow = shapely.from_wkt("POLYGON ((0 0, 9 9, 9 0, 0 9, 0 0, 5 -5, 0 0))")
        drawing = maps.draw(one.wijken[["wijk_code"]].assign(outline=shapely.to_wkb(bow)))
        assert set(drawing.paths) == set(one.wijken["wijk_code"])

    def test_colours_change_at_the_breaks(self) -> None:
        assert [maps.shade(value, [1.0, 2.0]) for value in (0.5, 1.0, 3.0)] == [0, 1, 2]
        assert maps.shade(None, [1.0]) is None


class TestDomains:
    """Titles, words and laws follow the domains that a run has, and whose figures they are."""

    @pytest.fixture(scope="class")
    @classmethod
    def benefits(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The folder of a run of disability benefits alone."""
        run = tmp_path_factory.mktemp("ao") / "run"
        well("run", *DEMO, *SPLIT, *OFF, "domain=ao", "model=glm", "explain.refits=0",
             f"run.dir={run}")  # fmt: skip
        return run

    def test_a_run_of_another_domain_has_its_own_words(self, benefits: Path) -> None:
        folder = benefits / "report"
        said = texts(folder / "index.html")
        assert "per wijk: Arbeidsongeschiktheid" in said
        for page in folder.glob("*.html"):
            if page.name != "wonen.html":
                assert not re.search(r"[Jj]eugdzorg|jongeren met", texts(page)), page.name
        record = json.loads((folder / "algoritmeregister.json").read_text(encoding="utf-8"))
        assert record["category"] == ["Sociale zekerheid"]
        assert record["lawful_basis_grouping"] == []
        assert "Arbeidsongeschiktheid" in record["description_short"]
        assert "Jeugdwet" not in json.dumps(record)

    def test_laws_are_those_of_the_domains(self, tmp_path: Path, smallest: str) -> None:
        site.write(whole_run(), tmp_path / "out", ReportSettings(smallest))
        path = tmp_path / "out" / "algoritmeregister.json"
        laws = json.loads(path.read_text(encoding="utf-8"))["lawful_basis_grouping"]
        assert {law["title"] for law in laws} == {
            "Jeugdwet", "Wet maatschappelijke ondersteuning 2015", "Participatiewet",
        }  # fmt: skip


class TestOwnFigures:
    @pytest.fixture
    def mixed(self, copied: Path, smallest: str) -> Path:
        """The whole run, its youth figures of one gemeente in the newest year its own."""
        panel = pd.read_parquet(copied / "panel.parquet")
        here = (panel["gm_code"] == smallest) & (panel["year"] == panel["year"].max())
        panel["jeugd_own"] = (here & panel["jeugd_clients"].notna()).to_numpy()
        assert panel["jeugd_own"].any()
        panel.to_parquet(copied / "panel.parquet", index=False)
        return copied

    def test_are_not_called_those_of_cbs(self, mixed: Path, tmp_path: Path, smallest: str) -> None:
        index, *_ = site.write(mixed, tmp_path / "out", ReportSettings(smallest))
        folder = index.parent
        figures = pd.read_csv(folder / "data" / "figures.csv")
        marked = figures[figures["own"] & figures["observed"].notna()]
        assert len(marked)
        for code in marked["wijk_code"]:
            assert "van de gemeente zelf, niet van CBS" in texts(folder / f"{code}.html")
        assert "†" in texts(index)
        assert "of de gemeente zelf waar dat erbij staat" in texts(index)
        record = json.loads((folder / "algoritmeregister.json").read_text(encoding="utf-8"))
        assert "alleen open cijfers" not in record["proportionality"]
        assert "eigen aantallen" in record["proportionality"]
        assert "eigen cijfers" in record["source_data"]
        for page in ("gegevens", "uitleg"):
            assert "eigen cijfers" in texts(folder / f"{page}.html").lower()

    def test_of_one_gemeente_are_not_said_of_another(
        self, mixed: Path, tmp_path: Path, country: Country, smallest: str
    ) -> None:
        other = next(one for one in gemeente.find(country, "all") if one.code != smallest)
        index, *_ = site.write(mixed, tmp_path / "out", ReportSettings(other.code))
        figures = pd.read_csv(index.parent / "data" / "figures.csv")
        assert not figures["own"].any()
        record = json.loads((index.parent / "algoritmeregister.json").read_text(encoding="utf-8"))
        assert "alleen open cijfers" in record["proportionality"]


class TestNotInTheNewestYear:
    @pytest.fixture
    def left_out(self, copied: Path, smallest: str) -> Path:
        """The whole run without one gemeente's newest year, but with forecasts of it."""
        for name in ("panel", "predictions", "explanations", "explanation_features"):
            path = copied / f"{name}.parquet"
            table = pd.read_parquet(path)
            last = table["year"].max()
            here = table["wijk_code"].astype("str").str[2:6] == smallest[2:]
            table[~(here & (table["year"] == last))].to_parquet(path, index=False)
        return copied

    def test_has_a_report_of_the_newest_year_there_is(
        self, left_out: Path, tmp_path: Path, smallest: str
    ) -> None:
        if not (left_out / "forecasts.parquet").is_file():
            pytest.skip("the small run has too few years for forecasts")
        panel = pd.read_parquet(left_out / "panel.parquet")
        last = int(panel["year"].max())
        index, *_ = site.write(left_out, tmp_path / "out", ReportSettings(smallest))
        assert f"over {last} ontbreekt" in texts(index)
        assert f"uit van {last - 1}" in texts(index)
        for page in index.parent.glob("WK*.html"):
            assert f"Dit blad gaat uit van {last - 1}" in texts(page)

    def test_a_gemeente_that_is_no_more_has_none(self, left_out: Path) -> None:
        for name in ("forecasts.parquet", "forecast_sums.csv"):
            (left_out / name).unlink(missing_ok=True)
        refused(cli("report", left_out, f"gemeente={smallest_gemeente()}"), "no gemeente")
