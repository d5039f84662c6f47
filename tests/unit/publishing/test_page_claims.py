"""No made page contradicts itself: labels, bullets, sentences, tables, charts and downloads."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.publishing.report import site
from risicomodel.publishing.report.settings import ReportSettings
from support import page_claims
from support.reports import english_report, every_report, smallest_gemeente
from support.running import OFF, well, whole_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# what is read of a report: a checker that reads nothing finds nothing
READ = ("sheets", "labels", "labels with a printed mean", "bullets", "reasons", "sentences", "gaps",
        "charts", "questions", "ranked", "marks", "points", "cards", "sums",
        "rows of sums", "sums of wijken")  # fmt: skip


@pytest.fixture(scope="module")
def labels() -> pd.DataFrame:
    return pd.read_csv(whole_run() / "features.csv")


def test_no_page_of_any_gemeente_contradicts_itself(labels: pd.DataFrame) -> None:
    counts: dict[str, int] = dict.fromkeys(READ, 0)
    for folder in sorted(every_report().glob("GM*")):
        report = page_claims.check(folder, labels)
        assert report.wrong == []
        for what, n in report.counts.items():
            counts[what] = counts.get(what, 0) + n
    assert all(counts[what] > 50 for what in READ), counts
    # a label per column: about three for every feature that is named
    assert counts["labels"] > 2 * counts["features"]


def test_no_page_in_english_contradicts_itself(labels: pd.DataFrame) -> None:
    report = page_claims.check(english_report(), labels)
    assert report.wrong == []
    assert report.counts["labels"] > 20


def _in_pages(before: str, after: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        changed = 0
        for page in folder.glob("*.html"):
            text = page.read_text(encoding="utf-8")
            changed += before in text
            page.write_text(text.replace(before, after), encoding="utf-8")
        assert changed, before

    return spoil


def _in_download(name: str, column: str, by: float) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / "data" / f"{name}.csv"
        table = pd.read_csv(path)
        table[column] += by
        table.to_csv(path, index=False)

    return spoil


SPOILT = {
    "a label of the wrong side": _in_pages("meer dan in Nederland", "minder dan in Nederland"),
    "a bullet that goes the other way": _in_pages(" lager, vooral door", " hoger, vooral door"),
    "a sentence that goes the other way": _in_pages("minder dan verwacht.", "meer dan verwacht."),
    "a verdict that is too bold": _in_pages(
        "Dat laatste kan toeval zijn, of een gewone fout van het model.",
        "Dat laatste is meer dan toeval, afronding en de gewone fout van het model.",
    ),
    "the gemeente's level the other way": _in_pages(" hoger dan het model", " lager dan het model"),
    "another figure in the download": _in_download("figures", "observed", 1.0),
    "another part in the download": _in_download("figures", "gap_wijk", 1.0),
    "another expected rate in the download": _in_download("figures", "expected", 1.0),
    "another effect in the download": _in_download("explanations", "contribution_vs_gemeente", 1.0),
    "another side in the download": _in_download("explanations", "way_similar", 1.0),
    "a verdict in the ranking": _in_pages("<td class=t>kan dat zijn", "<td class=t>groter dan dat"),
    "another total in the download": _in_download("totals", "clients", 5.0),
    "another rate of the gemeente": _in_download("totals", "rate", 1.0),
    "another forecast of the gemeente": _in_download("forecast_totals", "rate", 1.0),
    "more people in no wijk": _in_download("sums", "unassigned", 5.0),
    "more wijken together": _in_download("sums", "areas", 100.0),
    "another forecast of a wijk": _in_download("forecasts", "rate", 3.0),
    "another estimate of a wijk": _in_download("figures", "estimate", 3.0),
    "a dot of the chart elsewhere": _in_pages('r="5.5"', 'cy="3" r="5.5"'),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_contradiction_is_noticed(spoilt: str, tmp_path: Path, labels: pd.DataFrame) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(every_report() / smallest_gemeente(), folder)
    assert page_claims.check(folder, labels).wrong == []
    SPOILT[spoilt](folder)
    assert page_claims.check(folder, labels).wrong


@pytest.mark.archive
@pytest.mark.slow
def test_no_page_on_real_figures_contradicts_itself(archive_dir: Path, tmp_path: Path) -> None:
    """Large, small, one wijk, without figures, not delivered, and lacking in the newest year."""
    run = tmp_path / "run"
    where = ["data=archive", f"data.dir={archive_dir}", f"run.dir={run}", *OFF]
    less = ["domain=[jeugd,wmo]", "model=glm", "explain.refits=2", "report.in_run=false"]
    well("run", *where, *less, "split.protocols=[unseen_gemeente,unseen_wijk]")
    features = pd.read_csv(run / "features.csv")
    for name in ("Utrecht", "Emmen", "Zoetermeer", "Vlieland", "Breda", "Almere"):
        folder = tmp_path / name
        site.write(run, folder, ReportSettings(name))
        report = page_claims.check(folder, features)
        assert report.wrong == []
        assert report.counts["sheets"] > 0
