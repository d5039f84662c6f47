"""Rounds for tests: three wijken, made-up figures, and a real server to send answers to."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests

from risicomodel.core import database
from risicomodel.participation import forms
from risicomodel.participation.review import codes, passphrase
from risicomodel.participation.review.evening import (
    FORM,
    KEY,
    MODEL,
    PASSPHRASE,
    ROUND,
    Evening,
)
from risicomodel.participation.review.rounds import JudgedDomain, ModelView, Round
from risicomodel.participation.review.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.codes import Code

WIJKEN = {"WK034401": "Noord", "WK034402": "Zuid", "WK034403": "Oost"}
SAID = "bes boek boom brug bus"  # the moderator's, in tests
SECRET = "BCD234"  # noqa: S105 (of every card here: one hash is enough)
ROLES = ("inwoner", "inwoner", "wijkteam", "wijkteam", "aanbieder", "beleid", "inwoner")
DOMAINS = (
    JudgedDomain("jeugd", "jeugdhulp", "youth care", 100, "jongeren", "young people", 2024),
    JudgedDomain("wmo", "Wmo", "Wmo", 1000, "mensen", "people", 2024),
    JudgedDomain("bijstand", "bijstand", "social assistance", 1000, "mensen", "people", 2024),
)
NAMES = [f"{wijk}/{one.name}" for wijk in WIJKEN for one in DOMAINS]
# figures that no page has by chance
VIEW = ModelView(
    forecasts=dict.fromkeys(NAMES, (0.0733, 0.0611, 0.0877)),
    last=dict.fromkeys(NAMES, (2022, 0.0719)),
    of_gemeente={one.name: 0.0697 for one in DOMAINS},
    causes={name: ["k_alleen"] for name in NAMES},
    labels={"k_alleen": {"nl": "mensen die alleen wonen", "en": "people who live alone"}},
    practice=18,
)


def made_round(form: forms.Form, language: str = "nl", round_id: str = "abcd1234") -> Round:
    """Return a round that no run was needed for."""
    return Round(
        round_id=round_id, gm_code="GM0344", gm_name="Utrecht", wijken=dict(WIJKEN),
        domains=DOMAINS, form="review", form_version=form.version, form_sha256=form.sha256,
        run_sha256="0" * 64, language=language, keep_until="2099-01-01", made_up=True,
    )  # fmt: skip


def cards(roles: tuple[str, ...] = ROLES) -> list[tuple[Code, str, str]]:
    """Return a card per role, with numbers that tests know."""
    return [
        (codes.Code(f"{1001 + place}", SECRET), role, f"p{place + 1:03}")
        for place, role in enumerate(roles)
    ]


def store(url: str, roles: tuple[str, ...] = ROLES, **changes: Any) -> Store:
    """Make the database of a round."""
    form = forms.named("review")
    made = replace(made_round(form), **changes)
    kept = Store(database.engine(url))
    facts = {
        ROUND: made.to_json, MODEL: VIEW.to_json, FORM: forms.text_of("review"),
        PASSPHRASE: passphrase.hashed(SAID), KEY: f"key of {made.round_id}",
    }  # fmt: skip
    kept.create(facts, cards(roles))
    return kept


def sqlite(folder: Path, name: str = "round") -> str:
    """Return the address of a database in a folder."""
    return f"sqlite:///{folder / name}.sqlite"


@dataclass
class Device:
    """A phone: a browser without script, that keeps cookies and fills in forms."""

    address: str

    def __post_init__(self) -> None:
        self.session = requests.Session()

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.address + path, timeout=20)

    def token(self, path: str = "/") -> str:
        found = re.search(r'name="csrf" value="(\w+)"', self.get(path).text)
        return found[1] if found else ""

    def post(
        self,
        path: str,
        fields: Mapping[str, str],
        headers: Mapping[str, str | None] | None = None,
        page: str = "/kaart/x",
    ) -> requests.Response:
        sent = {"csrf": self.token(page), **fields}
        return self.session.post(
            self.address + path,
            data=sent,
            headers={"Origin": self.address, **(headers or {})},
            allow_redirects=False,
            timeout=20,
        )

    def enter(self, number: str, secret: str = SECRET) -> requests.Response:
        return self.post("/code", {"code": f"{number}-{secret}"})

    def lead(self) -> requests.Response:
        return self.post("/leiding/in", {"password": SAID})

    def step(self, to: str) -> requests.Response:
        return self.post("/leiding/stap", {"to": to})

    def answer(
        self, path: str, phase: Phase, revision: int = 1, **fields: str
    ) -> requests.Response:
        sent = {"phase": str(phase), "revision": str(revision), **fields}
        return self.post(f"/vraag/{path}", sent)


@contextlib.contextmanager
def served(evening: Evening) -> Iterator[str]:
    """Serve a round on a port of its own; give its address."""
    import uvicorn

    from risicomodel.web import app

    made = app.create(evening, "http://zaal.test")
    config = uvicorn.Config(
        made, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextlib.contextmanager
def free_port() -> Iterator[int]:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    yield port
