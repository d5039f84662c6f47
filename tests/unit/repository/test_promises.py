"""The page of promises is what tests/spec holds, and each promise is a sentence of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import promises
from support.repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SUBJECTS = promises.subjects()
SENTENCES = [one.sentence for subject in SUBJECTS for one in subject.promises]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one promise, and a page that tells it."""
    (tmp_path / promises.SPEC).mkdir(parents=True)
    (tmp_path / promises.SPEC / "test_rates.py").write_text(
        '"""What rates are."""\n\n\n'
        'def test_a() -> None:\n    """A rate is a share. Tested so."""\n'
    )
    assert promises.main(["--root", str(tmp_path)]) == 0
    return tmp_path


def test_the_page_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert promises.main(["--check"]) == 0, capsys.readouterr().out


def test_the_page_names_each_promise_and_its_test(checkout: Path) -> None:
    text = (checkout / promises.PAGE).read_text(encoding="utf-8")
    assert "## What rates are\n" in text
    assert "| A rate is a share. | `test_a` |" in text
    assert "Tested so" not in text
    assert promises.main(["--check", "--root", str(checkout)]) == 0


def test_another_promise_makes_the_page_out_of_date(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkout / promises.SPEC / "test_rates.py"
    path.write_text(path.read_text().replace("a share", "a share of people"))
    before = (checkout / promises.PAGE).read_bytes()
    assert promises.main(["--check", "--root", str(checkout)]) == 1
    assert "run 'python tools/promises.py'" in capsys.readouterr().out
    assert (checkout / promises.PAGE).read_bytes() == before


def test_a_test_without_a_sentence_is_refused_by_name(checkout: Path) -> None:
    path = checkout / promises.SPEC / "test_rates.py"
    path.write_text(path.read_text() + "\n\ndef test_b() -> None:\n    assert True\n")
    with pytest.raises(ValueError, match=r"test_rates\.py::test_b has no docstring"):
        promises.main(["--root", str(checkout)])


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_promise_is_a_sentence(sentence: str) -> None:
    assert re.fullmatch(r"[A-Z`a-z].{20,250}[.]", sentence)
    assert len(sentence.split()) >= 6


def test_every_promise_is_made_once() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES) >= 20
    assert (ROOT / promises.PAGE).is_file()
