"""Keep the page of promises as tests/spec has it: a sentence per test, and which test holds it.

``python tools/promises.py`` writes ``docs/reference/promises.md`` from the first sentence of every
docstring in ``tests/spec``. With ``--check`` it writes nothing, says what is out of date, and ends
with 1 if anything is.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import house

SPEC = "tests/spec"
PAGE = "docs/reference/promises.md"
FULL_STOP = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9`'\"(])")
INTRODUCTION = f"""\
# What is promised

Each sentence is a promise to users and is held by one test, which fails when it is broken. The page
is made from the tests: `python tools/promises.py` reads `{SPEC}`, and a test keeps it up to date.
"""


@dataclass(frozen=True)
class Promise:
    """A promise and where it is held.

    Parameters
    ----------
    sentence
        The first sentence of the test's docstring.
    test
        The name of the test function.
    """

    sentence: str
    test: str


@dataclass(frozen=True)
class Subject:
    """A file of promises.

    Parameters
    ----------
    title
        The first sentence of the file's docstring, without its full stop.
    path
        Of the file, from the root of the checkout, with forward slashes.
    promises
        In the order of the file.
    """

    title: str
    path: str
    promises: tuple[Promise, ...]


def first_sentence(docstring: str) -> str:
    """Return the first sentence of a docstring, on one line.

    Parameters
    ----------
    docstring
        Text of one or more paragraphs.

    Returns
    -------
    str

    Examples
    --------
    >>> first_sentence("Every rate is a share. The rest says how this is tested.")
    'Every rate is a share.'
    """
    paragraph = docstring.strip().split("\n\n", 1)[0]
    return FULL_STOP.split(" ".join(paragraph.split()), maxsplit=1)[0]


def tests_of(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return the tests of a file, those in classes included, in order.

    Parameters
    ----------
    tree
        The file's syntax tree.

    Returns
    -------
    list of ast.FunctionDef
    """
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return sorted((t for t in found if t.name.startswith("test_")), key=lambda test: test.lineno)


def subject(path: Path, root: Path) -> Subject:
    """Read the promises of one file.

    Parameters
    ----------
    path
        A file of tests.
    root
        Folder of the checkout.

    Returns
    -------
    Subject

    Raises
    ------
    ValueError
        If the file or one of its tests has no docstring.
    """
    name = path.relative_to(root).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    title = ast.get_docstring(tree)
    said = {test.name: ast.get_docstring(test) for test in tests_of(tree)}
    silent = [f"{name}::{test}" for test, docstring in said.items() if not docstring]
    if not title or silent:
        message = (
            f"{', '.join(silent) or name} has no docstring; expected a promise in one sentence. "
            "Write it as a user would read it."
        )
        raise ValueError(message)
    promises = [Promise(first_sentence(text or ""), test) for test, text in said.items()]
    return Subject(first_sentence(title).rstrip("."), name, tuple(promises))


def subjects(root: Path = house.ROOT) -> list[Subject]:
    """Return every file of promises that has any, in alphabetical order.

    Parameters
    ----------
    root
        Folder of the checkout.

    Returns
    -------
    list of Subject
    """
    files = sorted((root / SPEC).glob("test_*.py"))
    return [found for found in (subject(path, root) for path in files) if found.promises]


def page(found: list[Subject]) -> str:
    """Return the page of promises.

    Parameters
    ----------
    found
        Files of promises.

    Returns
    -------
    str
        Markdown.
    """
    parts = [INTRODUCTION]
    for one in found:
        link = f"[`{Path(one.path).name}`](../../{one.path})"
        rows = [f"| {p.sentence.replace('|', chr(92) + '|')} | `{p.test}` |" for p in one.promises]
        table = "\n".join(["| promise | test |", "|---|---|", *rows])
        parts.append(f"## {one.title}\n\nHeld by {link}.\n\n{table}\n")
    return "\n".join(parts)


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or with ``--check`` say whether it is out of date.

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
    path, text = given.root / PAGE, page(subjects(given.root))
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return 0
    if given.check:
        print(f"{PAGE} is out of date: run 'python tools/promises.py'")
        return 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
