"""What the panel takes from each CBS table, and that no file is parsed twice for it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from risicomodel import demo
from risicomodel.app import pipeline, settings
from risicomodel.core.levels import BUURT, WIJK
from risicomodel.data.panel import build, multiple_use
from risicomodel.data.panel.extract import Extracts
from risicomodel.data.sources import boundaries, formats, layout
from risicomodel.data.sources.archive import Archive
from support import fakes
from support.running import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from risicomodel.app.settings import Settings
    from risicomodel.data.domains import Domain

AREAS = [fakes.wijk("WK000300", 3600), fakes.wijk("WK000301", 1200)]
FIGURES = [
    fakes.Figure("GM0003", "Appingedam", "Appingedam", 130.0, change=""),
    fakes.Figure("WK000300", AREAS[0].name, "Appingedam", 85.0),
    fakes.Figure("WK000301", AREAS[1].name, "Appingedam", None),
]
CATALOGUE = {
    "kwb": {2019: ["KWB2019"]}, "jeugd": {2019: ["JZ2019"]}, "wmo": {2019: ["WMO2019"]},
    "stapeling": {2018: ["ST2018"], 2019: ["ST2019"]},
}  # fmt: skip
HEADER = (
    "ID;AantalVoorzieningen;SoortVoorzieningSociaalDomein;Wijken;Perioden;Gemeentenaam_1;"
    "SoortRegio_2;Codering_3;IndelingswijzigingWijken_4;"
)
COUNTS = (
    "ClientenMetVoorzieningen_5;HuishoudensMetVoorzieningen_6;"
    "ClientenMetVoorzieningen_7;HuishoudensMetVoorzieningen_8"
)


def multiple_use_csv(path: Path, year: int, counts: dict[str, str], header: str = COUNTS) -> None:
    """CBS's table of several provisions at once: counts of the year, then rates; half as many of
    two provisions, and in a half year."""
    lines = [HEADER + header]
    for number in ("Totaal", "2 voorzieningen"):
        for period in (f"1e halfjaar {year}", f"{year}"):
            for code, both in counts.items():
                whole = both if (number, period) == ("Totaal", f"{year}") else "5.0;5.0"
                lines.append(
                    f"{len(lines)};{number};Totaal;Wijk;{period};Appingedam;Wijk;{code};1.0;"
                    f"{whole};99.0;98.0"
                )
    path.write_text("﻿" + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fakes.kwb_typed(tmp_path / "KWB2019_TypedDataSet.parquet", AREAS)
    fakes.statline(tmp_path / "JZ2019.csv", fakes.JEUGD, FIGURES, 2019)
    fakes.statline(tmp_path / "WMO2019.csv", fakes.WMO, FIGURES, 2019)
    counts = {"GM0003": "700.0;600.0", "WK000301": "45.0;40.0", "WK000300": "210.0;185.0"}
    multiple_use_csv(tmp_path / "ST2019.csv", 2019, counts)
    counts = {"WK000300": "215.0;.", "WK000301": "50.0;45.0"}
    multiple_use_csv(tmp_path / "ST2018.csv", 2018, counts)
    return tmp_path


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file is parsed, counted at the readers themselves."""
    counts: Counter[str] = Counter()

    def counted(reader: Callable[[Path], object]) -> Callable[[Path], object]:
        def read(path: Path) -> object:
            counts[path.name] += 1
            return reader(path)

        return read

    for suffix, reader in formats.READERS.items():
        monkeypatch.setitem(formats.READERS, suffix, counted(reader))
    monkeypatch.setattr(boundaries, "read_map", counted(boundaries.read_map))
    return counts


def test_an_extract_has_all_that_is_needed_of_a_table(
    folder: Path, domains: dict[str, Domain]
) -> None:
    extracts = Extracts(Archive(folder, CATALOGUE), domains, WIJK)
    kwb = extracts.of("kwb", 2019)
    assert kwb.edition is not None
    assert kwb.edition["wijk_code"].tolist() == ["WK000300", "WK000301"]
    assert list(kwb.figures) == ["bijstand"]
    jeugd = extracts.of("jeugd", 2019)
    assert jeugd.edition is None
    assert jeugd.areas["code"].tolist() == ["GM0003", "WK000300", "WK000301"]
    np.testing.assert_array_equal(jeugd.figures["jeugd"].clients, [130, 85, np.nan])
    assert list(jeugd.halves["jeugd"]) == list(layout.HALVES)
    for half in jeugd.halves["jeugd"].values():
        np.testing.assert_array_equal(half.clients, [125, 80, np.nan])
    record = next(one for one in extracts.provenance if one.subject == "jeugd")
    assert (record.file, record.rows) == ("JZ2019.csv", 3)


def test_of_a_domain_that_was_not_chosen_only_areas_are_taken(
    folder: Path, domains: dict[str, Domain]
) -> None:
    chosen = {"bijstand": domains["bijstand"]}
    wmo = Extracts(Archive(folder, CATALOGUE), chosen, WIJK).of("wmo", 2019)
    assert wmo.areas["code"].tolist() == ["GM0003", "WK000300", "WK000301"]
    assert (wmo.edition, wmo.figures, wmo.halves, wmo.multiple_use) == (None, {}, {}, None)


def test_of_another_level_there_is_no_edition_and_no_multiple_use(
    folder: Path, domains: dict[str, Domain]
) -> None:
    extracts = Extracts(Archive(folder, CATALOGUE), domains, BUURT)
    assert extracts.of("kwb", 2019).edition is None
    assert extracts.years_of_level("kwb") == []
    assert extracts.multiple_use() == []


def test_multiple_use_by_hand(folder: Path, domains: dict[str, Domain]) -> None:
    """The year's total of all provisions, of wijken with both counts; not a half, not a rate."""
    panel = build.build(Archive(folder, CATALOGUE), domains)
    expected = pd.DataFrame(
        {
            "wijk_code": ["WK000300", "WK000301", "WK000301"],
            "year": [2019, 2018, 2019],
            "clients": [210.0, 50.0, 45.0],
            "households": [185.0, 45.0, 40.0],
        }
    )
    pd.testing.assert_frame_equal(panel.multiple_use, expected, check_dtype=False)


def test_a_table_of_multiple_use_without_both_counts_is_passed_over(
    folder: Path, domains: dict[str, Domain]
) -> None:
    header = "ClientenMetVoorzieningen_5;A_6;B_7;C_8"
    multiple_use_csv(folder / "ST2018.csv", 2018, {"WK000300": "215.0;200.0"}, header)
    panel = build.build(Archive(folder, CATALOGUE), domains)
    assert set(panel.multiple_use["year"]) == {2019}
    (folder / "ST2019.csv").unlink()
    without = build.build(Archive(folder, CATALOGUE), domains).multiple_use
    assert without.empty
    assert list(without) == multiple_use.COLUMNS


def test_every_file_is_parsed_once_for_a_panel(
    folder: Path, domains: dict[str, Domain], parses: Counter[str]
) -> None:
    """Though halves, multiple use and areas of other subjects are taken from the same files."""
    panel = build.build(Archive(folder, CATALOGUE), domains)
    assert panel.wijken["jeugd_first_half"].notna().any()
    assert len(panel.multiple_use)
    assert parses == dict.fromkeys((path.name for path in folder.iterdir()), 1)


@pytest.mark.slow
def test_every_file_is_parsed_once_for_a_whole_run(parses: Counter[str], tmp_path: Path) -> None:
    """From the sources to the report; with the cache off, so that nothing is there already."""
    where = ["cache=false", f"data.dir={tmp_path}", f"run.dir={tmp_path / 'run'}"]
    chosen = settings.compose([*SHORT, "split.protocols=[unseen_gemeente,unseen_wijk]", *where])
    outcome = pipeline.run(chosen)
    assert outcome.forecasts is not None
    assert outcome.pages
    (folder,) = (path for path in tmp_path.iterdir() if path.name.startswith("demo-"))
    files = Archive(folder, demo.catalogue(chosen.data.demo), source="demo").files
    of_cbs = [path.name for path in files if not path.name.startswith("truth")]
    assert parses == dict.fromkeys(of_cbs, 1)


@pytest.mark.archive
def test_every_file_of_the_real_archive_is_parsed_once_for_a_panel(
    real_archive: Archive, small_settings: Settings, parses: Counter[str]
) -> None:
    panel = build.build(real_archive, small_settings.domains)
    assert len(panel.multiple_use)
    assert set(parses.values()) == {1}
    assert {ref.path.name for ref in real_archive.refs} <= set(parses)
