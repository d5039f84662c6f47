"""Servers for tests, each real and a process of its own: a Dask cluster, PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from risicomodel.core import paths
from support.running import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

# workers that find this package and what tests share
HERE = {"PYTHONPATH": os.pathsep.join([str(paths.PACKAGE.parent), str(Path(__file__).parents[1])])}


@dataclass
class Cluster:
    """A scheduler and workers, each a process of its own."""

    folder: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str, **env: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{len(self.started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                env=environment(self.folder, **env),
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        self.started.append(process)
        return process

    def scheduler(self) -> str:
        place = self.folder / "scheduler.json"
        self.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(place),
        )  # fmt: skip
        while not place.is_file() or not place.read_text():
            assert self.started[0].poll() is None, self.logs()
            time.sleep(0.05)
        return str(json.loads(place.read_text())["address"])

    def worker(self, address: str, **env: str) -> subprocess.Popen[bytes]:
        return self.start(
            "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", **env
        )

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in reversed(self.started):
            process.kill()
            process.wait()


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    folder.mkdir()
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    made = Cluster(folder)
    try:
        yield made
    finally:
        made.stop()


PASSWORD = "geheim"  # noqa: S105 (a server of the test's own)
SERVER_USER = "postgres"  # PostgreSQL refuses to run as root


@dataclass
class Postgres:
    """A PostgreSQL server with its data in a folder of its own."""

    programs: Path
    folder: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"postgresql+psycopg://tester:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def database(self) -> str:
        """Make a database of a test's own and return its address."""
        import psycopg

        name = f"trials_{uuid.uuid4().hex}"
        plain = self.uri.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.uri.replace("/postgres", f"/{name}")

    def run(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        user = {"user": SERVER_USER, "group": SERVER_USER} if os.geteuid() == 0 else {}
        return subprocess.Popen(
            [self.programs / name, *words],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **user,  # type: ignore[call-overload]
        )

    def start(self) -> None:
        data = str(self.folder / "data")
        if not Path(data).is_dir():
            words = ("-D", data, "-U", "tester", "--auth=trust", "--no-sync", "-E", "UTF8")
            assert self.run("initdb", *words).wait() == 0
        self.running = self.run(
            "postgres", "-D", data, "-p", str(self.port), "-k", str(self.folder),
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
        )  # fmt: skip
        while self.run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port)).wait():
            assert self.running.poll() is None
            time.sleep(0.05)

    def stop(self) -> None:
        if self.running:
            self.running.send_signal(2)  # fast: connections are cut
            self.running.wait()


@contextlib.contextmanager
def postgres() -> Iterator[Postgres]:
    """Give a server, where PostgreSQL's programs and its client are installed."""
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    programs = next((place for place in places if (place / "postgres").is_file()), None)
    if programs is None:
        pytest.skip("no PostgreSQL server (initdb, postgres) is installed here")
    folder = Path(tempfile.mkdtemp(prefix="risicomodel-pg-"))  # where its user may enter
    if os.geteuid() == 0:
        try:
            shutil.chown(folder, SERVER_USER, SERVER_USER)
        except LookupError:
            pytest.skip(f"PostgreSQL does not run as root, and there is no user {SERVER_USER}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    server = Postgres(programs, folder, port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
