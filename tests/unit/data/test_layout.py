"""Areas, periods and breakdowns as CBS lays them out: one row per area for one whole year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.sources import formats, layout
from support import fakes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TOTALS = ("Totaal alle jeugdzorg in natura",)
FIGURES = [
    fakes.Figure("GM0003", "Appingedam", "Appingedam", 265.0, change=""),
    fakes.Figure("WK000300", "Wijk 00", "Appingedam", 200.0),
    fakes.Figure("WK000301", "Wijk 01 Opwierde", "Appingedam", None, change="3.0"),
]


def jeugd(
    folder: Path, figures: Sequence[fakes.Figure] = FIGURES, *, keys: bool = False
) -> pd.DataFrame:
    path = fakes.statline(folder / "jeugd.csv", fakes.JEUGD, figures, 2019, keys=keys)
    return formats.read_file(path)


def rows_of(raw: pd.DataFrame, year: int = 2019, **arguments: object) -> pd.DataFrame:
    options = {"totals": TOTALS, **arguments}
    return layout.area_rows(raw, year, where="jeugd.csv", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("k_0Tot15Jaar_8", "k0tot15jaar"),
        ("AantalInwoners_5", "aantalinwoners"),
        ("AantalInwoners_105", "aantalinwoners"),
        ("aantalinwoners", "aantalinwoners"),
        ("NettoArbeidsparticipatie_67", "nettoarbeidsparticipatie"),
        ("Nettoarbeidsparticipatie_70", "nettoarbeidsparticipatie"),
        ("a_00_14", "a0014"),
        ("gwb_code_10", "gwbcode10"),
        ("ScholenBinnen3Km_109", "scholenbinnen3km"),
        (" WijkenEnBuurten ", "wijkenenbuurten"),
        ("gm_naam", "gmnaam"),
    ],
)
def test_a_stem_drops_position_and_spelling_but_no_meaning(name: str, stem: str) -> None:
    assert layout.stem(name) == stem


def test_stems_that_occur_twice_are_told_apart_by_their_order() -> None:
    names = ["Codering_3", "Appartement_48", "Tussenwoning_49", "Appartement_56"]
    assert layout.stems(names) == ["codering", "appartement#1", "tussenwoning", "appartement#2"]


def test_only_the_whole_year_and_the_total_of_the_breakdown_are_kept(tmp_path: Path) -> None:
    rows = rows_of(jeugd(tmp_path))
    assert rows["code"].tolist() == ["GM0003", "WK000300", "WK000301"]
    # half years would be 5 lower, other forms of care 1
    assert rows["totaaljongerenmetjeugdzorginnatura"].tolist() == ["265.0", "200.0", ""]
    assert rows["gm_name"].unique().tolist() == ["Appingedam"]
    assert rows["change"].tolist() == ["", "1", "3"]


def test_a_half_is_given_where_it_is_asked_for_and_told_to_be_there(tmp_path: Path) -> None:
    raw = jeugd(tmp_path)
    assert layout.has_periods(raw, 2019, layout.HALVES)
    assert not layout.has_periods(raw, 2018, layout.HALVES)
    assert not layout.has_periods(raw[raw["Perioden"] != "2e halfjaar 2019"], 2019, layout.HALVES)
    for half in layout.HALVES:
        rows = layout.area_rows(raw, 2019, where="here", totals=TOTALS, period=half)
        assert rows["totaaljongerenmetjeugdzorginnatura"].tolist() == ["260.0", "195.0", ""]


def test_half_years_alone_are_never_taken_for_the_year(tmp_path: Path) -> None:
    raw = jeugd(tmp_path)
    halves = raw[raw["Perioden"] != "2019"]
    assert len(halves)
    with pytest.raises(SourceError, match="no rows for the year 2019, but for 1e halfjaar"):
        rows_of(halves)


def test_a_table_of_another_year_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no rows for the year 2018"):
        rows_of(jeugd(tmp_path), 2018)


def test_titles_and_keys_give_the_same_rows(tmp_path: Path) -> None:
    with_titles = rows_of(jeugd(tmp_path))
    with_keys = rows_of(jeugd(tmp_path, keys=True))
    told = ["name", "vormenvanjeugdzorg"]  # texts that differ on purpose
    pd.testing.assert_frame_equal(with_keys.drop(columns=told), with_titles.drop(columns=told))


def test_titles_of_an_archive_name_the_areas_of_a_table_with_keys(tmp_path: Path) -> None:
    def titles(dimension: str) -> dict[str, str]:
        known = {"wijken": {"WK000300": "Wijk 00", "GM0003": "Appingedam"}}
        return known.get(dimension, {})

    rows = rows_of(jeugd(tmp_path, keys=True), titles=titles)
    assert rows["name"].tolist() == ["Appingedam", "Wijk 00", ""]


def test_a_breakdown_without_a_known_total_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    raw = jeugd(tmp_path)
    with pytest.raises(SourceError, match=r"'vormenvanjeugdzorg'.*Jeugdhulp.*expected 'Alles'"):
        rows_of(raw[raw["VormenVanJeugdzorg"] != TOTALS[0]], totals=("Alles",))


def test_a_table_with_two_totals_is_refused_and_not_added_up(tmp_path: Path) -> None:
    totals = (*TOTALS, "Jeugdhulp met verblijf")
    with pytest.raises(DataError, match="areas occur more than once"):
        rows_of(jeugd(tmp_path), totals=totals)


def test_duplicate_wijk_years_are_refused_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 areas occur more than once.*WK000300"):
        rows_of(jeugd(tmp_path, [*FIGURES, FIGURES[1]]))


@pytest.mark.parametrize("keys", [False, True])
def test_a_blank_code_where_a_gemeente_did_not_deliver_is_no_error(
    tmp_path: Path, keys: bool
) -> None:
    blank = [
        fakes.Figure("GM0114", "Emmen", "", None, coded=False),
        fakes.Figure("WK011400", "Emmen-Centrum", "", None, coded=False),
    ]
    rows = rows_of(jeugd(tmp_path, [*FIGURES, *blank], keys=keys))
    new = rows.iloc[len(FIGURES) :]
    # keys tell the area also where Codering is blank; titles tell its name only
    assert new["code"].tolist() == (["GM0114", "WK011400"] if keys else ["", ""])
    assert new["name"].tolist() == (["", ""] if keys else ["Emmen", "Emmen-Centrum"])


@pytest.mark.parametrize("wrong", ["300", "000300", "WK300", "WK00300", "WK0003000", "wk000300"])
def test_codes_that_lost_their_leading_zero_or_letters_are_refused(
    tmp_path: Path, wrong: str
) -> None:
    raw = jeugd(tmp_path)
    raw["Codering_24"] = raw["Codering_24"].replace("WK000300", wrong)
    with pytest.raises(DataError, match=rf"1 area codes are not CBS codes.*'{wrong}'.*leading"):
        rows_of(raw)


def test_codes_that_became_numbers_are_refused() -> None:
    raw = pd.DataFrame({"codering_regio": [300, 301], "perioden": 2019, "aantalinwoners": 5})
    with pytest.raises(DataError, match="leading zeros"):
        rows_of(raw)


@pytest.mark.parametrize("dimension", ["WijkenEnBuurten", "Regios"])
def test_keys_that_became_numbers_are_refused(dimension: str) -> None:
    raw = pd.DataFrame({dimension: [300, 301], "Perioden": "2019JJ00", "AantalInwoners_5": 5})
    with pytest.raises(DataError, match="leading zeros"):
        rows_of(raw)


def test_a_table_without_areas_is_refused_with_the_columns_it_has() -> None:
    raw = pd.DataFrame({"perioden": ["2019"], "lasten": ["12"]})
    with pytest.raises(
        SourceError, match=r"no column with codes of areas among 'perioden', 'lasten'"
    ):
        rows_of(raw)


@given(st.from_regex(r"(GM\d{4}|WK\d{6}|BU\d{8}|NL\d{2}|PV\d{2})", fullmatch=True))
def test_every_cbs_code_is_accepted(code: str) -> None:
    layout.check_codes(pd.Series([code]), where="here")


@given(st.from_regex(r"(GM\d{5,}|WK\d{1,5}|WK\d{7,}|\d{1,8}|BU\d{1,7})", fullmatch=True))
def test_no_other_number_of_digits_is_a_code(code: str) -> None:
    with pytest.raises(DataError, match="are not CBS codes"):
        layout.check_codes(pd.Series([code]), where="here")


@given(st.permutations(range(len(FIGURES) * 6)))
def test_the_order_of_rows_in_a_file_changes_no_figure(order: list[int]) -> None:
    figures = [
        {"VormenVanJeugdzorg": form, "Wijken": f.name, "Perioden": period,
         "Clienten_1": f"{f.clients}{period}{form}", "Codering_2": f.code}
        for form in (TOTALS[0], "Anders") for f in FIGURES
        for period in ("1e halfjaar 2019", "2e halfjaar 2019", "2019")
    ]  # fmt: skip
    raw = pd.DataFrame(figures)
    plain = rows_of(raw).sort_values("code", ignore_index=True)
    mixed = rows_of(raw.iloc[order]).sort_values("code", ignore_index=True)
    pd.testing.assert_frame_equal(plain, mixed)
