"""Break each guard on purpose, and show that the tests that hold it fail.

``python tools/mutants.py`` copies the checkout to a temporary folder, makes one change there at a
time, as ``tests/mutants/guards.toml`` declares them, and runs the tests that must catch it. It
prints a table, ends with 1 if a mutant survives, and with ``--write`` keeps the table in
``docs/reference/mutants.md``. It takes minutes, and is no part of the suite.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import house

if TYPE_CHECKING:
    from collections.abc import Iterable

DECLARED = "tests/mutants/guards.toml"
PAGE = "docs/reference/mutants.md"
SECONDS = 3600  # at most, for the tests of one mutant
PASSED, FAILED = 0, 1  # pytest's exit status; anything else says that tests could not be run
CAUGHT, SURVIVED, BROKEN = "caught", "survived", "broken"
INTRODUCTION = f"""\
# Guards that guard

A test that passes whatever the code does holds nothing. Each mutant below breaks one guard on
purpose; every test beside it must fail. `make mutants` makes the changes in a copy of the checkout,
one at a time, and runs those tests; `python tools/mutants.py --write` also keeps this page. What is
changed, to the letter: [`{DECLARED}`](../../{DECLARED}).
"""


@dataclass(frozen=True)
class Mutant:
    """One change that must not pass unnoticed.

    Parameters
    ----------
    guard : str
        What it breaks.
    change : str
        What it does, in a few words.
    file : str
        Path from the root of the checkout.
    before, after : str
        Text of the file, which stands there once, and what takes its place.
    caught_by : tuple of str
        Tests, as pytest names them, that must all fail.
    """

    guard: str
    change: str
    file: str
    before: str
    after: str
    caught_by: tuple[str, ...]

    def applied(self, text: str) -> str:
        """Return the text of the file with the change made.

        Parameters
        ----------
        text : str
            Of the file as it is.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If the text to change does not stand there exactly once.
        """
        times = text.count(self.before)
        if times != 1:
            message = (
                f"{self.file}: the text that '{self.guard}: {self.change}' changes stands there "
                f"{times} times; expected once. Correct {DECLARED}."
            )
            raise ValueError(message)
        return text.replace(self.before, self.after)


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Parameters
    ----------
    mutant : Mutant
        What was changed.
    verdict : {"caught", "survived", "broken"}
        Broken where tests could not be run at all.
    seconds : float
        How long its tests took.
    missed : tuple of str
        Tests that passed and should not have.
    output : str
        What pytest wrote, where that is of use.
    """

    mutant: Mutant
    verdict: str
    seconds: float
    missed: tuple[str, ...] = ()
    output: str = ""


def declared(root: Path = house.ROOT) -> list[Mutant]:
    """Return the mutants that are declared, in order.

    Parameters
    ----------
    root : Path
        Folder of the checkout.

    Returns
    -------
    list of Mutant
    """
    guards = tomllib.loads((root / DECLARED).read_text(encoding="utf-8"))["guard"]
    return [
        Mutant(
            guard["name"],
            one["change"],
            one["file"],
            one["before"],
            one["after"],
            tuple(one["caught_by"]),
        )
        for guard in guards
        for one in guard["mutant"]
    ]


def copied(root: Path, target: Path) -> Path:
    """Copy the files of a checkout that git knows, or would; return the copy.

    Parameters
    ----------
    root : Path
        Folder of the checkout.
    target : Path
        Folder to make.

    Returns
    -------
    Path
    """
    words = ["git", "-C", str(root), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(words, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, listed):
        if (root / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, target / name)
    return target


def outcomes_of_tests(root: Path, tests: Iterable[str]) -> tuple[int, dict[str, bool], str]:
    """Run tests in a checkout.

    Parameters
    ----------
    root : Path
        Folder of the checkout; its own source is what is tested.
    tests : iterable of str
        As pytest names them.

    Returns
    -------
    status : int
        Pytest's exit status.
    passed : dict of str to bool
        By name of the test function: whether all its cases passed.
    output : str
        The end of what pytest wrote.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ["-q", "--no-header", "-p", "no:cacheprovider", "-o", "junit_family=xunit1"]
        # the copy's own code is what is tested, and leaves nothing behind for the next mutant
        env = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, f"--junitxml={report}", *tests],
            cwd=root,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        passed: dict[str, bool] = {}
        for case in ET.parse(report).iter("testcase") if report.is_file() else ():  # noqa: S314
            name = case.get("name", "").partition("[")[0]
            good = case.find("failure") is None and case.find("error") is None
            passed[name] = passed.get(name, True) and good
    return done.returncode, passed, done.stdout[-2000:]


def function_name(test: str) -> str:
    """Return the name of a test's function.

    Parameters
    ----------
    test : str
        As pytest names it.

    Returns
    -------
    str

    Examples
    --------
    >>> function_name("tests/spec/test_mistakes.py::TestTypo::test_in_an_override[seed=x]")
    'test_in_an_override'
    """
    return test.partition("[")[0].rpartition("::")[2]


def tried(mutant: Mutant, root: Path) -> Outcome:
    """Make one change in a copy, run the tests that must catch it, and undo it.

    Parameters
    ----------
    mutant : Mutant
        What to change.
    root : Path
        Folder of the copy.

    Returns
    -------
    Outcome
    """
    path = root / mutant.file
    text = path.read_text(encoding="utf-8")
    started = time.monotonic()
    path.write_text(mutant.applied(text), encoding="utf-8")
    try:
        status, passed, output = outcomes_of_tests(root, mutant.caught_by)
    finally:
        path.write_text(text, encoding="utf-8")
    seconds = time.monotonic() - started
    if status not in {PASSED, FAILED}:
        return Outcome(mutant, BROKEN, seconds, output=output)
    missed = tuple(test for test in mutant.caught_by if passed.get(function_name(test), True))
    return Outcome(mutant, SURVIVED if missed else CAUGHT, seconds, missed)


def failing(mutants: list[Mutant], root: Path) -> str:
    """Run all the tests without any change: they must pass, or failing would say nothing.

    Parameters
    ----------
    mutants : list of Mutant
        Whose tests to run.
    root : Path
        Folder of the copy.

    Returns
    -------
    str
        What failed and what pytest wrote of it; empty where all is well.
    """
    tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.caught_by))
    status, passed, output = outcomes_of_tests(root, tests)
    names = [name for name, good in passed.items() if not good]
    return "" if status == PASSED else f"{', '.join(names)}\n{output}"


def all_tried(mutants: list[Mutant], copies: list[Path]) -> list[Outcome]:
    """Try mutants, as many at a time as there are copies, and return outcomes in their order.

    Parameters
    ----------
    mutants : list of Mutant
        What to change.
    copies : list of Path
        Copies of the checkout.

    Returns
    -------
    list of Outcome
    """
    free: Queue[Path] = Queue()
    for copy in copies:
        free.put(copy)

    def one(mutant: Mutant) -> Outcome:
        copy = free.get()
        try:
            outcome = tried(mutant, copy)
        finally:
            free.put(copy)
        line = f"{outcome.verdict:9}{outcome.seconds:5.0f} s  {mutant.guard}: {mutant.change}"
        print(line, flush=True)
        return outcome

    with ThreadPoolExecutor(len(copies)) as pool:
        return list(pool.map(one, mutants))


def page(outcomes: list[Outcome], day: str) -> str:
    """Return the page of mutants.

    Parameters
    ----------
    outcomes : list of Outcome
        Of every mutant.
    day : str
        When they were tried.

    Returns
    -------
    str
        Markdown.
    """
    rows = []
    for one in outcomes:
        tests = "<br>".join(f"`{function_name(test)}`" for test in one.mutant.caught_by)
        cells = [one.mutant.guard, one.mutant.change, tests, one.verdict]
        rows.append(f"| {' | '.join(cells)} |")
    caught = sum(one.verdict == CAUGHT for one in outcomes)
    guards = len({one.mutant.guard for one in outcomes})
    summary = f"Tried on {day}: {caught} of {len(outcomes)} mutants of {guards} guards are caught."
    head = ["| guard | change | must fail | outcome |", "|---|---|---|---|"]
    return f"{INTRODUCTION}\n{summary}\n\n" + "\n".join([*head, *rows]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Try the mutants and tell which survived.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command line; those of this process when None.

    Returns
    -------
    int
        0, or 1 where a mutant survives or tests could not be run.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", help="mutants with this in their guard or change")
    parser.add_argument("--jobs", type=int, default=2, help="mutants at a time")
    parser.add_argument("--write", action="store_true", help=f"keep the table in {PAGE}")
    parser.add_argument("--root", type=Path, default=house.ROOT, help="folder of the checkout")
    given = parser.parse_args(arguments)
    mutants = [one for one in declared(given.root) if given.only in f"{one.guard}: {one.change}"]
    for one in mutants:  # before anything takes minutes
        one.applied((given.root / one.file).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        copies = [copied(given.root, Path(folder) / str(i)) for i in range(given.jobs)]
        if failed := failing(mutants, copies[0]):
            print(f"without any change, tests fail: {failed}")
            return 1
        print("without any change, all these tests pass", flush=True)
        outcomes = all_tried(mutants, copies)
    for one in outcomes:
        if one.verdict != CAUGHT:
            print(f"\n{one.verdict}: {one.mutant.guard}: {one.mutant.change}")
            print("\n".join(one.missed) or one.output)
    if given.write and not given.only:
        text = page(outcomes, f"{datetime.now(tz=UTC):%Y-%m-%d}")
        (given.root / PAGE).write_text(text, encoding="utf-8")
        print(f"wrote {PAGE}")
    return int(any(one.verdict != CAUGHT for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
