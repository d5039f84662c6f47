"""Files as CBS and gemeenten write them: every number, every blank, and nothing half-read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given

from risicomodel.core.errors import DataError, SourceError
from risicomodel.data.sources import formats
from support import fakes

if TYPE_CHECKING:
    from pathlib import Path

NO_FIGURE = ("", "   ", ".", "       .", "-99995", "-99997", "-99999999", "-99997.0", "x", "-")


def number(text: str) -> float:
    return float(formats.to_number(pd.Series([text]), where="a column").iloc[0])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("70", 70.0),
        ("70.0", 70.0),
        ("  70.0 ", 70.0),
        ("70,5", 70.5),
        ("1.234,5", 1234.5),
        ("12.345.678,25", 12345678.25),
        ("-3", -3.0),
        ("-3,5", -3.5),
        ("0", 0.0),
    ],
)
def test_a_number_reads_as_cbs_and_excel_write_it(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", NO_FIGURE)
def test_every_way_of_saying_no_figure_is_missing_and_not_zero(text: str) -> None:
    assert np.isnan(number(text))


@pytest.mark.parametrize("code", [-99995, -99997, -99999999])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_missing_codes_are_missing_in_typed_columns_too(code: int, dtype: str) -> None:
    column = formats.to_number(pd.Series([code, 5], dtype=dtype), where="a column")
    assert column.isna().tolist() == [True, False]


def test_null_is_missing() -> None:
    assert formats.to_number(pd.Series([None, "5"]), where="a column").isna().tolist() == [
        True,
        False,
    ]


def test_a_decimal_comma_in_one_row_leaves_points_in_other_rows_alone() -> None:
    column = formats.to_number(pd.Series(["2.5", "2,5", "."]), where="a column")
    assert column.fillna(-1).tolist() == [2.5, 2.5, -1.0]


@pytest.mark.parametrize("text", ["abc", "12a", "1;2", "1,2,3", "NaN5", "tien"])
def test_what_is_no_number_is_refused_with_the_column_and_an_example(text: str) -> None:
    with pytest.raises(DataError, match=r"column 'inwoners'.*1 values.*'" + text) as caught:
        formats.to_number(pd.Series(["5", text]), where="f.csv, column 'inwoners'")
    assert "expected numbers" in caught.value.message


@given(st.lists(st.integers(-10_000, 10**9).map(lambda n: n / 100), min_size=1))
def test_any_figure_survives_being_written_with_point_or_comma(values: list[float]) -> None:
    points = pd.Series([repr(value) for value in values])
    commas = points.str.replace(".", ",", regex=False)
    expected = [np.nan if v in {-99995.0, -99997.0} else v for v in values]
    for text in (points, commas):
        read = formats.to_number(text, where="a column")
        np.testing.assert_array_equal(read.to_numpy(), expected)


AREAS = [fakes.wijk(f"WK0003{n:02d}", 1000 + n) for n in range(30)]
FIGURES = [fakes.Figure(area.code, area.name, area.gemeente, 100.0) for area in AREAS]


def write(path: Path) -> Path:
    if path.name.startswith("statline"):
        return fakes.statline(path, fakes.JEUGD, FIGURES, 2019)
    if path.suffix == ".xlsx":
        return fakes.kwb_excel(path, AREAS)
    return fakes.kwb_typed(path, AREAS)


FILES = ["statline.csv", "kwb.csv", "kwb.parquet", "kwb.json", "kwb.xlsx"]


@pytest.mark.parametrize("name", FILES)
def test_every_file_type_gives_trimmed_text_with_codes_whole(tmp_path: Path, name: str) -> None:
    table = formats.read_file(write(tmp_path / name))
    code = next(c for c in table.columns if c.startswith(("Codering", "gwb_code_10")))
    assert table[code].iloc[0] == "WK000300"
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column]):
            text = table[column].dropna()
            assert (text == text.str.strip()).all()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.97])
@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_in_the_middle_of_a_row_is_refused(
    tmp_path: Path, name: str, share: float
) -> None:
    path = fakes.cut(write(tmp_path / name), share)
    with pytest.raises(SourceError, match=name) as caught:
        formats.read_file(path)
    assert "Download it again" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", FILES)
def test_an_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(SourceError, match=name):
        formats.read_file(path)


@pytest.mark.parametrize("name", ["kwb.csv", "kwb.parquet", "kwb.json", "kwb.xlsx"])
def test_a_file_with_a_header_and_no_rows_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    empty = pd.DataFrame({"Codering_3": pd.Series(dtype="str")})
    {
        ".csv": lambda: empty.to_csv(path, index=False),
        ".parquet": lambda: empty.to_parquet(path),
        ".json": lambda: path.write_text('{"value": []}'),
        ".xlsx": lambda: empty.to_excel(path, index=False),
    }[path.suffix]()
    with pytest.raises(SourceError, match="no rows"):
        formats.read_file(path)


@pytest.mark.parametrize(
    "content",
    ['{"odata.metadata": "x"}', '{"value": 3}', '"text"', "12", "[1, 2]", '{"value": [1, 2]}'],
)
def test_json_without_a_list_of_rows_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "table.json"
    path.write_text(content)
    with pytest.raises(SourceError, match="list of rows"):
        formats.read_file(path)


def test_a_json_list_without_envelope_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps([{"Codering_3": "WK000300 ", "WmoClienten_5": None}]))
    table = formats.read_file(path)
    assert table["Codering_3"].tolist() == ["WK000300"]
    assert table["WmoClienten_5"].isna().all()


@pytest.mark.parametrize("name", ["table.xls", "table.txt", "table", "table.sav"])
def test_an_unknown_file_type_is_refused_with_the_allowed_ones(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("x")
    with pytest.raises(SourceError, match=r"expected one of \.csv, \.parquet, \.json, \.xlsx"):
        formats.read_file(path)


def test_a_suffix_in_capitals_is_the_same_type(tmp_path: Path) -> None:
    assert len(
        formats.read_file(fakes.kwb_excel(tmp_path / "a.xlsx", AREAS).rename(tmp_path / "KWB.XLSX"))
    ) == len(AREAS)


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_csv_of_any_usual_separator_keeps_every_column_text(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        separator.join(["code", "jaar"]) + "\n" + separator.join(["0363", "2019"]) + "\n"
    )
    assert formats.read_file(path).iloc[0].tolist() == ["0363", "2019"]


def test_csv_that_is_not_utf8_is_refused_with_its_name(tmp_path: Path) -> None:
    for text in ("wijk;Cliënten\nWK000300;5\n", "wijk;n\nSúdwest;5\n"):
        path = tmp_path / "own.csv"
        path.write_bytes(text.encode("cp1252"))
        with pytest.raises(SourceError, match=r"own\.csv.*UTF-?8"):
            formats.read_file(path)


def test_columns_that_occur_twice_in_a_csv_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("wijk;n;n\nWK000300;5;6\n")
    with pytest.raises(SourceError, match=r"own\.csv.*'n'"):
        formats.read_file(path)


def test_a_header_cell_that_is_a_number_becomes_text(tmp_path: Path) -> None:
    path = tmp_path / "own.xlsx"
    pd.DataFrame({"wijk": ["WK000300"], 2019: [5]}).to_excel(path, index=False)
    assert list(formats.read_file(path).columns) == ["wijk", "2019"]


def test_only_the_first_sheet_of_a_workbook_counts(tmp_path: Path) -> None:
    table = formats.read_file(fakes.kwb_excel(tmp_path / "kwb.xlsx", AREAS))
    assert len(table) == len(AREAS)
    assert "betekenis" not in table


@pytest.mark.archive
def test_the_real_files_are_all_read_whole(archive_dir: Path) -> None:
    files = [p for p in archive_dir.rglob("*") if p.suffix in {".xlsx", ".csv"}]
    assert files
    for path in files[:6]:
        assert len(formats.read_file(path)) > 0


def test_a_short_last_row_that_was_given_an_end_is_refused_too(tmp_path: Path) -> None:
    path = fakes.cut(write(tmp_path / "statline.csv"))
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(SourceError, match=r"statline\.csv"):
        formats.read_file(path)


def test_windows_line_ends_are_read_the_same(tmp_path: Path) -> None:
    unix = write(tmp_path / "statline.csv")
    windows = tmp_path / "statline2.csv"
    windows.write_bytes(unix.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(formats.read_file(unix), formats.read_file(windows))
