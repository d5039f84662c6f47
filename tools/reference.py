"""Make the reference of a run's tables, ``docs/reference/tables.md``, from their contract.

``python tools/reference.py`` writes it. With ``--check`` it writes nothing, says whether the page
is out of date, and ends with 1 if it is.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import house
from risicomodel.runs import contract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from risicomodel.runs.contract import Column, Table

PAGE = "docs/reference/tables.md"

HEAD = """\
# Tables of a run

Made by `python tools/reference.py` from `src/risicomodel/runs/contract`; do not edit.

This is contract {version}. A run writes every table as it is declared here, says in `run.json`
under `contract` which contract that is, and is refused by a version that reads another.

- A word in braces stands for as many columns as there are: `{{domain}}_clients` is `jeugd_clients`,
  `wmo_clients`, …
- Types are those of pandas: `str` is text, `category` text with few values, `int64` and `Int64`
  whole numbers (`Int64` may be empty), `float64` numbers that may be empty. CSV has no types: read
  its columns as these.
- Rows are unique by their key, where there is one, and no part of a key is empty.
- Of a run on buurten the columns are named after buurten: `buurt_code`, `buurt_name`,
  `buurt_group`, `n_buurten`; beside `buurt_code` stands the `wijk_code` that the buurt lies in.

| table | what | written by |
|---|---|---|
"""


ROUND_HEAD = """\
## Tables of a round

`risicomodel review export` and `review verify` write these, of what people said
([an evening](../howto/review.md)). They are no tables of a run, and no model learns from them.
Those marked ✗ are for the one who leads the evening, and are not to be printed or sent on.

| table | what | written by |
|---|---|---|
"""


def tables() -> str:
    """Return the page on the tables of a run, and on those of a round."""
    declared = list(contract.TABLES.values())
    head = HEAD.format(version=contract.VERSION)
    index = [
        _row(f"[`{table.file}`](#{_anchor(table.file)})", table.sentence, _code(table.commands))
        for table in declared
    ]
    others = [_row(f"`{name}`", what) for name, what in contract.OTHER_FILES.items()]
    rest = ["## Other files", "", "| file | what |", "|---|---|", *others]
    parts = [head + "\n".join(index), *map(_section, declared), "\n".join(rest), *_of_rounds()]
    return "\n\n".join(parts) + "\n"


def _of_rounds() -> list[str]:
    """Return the part on the tables of a round."""
    declared = contract.ROUND_TABLES.values()
    index = [
        _row(
            f"[`{table.file}`](#{_anchor(table.file)})"
            + (" ✗" if table.name in contract.NOT_FOR_PRINT else ""),
            table.sentence,
            _code(table.commands),
        )
        for table in declared
    ]
    return [ROUND_HEAD + "\n".join(index), *map(_section, declared)]


def _section(table: Table) -> str:
    """Return what there is to say of one table."""
    key = _code(table.key) if table.key else "none"
    return "\n".join(
        [
            f"## {table.file}",
            "",
            table.sentence,
            "",
            f"Key: {key}. Written by: {_code(table.commands)}.",
            "",
            "| column | type | unit | what |",
            "|---|---|---|---|",
            *map(_column, table.columns),
        ]
    )


def _column(column: Column) -> str:
    name = f"`{column.name}`" + (" (optional)" if column.optional else "")
    return _row(name, f"`{column.dtype}`", column.unit, column.sentence)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _code(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _anchor(heading: str) -> str:
    """Return the address that a heading has within its page."""
    return heading.replace(".", "").lower()


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or with ``--check`` say which are out of date.

    Parameters
    ----------
    arguments
        Of the command line; those of this process when None.

    Returns
    -------
    int
        0, or 1 when ``--check`` meets a page that is out of date.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; say what would change")
    parser.add_argument("--root", type=Path, default=house.ROOT, help="folder of the checkout")
    given = parser.parse_args(arguments)
    path, text = given.root / PAGE, tables()
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    if given.check:
        print(f"{PAGE} is out of date: run 'python tools/reference.py'")
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
