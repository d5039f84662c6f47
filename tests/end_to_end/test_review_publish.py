"""``review publish``: a round back into the report of the run that people judged."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.app.review import folders
from risicomodel.core import storage
from risicomodel.data.domains import Domain
from risicomodel.publishing.disclosure import reviews
from risicomodel.publishing.presentation.language import Words
from risicomodel.runs.contract import NOT_FOR_PRINT, published_rounds
from support import made_pages, page_claims
from support.published import ROUND as ROUND_FOLDER
from support.published import RUN, played_and_published, published_folder
from support.running import cli, refused, well, whole_run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run() -> Path:
    return played_and_published() / RUN


@pytest.fixture(scope="module")
def mark(run: Path) -> dict[str, str]:
    return json.loads((published_folder(run) / published_rounds.MARK).read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def report(run: Path, mark: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "nl"
    well("report", run, f"gemeente={mark['gm_code']}", f"run.dir={folder}")
    return folder


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "copied"
    shutil.copytree(played_and_published(), folder)
    path = folder / ROUND_FOLDER / "round.json"
    place = published_folder(folder / RUN)
    kept = json.loads(path.read_text()) | {"published_in": [str(place)]}  # not the shared one
    path.write_text(json.dumps(kept))
    return folder


def test_only_what_may_be_published_lies_beside_the_run_and_its_record_stays(run: Path) -> None:
    files = {path.name for path in published_folder(run).iterdir()}
    assert files == {*(f"{name}.csv" for name in published_rounds.PUBLISHED), "round.json"}
    assert not set(published_rounds.PUBLISHED) & set(NOT_FOR_PRINT)
    record, before = run / "run.json", whole_run() / "run.json"
    assert record.read_bytes() == before.read_bytes()
    assert json.loads(record.read_text())["review"] == published_rounds.UNREVIEWED


def test_every_page_says_that_people_reviewed_it(report: Path, mark: dict[str, str]) -> None:
    pages = list(report.glob("*.html"))
    assert len(pages) > 8
    for page in pages:
        said = made_pages.read(page).of_class("reviewed")[0].text
        assert said.startswith("Op "), page.name
        told = f"gaven minstens 10 mensen uit {mark['gemeente']} hun beeld" in said
        elsewhere = "Over deze wijk is daar geen uitkomst van." in said
        assert told != elsewhere, page.name
        if page.name.startswith("WK"):
            assert told == any("te weinig antwoorden" not in one for one in _said(page)), page.name


def test_pages_of_other_gemeenten_say_that_nobody_did(run: Path, tmp_path: Path) -> None:
    well("report", run, "gemeente=largest", "report.language=en", f"run.dir={tmp_path / 'other'}")
    for page in (tmp_path / "other").glob("*.html"):
        said = made_pages.read(page).of_class("reviewed")[0].text
        assert said == "This has not been discussed yet with people of the wijk."
        assert 'id="said-here"' not in page.read_text()


def test_the_page_of_a_wijk_has_what_the_table_thinks_beside_the_model(
    run: Path, report: Path, mark: dict[str, str]
) -> None:
    record = json.loads((run / "run.json").read_text())
    domains = {name: Domain(**of) for name, of in record["configuration"]["domains"].items()}
    words = Words("nl", domains)
    table = pd.read_csv(published_folder(run) / "field_estimates.csv").set_index(
        ["wijk_code", "domain", "phase"]
    )
    ahead = pd.read_parquet(run / "forecasts.parquet").query("champion")
    figures = 0
    for (code, domain), rows in table.groupby(["wijk_code", "domain"]):
        of_phase = rows.droplevel([0, 1])
        again = of_phase["rate"].notna().get("again", False)
        row = of_phase.loc["again" if again else "own_view"]
        model = ahead[ahead["wijk_code"].eq(code) & ahead["domain"].eq(domain)]
        model = model[model["year"].eq(row["year"])].iloc[0]
        lines = _said(report / f"{code}.html")
        line = next((one for one in lines if one.startswith(words.label(domain) + ",")), "")
        if pd.isna(row["rate"]):
            assert not line
            continue
        figures += 1
        assert f"mensen denken {words.rate(domain, row['rate'])}" in line
        assert words.band(domain, row["lower"], row["upper"]) in line
        assert f"model is {words.rate(domain, model['rate'])}" in line
        assert ("niet met elkaar eens" in line) == (row["verdict"] == "disagree")
    assert figures > 10


def test_what_was_agreed_and_not_recognised_is_on_the_page(run: Path, report: Path) -> None:
    actions = pd.read_csv(published_folder(run) / "actions.csv")
    for row in actions.itertuples():
        line = _said(report / f"{row.wijk_code}.html")[-1]
        assert line.startswith(f"Afgesproken: {row.text}")
        assert f"Wie: {row.owner}." in line
    causes = pd.read_csv(published_folder(run) / "contested_drivers.csv")
    labels = pd.read_csv(run / "features.csv").set_index("feature")["label_nl"]
    for code, rows in causes.groupby("wijk_code"):
        said = " ".join(one for one in _said(report / f"{code}.html") if "herkennen dat" in one)
        for row in rows.itertuples():
            assert not row.contested or labels[row.feature] in said
        assert bool(said) == rows["contested"].any()


def test_no_page_says_how_many_answered_on_a_wijk(report: Path) -> None:
    for page in report.glob("WK*.html"):
        assert not re.search(r"\b\d+ (mensen|personen|antwoorden)\b", " ".join(_said(page)))


def test_the_checker_of_pages_finds_no_contradiction(run: Path, report: Path) -> None:
    assert page_claims.check(report, pd.read_csv(run / "features.csv")).wrong == []


def test_a_round_is_published_beside_its_own_run_alone(copied: Path) -> None:
    changed = copied / RUN / "run.json"
    changed.write_text(changed.read_text().replace('"seed": ', '"seed": 1'))
    done = cli("review", "publish", copied / ROUND_FOLDER, copied / RUN)
    refused(done, "is not the run that round", "SHA-256")


def test_publishing_again_replaces_and_deleting_removes(copied: Path) -> None:
    folder = copied / ROUND_FOLDER
    run = copied / RUN
    (published_folder(run) / "left.csv").touch()
    before = storage.sha256_file(published_folder(run) / "field_estimates.csv")
    done = well("review", "publish", folder, run)
    assert "not tracked" in done.out
    assert not (published_folder(run) / "left.csv").exists()
    assert storage.sha256_file(published_folder(run) / "field_estimates.csv") == before
    name = published_folder(run).name
    assert f"removed: {run}/review/{name}" in well("review", "delete", folder, f"yes={name}").out
    assert list((run / "review").iterdir()) == []


@pytest.mark.parametrize("forgets", ["nothing", "its mark", "its tables"])
def test_who_withdraws_is_not_told_by_subtraction(copied: Path, forgets: str) -> None:
    folder, run = copied / ROUND_FOLDER, copied / RUN
    place = published_folder(run)
    before = {name: pd.read_csv(place / f"{name}.csv") for name in published_rounds.COUNTED}
    store = folders.store(f"sqlite:///{folder / folders.DATABASE}")
    assert sum(store.withdraw(person.number) for person in store.people()[:3]) > 0
    store.engine.dispose()
    if forgets == "its tables":
        shutil.rmtree(place)
    if forgets == "its mark":
        path = folder / folders.MARK
        kept = json.loads(path.read_text())
        del kept[folders.PUBLISHED_COUNTS]
        path.write_text(json.dumps(kept))
    assert "blank: " in well("review", "publish", folder, run).out
    hashes = {path.name: storage.sha256_file(path) for path in place.glob("*.csv")}
    for name, keys in published_rounds.COUNTED.items():
        after = pd.read_csv(place / f"{name}.csv")
        both = before[name].merge(after, on=list(keys), suffixes=("_before", "_after"))
        fell = both["n_before"] - both["n_after"]
        assert not fell.between(1, 4).any(), name
        assert before[name]["n"].notna().sum() > after["n"].notna().sum(), name
    well("review", "publish", folder, run)
    assert {path.name: storage.sha256_file(path) for path in place.glob("*.csv")} == hashes
    assert len(reviews.read(run, storage.sha256_file(run / "run.json"))) == 1  # the gate keeps it


def _said(page: Path) -> list[str]:
    section = made_pages.section(made_pages.read(page), "said-here")
    return [] if section is None else [one.text for one in section.all("li")]
