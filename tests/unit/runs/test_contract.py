"""The contract of a run's tables: what is written keeps it, and who reads checks which it is."""

from __future__ import annotations

import ast
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from risicomodel import runs
from risicomodel.app.commands import COMMANDS
from risicomodel.app.review.command import VERBS
from risicomodel.core import paths, storage
from risicomodel.core.errors import ConfigError, ContractError
from risicomodel.core.levels import BUURT
from risicomodel.runs import Run, contract
from risicomodel.runs.contract import Column, Table
from support.running import cli, refused, well, whole_run

SIMILAR = pd.DataFrame(
    {
        "year": [2018, 2018],
        "wijk_code": ["WK036300", "WK036300"],
        "rank": [1, 2],
        "similar_code": ["WK059900", "WK051800"],
        "distance": [0.25, 0.5],
    }
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run under way, with nothing in it."""
    return Run("run", tmp_path / "final", tmp_path)


@pytest.fixture
def another(tmp_path: Path) -> Path:
    """The whole run, as if it were made under another contract."""
    folder = shutil.copytree(whole_run(), tmp_path / "another")
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(record | {"contract": 99}), encoding="utf-8")
    return folder


def test_a_table_names_places_where_it_is_declared_to() -> None:
    """On this rests what of own figures a tracking server gets."""
    folder = whole_run()
    place = re.compile(r"\b(?:WK|BU|GM)\d{4}")
    for table in (one for one in contract.TABLES.values() if (folder / one.file).is_file()):
        path = folder / table.file
        rows = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, dtype=str)
        texts = rows.select_dtypes(include=["str", "category"]).astype("str")
        named = any(texts[column].str.contains(place).any() for column in texts)
        assert table.names_places == named, table.file


class TestDeclarations:
    @pytest.mark.parametrize("table", contract.TABLES.values(), ids=lambda table: table.name)
    def test_a_table_is_declared_whole(self, table: Table) -> None:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert set(table.key) <= set(names)
        assert table.commands
        assert set(table.commands) <= set(COMMANDS)
        assert Path(table.file).suffix in {".csv", ".parquet"}
        for sentence in (table.sentence, *(column.sentence for column in table.columns)):
            assert sentence[-1] in ".…"
            assert "|" not in sentence, "it is a cell of a table in docs/reference"

    @pytest.mark.parametrize("table", contract.ROUND_TABLES.values(), ids=lambda table: table.name)
    def test_a_table_of_a_round_is_declared_whole(self, table: Table) -> None:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert set(table.key) <= set(names)
        verbs = {command.removeprefix("review ") for command in table.commands}
        assert verbs <= set(VERBS)
        assert table.file not in {one.file for one in contract.TABLES.values()}
        for sentence in (table.sentence, *(column.sentence for column in table.columns)):
            assert sentence[-1] == "."
            assert "|" not in sentence, "it is a cell of a table in docs/reference"

    def test_files_and_columns_of_domains_are_named_in_one_place(self) -> None:
        """What stands in a message or a docstring may name them; what reads and writes may not."""
        files = {table.file for table in contract.TABLES.values()}
        named = {"data/panel/store.py"}  # a cache of its own
        for path in sorted(paths.PACKAGE.rglob("*.py")):
            place = path.relative_to(paths.PACKAGE).as_posix()
            text = path.read_text(encoding="utf-8")
            if not place.startswith("runs/contract/") and place not in named:
                strings = {
                    n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Constant)
                }
                assert not strings & files, place
            if place != "data/domains.py":
                assert not re.search(r'f"\{[^}]+\}_(clients|population|status)"', text), place

    def test_buurten_have_their_own_names_and_the_same_types(self) -> None:
        table = contract.PREDICTIONS.at(BUURT)
        assert table.key == ("domain", "buurt_code", "year", "kind", "model")
        names = [column.name for column in table.columns]
        assert names[:4] == ["domain", "buurt_code", "wijk_code", "year"]
        types = {column.name: column.dtype for column in table.columns}
        assert types.pop("wijk_code") == types.pop("buurt_code") == "str"
        wijken = {column.name: column.dtype for column in contract.PREDICTIONS.columns}
        assert types == {name: kind for name, kind in wijken.items() if name != "wijk_code"}


class TestWriting:
    def test_what_is_as_declared_is_written_as_it_is(self, run: Run, tmp_path: Path) -> None:
        run.write(contract.SIMILAR, SIMILAR)
        storage.write_table(tmp_path / "bare.csv", SIMILAR)
        assert (tmp_path / "similar.csv").read_bytes() == (tmp_path / "bare.csv").read_bytes()

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            (SIMILAR.drop(columns="distance"), "no column 'distance'; expected float64"),
            (
                SIMILAR.rename(columns={"distance": "distances"}),
                "column 'distances' is not declared (did you mean 'distance'?)",
            ),
            (
                SIMILAR.astype({"rank": "float64"}),
                "column 'rank' is float64; expected int64",
            ),
            (
                SIMILAR.assign(wijk_code=["WK036300", None]),
                "'wijk_code' is of the key, and empty in 1 rows",
            ),
            (
                SIMILAR.assign(rank=1),
                "1 rows have the key (year, wijk_code, rank) of an earlier one, for example 2018,",
            ),
            (
                SIMILAR.assign(similar_code=np.array(["WK059900", 518], dtype="object")),
                "column 'similar_code' is object; expected str",
            ),
            (
                pd.concat([SIMILAR, SIMILAR[["rank"]]], axis=1),
                "column 'rank' is there more than once",
            ),
        ],
        ids=["lacking", "undeclared", "type", "empty key", "key twice", "mixed", "column twice"],
    )
    def test_what_is_not_as_declared_is_refused(
        self, run: Run, rows: pd.DataFrame, said: str
    ) -> None:
        with pytest.raises(
            ContractError, match=r"similar\.csv does not keep its contract"
        ) as error:
            run.write(contract.SIMILAR, rows)
        assert any(detail.startswith(said) for detail in error.value.details), error.value.details
        assert not list(run.folder.iterdir()), "nothing is written"

    def test_all_that_is_wrong_is_said_at_once(self, run: Run) -> None:
        rows = SIMILAR.drop(columns="distance").assign(
            rank=[1, 1], year=[2018.0, 2018.0], extra="x", similar_code=[1, 2]
        )
        with pytest.raises(ContractError) as error:
            run.write(contract.SIMILAR, rows)
        assert [detail.split(";")[0].split(",")[0] for detail in error.value.details] == [
            "no column 'distance'",
            "column 'extra' is not declared",
            "column 'year' is float64",
            "column 'similar_code' is int64",
            "1 rows have the key (year",
        ]

    def test_labels_are_text_in_csv_and_a_type_in_parquet(self, run: Run) -> None:
        run.write(contract.SIMILAR, SIMILAR.astype({"wijk_code": "category"}))
        declared = Table(
            "codes.parquet",
            "Codes.",
            ("wijk_code",),
            (Column("wijk_code", "str", "", "Code."),),
            ("run",),
        )
        codes = pd.DataFrame({"wijk_code": ["WK036300"]}, dtype="category")
        with pytest.raises(ContractError, match="is category; expected str"):
            run.write(declared, codes)

    def test_a_table_without_rows_has_columns_and_no_types(self, run: Run) -> None:
        run.write(contract.SIMILAR, pd.DataFrame(columns=list(SIMILAR)))
        with pytest.raises(ContractError, match="no column 'distance'"):
            run.write(contract.SIMILAR, pd.DataFrame(columns=list(SIMILAR)[:-1]))

    def test_columns_of_every_domain_go_by_one_pattern(self, run: Run) -> None:
        rows = pd.DataFrame(
            {"gm_code": ["GM0363"], "year": [2018], "ao_clients": [5.0], "ww_clients": [10.0]}
        )
        run.write(contract.GEMEENTEN, rows)
        with pytest.raises(ContractError, match=r"no column '\{domain\}_clients'"):
            run.write(contract.GEMEENTEN, rows[["gm_code", "year"]])
        with pytest.raises(ContractError, match="column 'ao_clients' is str; expected float64"):
            run.write(contract.GEMEENTEN, rows.astype({"ao_clients": "str"}))


class TestReading:
    def test_text_that_looks_like_a_number_stays_text(self, tmp_path: Path) -> None:
        folder = tmp_path / "run"
        with runs.open_run("run", runs.RunSettings(str(folder))) as run:
            run.write(contract.SIMILAR, SIMILAR.assign(similar_code=["0363", "0599"]))
            runs.finish(run, runs.AboutRun("", "demo", 1, {}, ""), [], {})
        assert runs.finished(folder).read(contract.SIMILAR)["similar_code"].tolist() == [
            "0363",
            "0599",
        ]

    def test_what_a_run_lacks_is_named_with_what_makes_it(self, tmp_path: Path) -> None:
        with runs.open_run("data", runs.RunSettings(str(tmp_path / "run"))) as run:
            runs.finish(run, runs.AboutRun("", "demo", 1, {}, ""), [], {})
        with pytest.raises(ConfigError) as error:
            runs.finished(tmp_path / "run").require(contract.PANEL, contract.FORECASTS)
        assert "no panel.parquet, forecasts.parquet" in str(error.value)
        assert "'risicomodel run' or 'risicomodel forecast'" in str(error.value)


class TestAnotherContract:
    def test_a_run_from_before_contracts_is_refused(self, another: Path) -> None:
        record = runs.read_record(another)
        del record["contract"]
        (another / "run.json").write_text(json.dumps(record), encoding="utf-8")
        refused(cli("compare", another), "older than contracts")

    def test_comparing_all_runs_leaves_it_out_and_says_so(
        self, another: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("RISICOMODEL_HOME", str(tmp_path / "home"))
        folder = tmp_path / "home" / "runs" / "run"
        folder.mkdir(parents=True)
        another.rename(folder / "another")
        shutil.copytree(whole_run(), folder / "today")
        done = well("compare")
        assert "left out: 1 runs made under another contract" in done.err
        assert "today" in done.out
        assert "another" not in done.out
