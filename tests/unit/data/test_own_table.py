"""A gemeente's own figures: mapped, checked whole, and joined only where features are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from risicomodel.core.errors import ConfigError, DataError, SourceError
from risicomodel.core.storage import sha256_file
from risicomodel.data.sources import own_table
from risicomodel.data.sources.own_table import OwnTable
from support import fakes

if TYPE_CHECKING:
    from pathlib import Path

DOMAINS = ["jeugd", "wmo"]
MAPPING = {"wijk_code": "Wijkcode", "year": "Jaar", "jeugd": "Aantal jongeren"}
OWN = pd.DataFrame(
    {
        "Wijkcode": ["WK000300", "WK000301", "WK000300"],
        "Jaar": [2018, 2018, 2019],
        "Aantal jongeren": [12, None, 14],
        "Opmerking": ["", "onbekend", ""],
    }
)


def written(folder: Path, own: pd.DataFrame = OWN, name: str = "own.csv") -> Path:
    path = folder / name
    if path.suffix == ".csv":
        own.to_csv(path, sep=";", index=False, lineterminator="\n")
    elif path.suffix == ".xlsx":
        own.to_excel(path, index=False)
    else:
        own.to_parquet(path, index=False)
    return path


def read(folder: Path, own: pd.DataFrame = OWN, **mapping: str) -> pd.DataFrame:
    settings = OwnTable(str(written(folder, own)), {**MAPPING, **mapping})
    return own_table.read(settings, DOMAINS)[0]


@pytest.mark.parametrize("name", ["own.csv", "own.xlsx", "own.parquet"])
def test_every_file_type_gives_the_same_mapped_figures(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, OWN, name)
    found, record = own_table.read(OwnTable(str(path), MAPPING, licence="intern"), DOMAINS)
    expected = OWN[list(MAPPING.values())].set_axis(list(MAPPING), axis="columns")
    pd.testing.assert_frame_equal(found, expected.astype({"wijk_code": "str", "jeugd": "float64"}))
    assert (record.source, record.period, record.licence) == ("table", "2018–2019", "intern")
    assert (record.file, record.sha256, record.rows) == (name, sha256_file(path), 3)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"no own table at .*nothing\.csv; expected .*Set data\.own\.path"
    ):
        own_table.read(OwnTable(str(tmp_path / "nothing.csv"), MAPPING), DOMAINS)


def test_everything_wrong_with_a_mapping_is_told_at_once(tmp_path: Path) -> None:
    mapping = {"wijk_code": "Wijk", "jeugt": "Aantal jongeren", "wmo": "Clienten"}
    with pytest.raises(ConfigError, match=r"whose columns are 'Wijkcode', 'Jaar'") as caught:
        own_table.read(OwnTable(str(written(tmp_path)), mapping), DOMAINS)
    assert caught.value.details == (
        "'year' is not mapped",
        "'jeugt' is neither a key nor a chosen domain (did you mean 'jeugd'?)",
        "wijk_code: the file has no column 'Wijk' (did you mean 'Wijkcode'?)",
        "wmo: the file has no column 'Clienten'",
    )


def test_a_mapping_without_any_domain_is_refused(tmp_path: Path) -> None:
    mapping = {key: MAPPING[key] for key in ("wijk_code", "year")}
    with pytest.raises(ConfigError) as caught:
        own_table.read(OwnTable(str(written(tmp_path)), mapping), DOMAINS)
    assert caught.value.details == ("no domain is mapped; this run is about jeugd, wmo",)


def test_everything_wrong_with_the_figures_is_told_at_once(tmp_path: Path) -> None:
    wrong = pd.concat([OWN, OWN.iloc[[0]], OWN.iloc[[2]].assign(Jaar=2019.5)])
    wrong.loc[1, "Aantal jongeren"] = -3
    with pytest.raises(DataError) as caught:
        read(tmp_path, wrong)
    assert caught.value.details == (
        "a year is missing or not a whole number",
        "1 wijk-years occur twice, for example WK000300",
        "1 counts are negative",
    )


def test_counts_that_are_no_whole_persons_are_refused(tmp_path: Path) -> None:
    """A thousand written as ``1.234`` reads as one and a bit: better refused than believed."""
    with pytest.raises(DataError) as caught:
        read(tmp_path, OWN.assign(**{"Aantal jongeren": ["1.234", "", "14"]}))
    assert caught.value.details == ("1 counts are not whole numbers, for example 1.234",)


@pytest.mark.parametrize("code", ["300", "000300", "WK300"])
def test_codes_that_lost_their_leading_zero_are_refused(tmp_path: Path, code: str) -> None:
    with pytest.raises(DataError, match=rf"own\.csv.*'{code}'.*with leading zeros"):
        read(tmp_path, OWN.assign(Wijkcode=[code, "WK000301", "WK000302"]))


def test_codes_a_spreadsheet_turned_into_numbers_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, OWN.assign(Wijkcode=[36300, 36301, 36302]), "own.parquet")
    with pytest.raises(DataError, match=r"'36300'.*Save the column of codes as text"):
        own_table.read(OwnTable(str(path), MAPPING), DOMAINS)


def test_a_cell_that_is_no_number_is_refused_with_its_column(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'jeugd': 1 values are not numbers.*'<10'"):
        read(tmp_path, OWN.assign(**{"Aantal jongeren": ["<10", "12", "14"]}))


PANEL = fakes.panel(
    [("WK000300", 2018, 10, 500), ("WK000301", 2018, None, 400), ("WK000300", 2019, None, 510)],
    domain="jeugd",
)


def test_own_figures_take_the_place_of_published_ones_and_are_observed(tmp_path: Path) -> None:
    joined = own_table.join(PANEL, read(tmp_path), "own.csv")
    assert joined["jeugd_clients"].fillna(-1).tolist() == [12.0, -1.0, 14.0]
    # a blank of the gemeente's own says nothing
    assert joined["jeugd_status"].tolist() == ["observed", "suppressed", "observed"]
    assert joined["jeugd_own"].tolist() == [True, False, True]
    pd.testing.assert_frame_equal(
        joined.drop(columns=["jeugd_clients", "jeugd_status", "jeugd_own"]),
        PANEL.drop(columns=["jeugd_clients", "jeugd_status"]),
    )


def test_a_blank_of_ones_own_leaves_the_published_figure(tmp_path: Path) -> None:
    own = read(tmp_path, OWN.assign(**{"Aantal jongeren": [None, 5, 6]}))
    joined = own_table.join(PANEL, own, "own.csv")
    assert joined["jeugd_clients"].tolist() == [10.0, 5.0, 6.0]


def test_the_order_of_rows_and_the_panels_index_change_nothing(tmp_path: Path) -> None:
    own = read(tmp_path)
    plain = own_table.join(PANEL, own, "own.csv")
    odd = PANEL.set_axis([7, 3, 5]).iloc[[2, 0, 1]]
    mixed = own_table.join(odd, own.iloc[::-1], "own.csv")
    pd.testing.assert_frame_equal(
        mixed.sort_values(["year", "wijk_code"], ignore_index=True), plain
    )


def test_a_year_without_features_is_refused_and_named(tmp_path: Path) -> None:
    own = read(tmp_path, OWN.assign(Jaar=[2018, 2018, 2024]))
    with pytest.raises(DataError, match=r"1 rows have no CBS features.*without features: 2024"):
        own_table.join(PANEL, own, "own.csv")


def test_a_wijk_without_features_is_refused_and_named(tmp_path: Path) -> None:
    own = read(tmp_path, OWN.assign(Wijkcode=["WK000300", "WK999999", "WK000300"]))
    with pytest.raises(DataError, match=r"for example WK999999 in 2018; expected"):
        own_table.join(PANEL, own, "own.csv")


@pytest.mark.parametrize("code", ["GM0003", "BU00030001"])
def test_areas_that_are_no_wijken_are_refused(tmp_path: Path, code: str) -> None:
    own = read(tmp_path, OWN.assign(Wijkcode=["WK000300", code, "WK000300"]))
    with pytest.raises(DataError, match=f"for example {code} in 2018"):
        own_table.join(PANEL, own, "own.csv")
