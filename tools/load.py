"""A room that sends at once: 200 people on loopback, to the server as ``review serve`` starts it.

``python tools/load.py`` makes a round, opens it and lets everyone send each answer in the same
moment, on SQLite and, where PostgreSQL is installed, there too. It prints how long people waited,
and ends with 1 if an answer was lost or refused, or if the two databases give different tables.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from risicomodel.app.review.folders import DATABASE, MARK  # noqa: E402
from risicomodel.core import database  # noqa: E402
from risicomodel.participation.review.store import Store  # noqa: E402
from support import evenings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

PEOPLE = 200
SEED = 12
ROLES = ("inwoner", "wijkteam", "aanbieder", "beleid", "wijkagent")
DOMAINS = ("jeugd", "wmo", "bijstand")
RANGED = {"wijkteam": DOMAINS, "beleid": DOMAINS, "aanbieder": ("jeugd", "wmo")}
TAPS = ("less", "same", "more")
PHASE = "own_view"
SEE_OTHER = 303
TRIES = 600  # a tenth of a second each, for a server to start


@dataclass
class Reply:
    """What a server answered.

    Parameters
    ----------
    status : int
        Of HTTP.
    text : str
        The body.
    cookie : str
        That it set; may be empty.
    seconds : float
        Between the request and the end of the answer.
    """

    status: int
    text: str
    cookie: str
    seconds: float


@dataclass
class Phone:
    """A connection that stays open, with a cookie, as a browser has one.

    Parameters
    ----------
    port : int
        Of the server, on loopback.
    role : str
        Of who holds it.
    """

    port: int
    role: str = ""
    cookie: str = ""
    token: str = ""
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, fields: dict[str, str] | None = None) -> Reply:
        """Send a request and wait for the whole answer."""
        if self.streams is None or self.streams[0].at_eof():  # a server ends idle connections
            self.close()
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        host = f"127.0.0.1:{self.port}"
        body = urlencode({"csrf": self.token, **fields}) if fields is not None else ""
        lines = [
            f"{method} {path} HTTP/1.1", f"Host: {host}", f"Cookie: {self.cookie}",
            f"Origin: http://{host}", "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        started = time.perf_counter()
        writer.write("\r\n".join(lines).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = re.search(r"(?im)^content-length: (\d+)", head)
        text = (await reader.readexactly(int(length[1]) if length else 0)).decode()
        seconds = time.perf_counter() - started
        cookie = re.search(r"(?im)^set-cookie: ([^;]+)", head)
        if cookie:
            self.cookie = cookie[1]
        return Reply(int(head.split()[1]), text, cookie[1] if cookie else "", seconds)

    async def start(self) -> None:
        """Get a session and its token."""
        text = (await self.send("GET", "/kaart/x")).text
        match = re.search(r'name="csrf" value="(\w+)"', text)
        self.token = match[1] if match else ""

    async def enter(self, number: str) -> Reply:
        """Type a code, as a person does."""
        await self.start()
        reply = await self.send("POST", "/code", {"code": f"{number}-{evenings.SECRET}"})
        await self.start()
        return reply

    def close(self) -> None:
        """Close the connection."""
        if self.streams is not None:
            self.streams[1].close()


@dataclass
class Measured:
    """What came of a room that sent at once.

    Parameters
    ----------
    kind : str
        Of the database.
    replies : dict of str to list of Reply
        By what was asked: ``sign in``, ``answer`` and ``next screen``.
    sent : int
        Answers, each once.
    table : DataFrame
        The answers that count, from the database.
    """

    kind: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    sent: int = 0
    table: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def lost(self) -> int:
        """Answers that were acknowledged and are not there."""
        return self.sent - len(self.table)

    @property
    def refused(self) -> int:
        """Requests that were not answered as they should."""
        good = {"answer": SEE_OTHER, "sign in": SEE_OTHER, "next screen": 200}
        return sum(one.status != good[name] for name, all_ in self.replies.items() for one in all_)

    def milliseconds(self, name: str, share: float) -> float:
        """Return a quantile of the waiting times."""
        return float(pd.Series([one.seconds for one in self.replies[name]]).quantile(share) * 1000)

    @property
    def rows(self) -> list[dict[str, object]]:
        """A row per kind of request, as they are printed."""
        return [
            {
                "database": self.kind, "what": name, "requests": len(self.replies[name]),
                **{f"p{share} ms": round(self.milliseconds(name, share / 100))
                   for share in (50, 95, 100)},
                "refused": self.refused, "lost": self.lost,
            }
            for name in self.replies
        ]  # fmt: skip


def waves(wijken: list[str], role: str, place: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Return what a person sends, question by question."""
    for code in wijken:
        yield f"knows/{code}", {"value": "well"}
    for code, domain in itertools.product(wijken, DOMAINS):
        if domain in RANGED.get(role, ()):
            low = 2 + place % 20
            value = {"low": f"{low}", "best": f"{low + 2}", "high": f"{low + 5}", "sure": "70"}
            yield f"need/{code}/{domain}", value
        else:
            yield f"need/{code}/{domain}", {"value": TAPS[place % 3]}


async def sent_within(seconds: float, place: int, sending: Awaitable[Reply]) -> Reply:
    """Send at a moment of a person's own: not all in the same one, unless seconds is 0."""
    if seconds:
        await asyncio.sleep(random.Random(f"{SEED}/{place}").uniform(0, seconds))  # noqa: S311
    return await sending


async def played(port: int, people: int, measured: Measured, within: float = 0.0) -> None:
    """Let a room sign in, and send every answer at the same moment, or within some seconds."""
    lead = Phone(port)
    await lead.start()
    await lead.send("POST", "/leiding/in", {"password": evenings.SAID})
    await lead.start()
    phones = [Phone(port, ROLES[place % len(ROLES)]) for place in range(people)]
    measured.replies["sign in"] = await asyncio.gather(
        *(phone.enter(f"{1001 + place}") for place, phone in enumerate(phones))
    )
    moved = await lead.send("POST", "/leiding/stap", {"to": PHASE})
    if moved.status != SEE_OTHER:
        raise SystemExit(f"the moderator's step was answered with {moved.status}")
    answers, screens = list[Reply](), list[Reply]()
    todo = [
        list(waves(list(evenings.WIJKEN), phone.role, place)) for place, phone in enumerate(phones)
    ]
    for wave in zip(*todo, strict=True):
        fields = [(path, {"phase": PHASE, "revision": "1", **value}) for path, value in wave]
        answers += await asyncio.gather(
            *(
                sent_within(within, place, phone.send("POST", f"/vraag/{path}", sent))
                for place, (phone, (path, sent)) in enumerate(zip(phones, fields, strict=True))
            )
        )
        screens += await asyncio.gather(
            *(
                sent_within(within, place, phone.send("GET", "/vraag"))
                for place, phone in enumerate(phones)
            )
        )
    measured.replies |= {"answer": answers, "next screen": screens}
    measured.sent = len(answers)
    for phone in (lead, *phones):
        phone.close()


@contextmanager
def served(folder: Path, url: str, people: int) -> Iterator[int]:
    """Make a round and open it as the command does; give its port."""
    roles = tuple(ROLES[place % len(ROLES)] for place in range(people))
    evenings.store(url, roles).engine.dispose()
    address = "" if url.startswith("sqlite") else url
    mark = {"round_id": "abcd1234", "gemeente": "Utrecht", "database": address}
    (folder / MARK).write_text(json.dumps(mark))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    words = [sys.executable, "-m", "risicomodel", "review", "serve", str(folder), f"port={port}"]
    with (folder / "serve.log").open("wb") as log:
        running = subprocess.Popen(
            words, stdout=log, stderr=log, env={**os.environ, "RISICOMODEL_HOME": str(folder)}
        )
    try:
        for _ in range(TRIES):
            if running.poll() is not None:
                raise SystemExit((folder / "serve.log").read_text())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        running.terminate()
        running.wait()


def measure(
    kind: str, url: str, folder: Path, people: int = PEOPLE, within: float = 0.0
) -> Measured:
    """Play a room on one database.

    Parameters
    ----------
    kind : str
        What it is called.
    url : str
        Of an empty database.
    folder : Path
        For the round.
    people : int
        How many send at once.
    within : float
        Seconds within which all send an answer; 0 for the same moment.

    Returns
    -------
    Measured
    """
    measured = Measured(kind)
    with served(folder, url, people) as port:
        asyncio.run(played(port, people, measured, within))
    store = Store(database.engine(url))
    measured.table = store.current()
    store.engine.dispose()
    return measured


def main(arguments: list[str] | None = None) -> int:
    """Measure and print.

    Parameters
    ----------
    arguments : list of str, optional
        Of the command line; those of this process when None.

    Returns
    -------
    int
        0, or 1 where something was lost, refused, or different.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many send at once")
    parser.add_argument("--only", default="", help="sqlite or postgresql")
    parser.add_argument("--within", type=float, default=0.0, help="seconds; 0: the same moment")
    given = parser.parse_args(arguments)
    measured = []
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind in (database.SQLITE, database.POSTGRES):
            if given.only not in {"", kind}:
                continue
            folder = home / kind
            folder.mkdir()
            url = f"sqlite:///{folder / DATABASE}"
            if kind == database.POSTGRES:
                from support import servers

                url = stack.enter_context(servers.postgres()).database()
            measured.append(measure(kind, url, folder, given.people, given.within))
    print(pd.DataFrame([row for one in measured for row in one.rows]).to_string(index=False))
    same = all(one.table.equals(measured[0].table) for one in measured)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{os.cpu_count()} cores; load average {load:.1f}, of all that runs here")
    print(f"{len(measured)} databases, the same tables: {'yes' if same else 'NO'}")
    return int(not same or any(one.lost or one.refused for one in measured))


if __name__ == "__main__":
    sys.exit(main())
