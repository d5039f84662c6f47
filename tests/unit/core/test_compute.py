"""The same work anywhere: threads, processes and a real Dask cluster, and what goes wrong there."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from risicomodel.core import compute, paths
from risicomodel.core.compute import ComputeSettings
from risicomodel.core.errors import ComputeError, ConfigError
from support.running import DEMO, OFF, SHORT, SPLIT, TREES, begin, cli, interrupt, refused
from support.servers import HERE, Cluster, cluster
from support.work import die, die_once, fail, wait_then_name

if TYPE_CHECKING:
    from collections.abc import Iterator

EACH = (*DEMO, *SPLIT, *TREES, *OFF, "domain=[jeugd,wmo]")


def collect(function: object, items: list[object], settings: ComputeSettings) -> dict[int, object]:
    out: dict[int, object] = {}
    compute.each(function, items, settings, out.__setitem__)  # type: ignore[arg-type]
    return out


@pytest.mark.slow
class TestCluster:
    @pytest.fixture
    def made(self, tmp_path: Path) -> Iterator[Cluster]:
        with cluster(tmp_path / "cluster") as made:
            yield made

    def test_a_worker_that_dies_is_replaced_by_another(self, made: Cluster, tmp_path: Path) -> None:
        address = made.scheduler()
        for _ in range(2):
            made.worker(address, **HERE)
        items: list[object] = [tmp_path / "died"]
        found = collect(die_once, items, ComputeSettings("dask", address=address))
        assert found == {0: "survived"}

    def test_work_that_kills_its_workers_is_told(self, made: Cluster) -> None:
        address = made.scheduler()
        made.start("worker", address, "--nthreads", "1", "--no-dashboard", **HERE)  # has a nanny
        with pytest.raises(
            ComputeError, match=r"crashed several workers.*run the same command again"
        ):
            collect(die, [1], ComputeSettings("dask", address=address))

    def test_no_workers(self, made: Cluster) -> None:
        address = made.scheduler()
        with pytest.raises(ComputeError, match=f"has no workers; expected one .*{address}"):
            collect(wait_then_name, [("a", 0)], ComputeSettings("dask", address=address))

    def test_no_workers_left(self, made: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(compute.cluster, "ALONE_SECONDS", 4)
        address = made.scheduler()
        made.worker(address, **HERE)
        settings = ComputeSettings("dask", address=address)
        arrived: list[int] = []

        def kill(position: int, _: object) -> None:
            arrived.append(position)
            made.started[1].kill()

        items = [("a", 0.0), ("b", 5.0)]
        with pytest.raises(ComputeError, match="has no workers"):
            compute.each(wait_then_name, items, settings, kill)
        assert arrived == [0], "what had arrived had"

    def test_a_scheduler_that_goes_away(self, made: Cluster) -> None:
        address = made.scheduler()
        made.worker(address, **HERE)
        settings = ComputeSettings("dask", address=address)
        items = [("a", 0.0), ("b", 60.0)]
        with pytest.raises(ComputeError, match=r"scheduler disappeared.*is kept"):
            compute.each(wait_then_name, items, settings, lambda *_: made.started[0].kill())

    def test_workers_that_run_other_code_are_refused(self, made: Cluster, tmp_path: Path) -> None:
        other = shutil.copytree(paths.PACKAGE, tmp_path / "other" / "risicomodel")
        shutil.copytree(paths.config_dir(), other / "configs")
        with (other / "splits.py").open("a") as stream:
            stream.write("# another folding\n")
        address = made.scheduler()
        made.worker(address, PYTHONPATH=str(other.parent))
        run = tmp_path / "run"
        done = cli(
            "train",
            *SHORT,
            "compute=dask",
            f"compute.address={address}",
            "seed=77",
            f"run.dir={run}",
        )
        refused(done, "run different code", "tcp://127.0.0.1", "code", "the same as here")
        assert not run.exists()

    def test_a_mistake_in_the_work_is_told_as_it_is(self, made: Cluster) -> None:
        address = made.scheduler()
        made.worker(address, **HERE)
        with pytest.raises(ConfigError, match="item 3 cannot be") as caught:
            collect(fail, [3], ComputeSettings("dask", address=address))
        assert caught.value.details == ("detail 3",)


class TestThreads:
    @pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="no /proc to measure by")
    def test_give_back_what_they_freed(self) -> None:
        """200 MB freed by a thread, with something small here and there that stays."""
        code = (
            "import threading\n"
            "from pathlib import Path\n"
            "from risicomodel.core.compute import heap\n"
            "kept = []\n"
            "def work():\n"
            "    pieces = [[b'x' * 65_536, kept.append(bytes(1_000))] for _ in range(3_000)]\n"
            "def resident():\n"
            "    return int(Path('/proc/self/statm').read_text().split()[1])\n"
            "before = resident()\n"
            "thread = threading.Thread(target=work)\n"
            "thread.start()\n"
            "thread.join()\n"
            "after = resident()\n"
            "heap.give_back()\n"
            "print(after - before, resident() - before)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        grown, left = map(int, done.stdout.split())
        if platform.libc_ver()[0] == "glibc":
            assert grown > 10_000, "pages: or this tells nothing"
        assert left < 10_000


class TestProcesses:
    def test_every_item_once_wherever(self) -> None:
        items = [(str(i), 0.05) for i in range(8)]
        found = collect(wait_then_name, list(items), ComputeSettings("processes", jobs=2))
        assert sorted(found) == list(range(8))
        assert [name for name, _ in (found[i] for i in range(8))] == [n for n, _ in items]  # type: ignore[misc]
        assert os.getpid() not in {pid for _, pid in found.values()}  # type: ignore[misc]

    def test_one_that_is_killed_is_told(self) -> None:
        with pytest.raises(ComputeError, match=r"was killed.*compute.jobs=1"):
            collect(die, [1, 2], ComputeSettings("processes", jobs=2))

    def test_a_mistake_in_the_work_is_told_as_it_is(self) -> None:
        with pytest.raises(ConfigError, match="item 1 cannot be") as caught:
            collect(fail, [1], ComputeSettings("processes", jobs=2))
        assert caught.value.details == ("detail 1",)


class TestMistakes:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["compute=dask"], ["compute.address is missing", "dask scheduler", "dask worker"]),
            (["compute.backend=thread"], ["'thread'", "did you mean 'threads'?", "dask"]),
            (["compute.address=tcp://127.0.0.1:1"], ["compute.backend is threads", "compute=dask"]),
            (["compute=cluster"], ["'cluster' is not a choice", "dask", "processes"]),
        ],
    )
    def test_in_the_configuration(self, words: list[str], told: list[str]) -> None:
        refused(cli("train", *SHORT, *words), *told)

    @pytest.mark.parametrize("kind", ["nobody", "silent", "nonsense"])
    def test_no_scheduler_there(self, kind: str, tmp_path: Path) -> None:
        pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            address = {
                "nobody": "tcp://127.0.0.1:9",
                "silent": f"tcp://127.0.0.1:{silent.getsockname()[1]}",
                "nonsense": "gopher://127.0.0.1:9",
            }[kind]
            words = ["compute=dask", f"compute.address={address}", "seed=78"]
            done = cli("train", *SHORT, *words, f"run.dir={tmp_path / 'run'}")
        refused(done, address, "no Dask scheduler answers", "dask scheduler", "compute=local")
        assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_interrupted_processes_leave_nothing_and_go_on(tmp_path: Path) -> None:
    """Ctrl-C, as a terminal sends it: to the driver and its processes alike."""
    words = [*DEMO, *SPLIT, *OFF, "domain=jeugd", "split.protocols=[unseen_gemeente]"]
    words += ["compute=processes", "compute.jobs=2"]
    running = begin("train", *words, f"run.dir={tmp_path / 'run'}", home=tmp_path)
    while not list(tmp_path.glob(".cache/folds/*.parquet")):
        assert running.poll() is None
        time.sleep(0.01)
    interrupt(running)
    assert not (tmp_path / "run").exists()
    assert not list(tmp_path.rglob("*.partial"))
    kept = set(tmp_path.glob(".cache/folds/*.parquet"))
    assert kept
