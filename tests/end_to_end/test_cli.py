"""The command line: it answers at once, teaches itself, and says what was mistyped."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from risicomodel import __version__
from risicomodel.app import settings
from risicomodel.app.commands import COMMANDS
from risicomodel.app.review import command as review
from risicomodel.core import paths
from support.running import DEMO, OFF, SHORT, cli, command, environment, refused, well

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    "geopandas", "hydra", "joblib", "lightgbm", "matplotlib", "mlflow", "numpy", "omegaconf",
    "pandas", "pandera", "pyarrow", "requests", "rich", "scipy", "sklearn",
)  # fmt: skip
ASK = """
import json, sys
from risicomodel.cli import main
status = main(sys.argv[1:])
sys.stderr.write(json.dumps([status, sorted({name.split(".")[0] for name in sys.modules})]))
"""


class TestHelp:
    @pytest.mark.parametrize(
        "words", [[], ["--help"], ["run", "--help"], ["--version"], ["trian"], ["run", "--hlep"]]
    )
    def test_answers_without_heavy_imports(self, words: list[str], tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-c", ASK, *words],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        status, imported = json.loads(done.stderr.splitlines()[-1])
        assert status == (2 if words in (["trian"], ["run", "--hlep"]) else 0)
        assert not set(HEAVY) & set(imported)

    def test_is_a_module_too(self, tmp_path: Path) -> None:
        """`python -m risicomodel` does what the script does, with its exit status."""
        for words, status in ([["--version"], 0], [["trian"], 2]):
            done = subprocess.run(
                [sys.executable, "-m", "risicomodel", *words],
                env=environment(tmp_path),
                capture_output=True,
                text=True,
                check=False,
            )
            as_ever = cli(*words)
            assert (done.returncode, done.stdout, done.stderr) == (
                status,
                as_ever.out,
                as_ever.err,
            )

    def test_help_is_what_no_task_gives(self) -> None:
        assert well().out == well("--help").out

    @pytest.mark.parametrize("task", COMMANDS)
    def test_teaches_every_task(self, task: str) -> None:
        assert re.search(rf"^  {task} +{re.escape(COMMANDS[task].what)}$", well().out, re.MULTILINE)
        text = well(task, "--help").out
        for example in COMMANDS[task].examples:
            assert f"\n  {example}\n" in text
        assert f"risicomodel {task}" in text

    @pytest.mark.parametrize("words", [[], *([task, "--help"] for task in COMMANDS)])
    def test_help_fits_a_terminal(self, words: list[str]) -> None:
        assert max(map(len, well(*words).out.splitlines())) <= 100

    @pytest.mark.parametrize("task", COMMANDS)
    def test_words_that_a_task_takes_are_settings(self, task: str) -> None:
        text = well(task, "--help").out
        for word, meaning in COMMANDS[task].words:
            assert re.search(rf"^  {re.escape(word)} +{re.escape(meaning)}$", text, re.MULTILINE)
            if task == "review":
                assert word.strip().partition("=")[0].split()[0] in {
                    *review.VERBS,
                    *(key for verb in review.VERBS.values() for key in verb.settings),
                }
                continue
            assert word.partition("=")[0] in {"RUN_FOLDER", "gemeente", *settings._all_keys()}

    @pytest.mark.parametrize(
        "example", [e for t in COMMANDS.values() for e in t.examples if " compare" not in e]
    )
    def test_examples_compose(self, example: str) -> None:
        _, task, *words = shlex.split(example.replace("PATH", "/archive"))
        if task == "review":
            assert review.parse(words).verb in review.VERBS
            return
        words = COMMANDS[task].overrides(words)
        overrides = [word for word in words if word not in {"-m", "RUN_FOLDER"}]
        for place in range(1 + overrides[-1].count(",") if overrides else 1):
            # the jobs of a sweep, one by one
            chosen = [_nth(override, place) for override in overrides]
            assert settings.compose(chosen).models

    def test_task_help_lists_every_choice(self) -> None:
        text = well("train", "--help").out
        for group in sorted(path for path in paths.config_dir().iterdir() if path.is_dir()):
            choices = sorted(path.stem for path in group.glob("*.yaml"))
            if choices and group.name != paths.FORMS:
                assert f"  {group.name}={'|'.join(choices)}\n" in text + "\n"

    def test_version(self) -> None:
        assert well("--version").out == f"risicomodel {__version__}\n"


def _nth(override: str, place: int) -> str:
    name, _, value = override.partition("=")
    values = value.split(",")
    return f"{name}={values[min(place, len(values) - 1)]}"


class TestMistakes:
    def test_unknown_task(self) -> None:
        done = cli("trian")
        refused(done, "'trian'", "did you mean 'train'", *COMMANDS, "risicomodel --help")
        assert done.err.count("\n") == 1

    def test_unknown_option(self) -> None:
        done = cli("train", "--hlep")
        refused(done, "'--hlep'", "did you mean '--help'", "data=archive")
        assert done.err.count("\n") == 1

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["train", "-vx"], ["-v/--verbose", "'x'", "risicomodel train --help"]),
            (["--verbose=3", "train"], ["-v/--verbose", "'3'", "risicomodel --help"]),
            (["--hlep"], ["'--hlep'", "did you mean '--help'"]),
            (["report", "--langauge=en"], ["'--langauge=en'", "risicomodel report --help"]),
            (["compare", "-m"], ["compare with -m", "Leave -m out"]),
            (["-m", "verify", "RUN_FOLDER"], ["verify with -m", "risicomodel verify --help"]),
        ],
    )
    def test_options(self, words: list[str], said: list[str]) -> None:
        done = cli(*words)
        refused(done, *said)
        assert done.err.count("\n") == 1
        assert "usage" not in done.err

    @pytest.mark.parametrize("before", [True, False])
    def test_an_option_may_stand_before_the_task(self, tmp_path: Path, *, before: bool) -> None:
        words = ["-m", "train"] if before else ["train", "-m"]
        done = cli(*words, *SHORT, "seed=1,2", f"run.dir={tmp_path}")
        refused(done, "run.dir names one folder")

    def test_two_tasks(self) -> None:
        refused(cli("train", "compare"), "compare")

    def test_nothing_goes_to_the_output_but_results(self) -> None:
        assert cli("trian").out == ""


def test_a_name_keeps_its_apostrophe() -> None:
    for written in ("'s-Gravenhage", '"\'s-Gravenhage"'):
        words = COMMANDS["report"].overrides([f"gemeente={written}"])
        assert settings.compose(words).report.gemeente == "'s-Gravenhage"
    assert COMMANDS["run"].overrides(["gemeente='Utrecht'"]) == ['report.gemeente="Utrecht"']


class TestEnd:
    def test_says_where_and_what_next(self, tmp_path: Path) -> None:
        done = well("train", *SHORT, f"run.dir={tmp_path / 'run'}")
        assert done.out.startswith("DEMO: made-up figures.")
        assert "leaderboard" in done.out
        assert re.search(r"jeugd +\w+ \*", done.out)
        assert f"results:  {tmp_path / 'run'}\n" in done.out
        assert "next:     risicomodel" in done.out
        assert "\x1b" not in done.out + done.err

    def test_progress_is_on_the_error_stream(self, tmp_path: Path) -> None:
        done = well("train", *SHORT, f"run.dir={tmp_path / 'run'}")
        stages = ["sources …", "panel …", "features …", "models …", "evaluation …", "tracking …"]
        assert [line for line in done.err.splitlines() if line.endswith("…")] == stages
        assert "…" not in done.out

    def test_verbose_says_how_long_stages_took(self, tmp_path: Path) -> None:
        done = well("data", "-v", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}")
        assert re.search(r"panel took \d+\.\d s", done.err)

    def test_a_reader_that_has_seen_enough(self, tmp_path: Path) -> None:
        """``risicomodel … | head -1``: no traceback, and the results are there."""
        running = subprocess.Popen(
            command("data", *DEMO, *OFF, f"run.dir={tmp_path / 'run'}"),
            env=environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        err = running.stderr.read()
        running.stderr.close()
        assert running.wait(timeout=60) == 0
        assert "Error" not in err
        assert (tmp_path / "run" / "run.json").is_file()

    def test_an_interrupt_that_cannot_be_raised_is_not_printed(self, tmp_path: Path) -> None:
        """Python prints it with a traceback, as when it comes within an import's own work."""
        script = """
import sys
from risicomodel.cli import main
main(["--version"])
class Interrupted:
    def __init__(self, error): self.error = error
    def __del__(self): raise self.error
Interrupted(KeyboardInterrupt())
Interrupted(ValueError("told"))
"""
        done = subprocess.run(
            [sys.executable, "-c", script],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=True,
        )
        assert "KeyboardInterrupt" not in done.stderr
        assert "ValueError: told" in done.stderr
