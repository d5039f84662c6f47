"""The programming interface: what it gives to whom, and the NLGov API Design Rules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import requests

from risicomodel.core import paths
from risicomodel.participation.phases import Phase
from risicomodel.participation.review.evening import Evening
from risicomodel.web import description
from risicomodel.web.problems import MEDIA_TYPE
from support import evenings
from support.evenings import Device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NORTH = "WK034401"
KNOWS = f"knows.{NORTH}"
VERSION = "1.0.0"
RULES = paths.PACKAGE.parents[1] / ".spectral.yaml"
SPECTRAL = os.environ.get("SPECTRAL") or shutil.which("spectral")


class Client:
    """A program with the cookie of a card, or of the moderator."""

    def __init__(self, address: str, number: str = "") -> None:
        self.address, self.device = address, Device(address)
        if number == "lead":
            assert self.device.lead().status_code == 303
        elif number:
            assert self.device.enter(number).status_code == 303
        self.token = self.get("/questions").json().get("token", "")

    def get(self, path: str) -> requests.Response:
        return self.device.get(f"/v1{path}")

    def put(
        self, name: str, body: Any, headers: dict[str, str | None] | None = None
    ) -> requests.Response:
        sent = {
            "Origin": self.address, "X-CSRF-Token": self.token,
            "Content-Type": "application/json", **(headers or {}),
        }  # fmt: skip
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.device.session.put(
            f"{self.address}/v1/answers/{name}", data=data, headers=sent, timeout=20
        )


@pytest.fixture
def evening(tmp_path: Path) -> Evening:
    return Evening(evenings.store(evenings.sqlite(tmp_path)))


@pytest.fixture
def address(evening: Evening) -> Iterator[str]:
    with evenings.served(evening) as served:
        yield served


def answer(value: Any, revision: int = 1, phase: str = "own_view") -> dict[str, Any]:
    return {"phase": phase, "revision": revision, "value": value}


def is_problem(response: requests.Response, status: int) -> bool:
    problem = response.json()
    return (
        response.status_code == status == problem["status"]
        and response.headers["content-type"] == MEDIA_TYPE
        and {"title", "detail"} <= set(problem)
        and response.headers["API-Version"] == VERSION
    )


def test_anyone_reads_what_the_round_is_and_no_figure(address: str) -> None:
    response = requests.get(f"{address}/v1/round", timeout=20)
    assert response.headers["API-Version"] == VERSION
    assert response.json() == {
        "id": "abcd1234", "gemeente": "GM0344", "name": "Utrecht", "wijken": evenings.WIJKEN,
        "domains": {"jeugd": 2024, "wmo": 2024, "bijstand": 2024}, "form": "1", "language": "nl",
        "phase": "practice",
    }  # fmt: skip
    for path in ("/questions", "/outcome"):
        assert is_problem(requests.get(f"{address}/v1{path}", timeout=20), 401)


def test_a_person_reads_questions_and_sends_answers(evening: Evening, address: str) -> None:
    evening.move(Phase.OWN_VIEW)
    client = Client(address, "1001")
    first = client.get("/questions").json()["questions"][0]
    assert first["id"] == KNOWS
    assert (first["kind"], first["answered"], first["value"]) == ("choice", False, None)
    assert set(first["options"]) == {"well", "little", "no"}
    kept = client.put(KNOWS, answer("well"))
    assert kept.json() == {"saved": "saved", "revision": 1, "value": "well"}
    assert client.put(KNOWS, answer("well")).json()["saved"] == "same"
    conflict = client.put(KNOWS, answer("no"))
    assert is_problem(conflict, 409)
    assert (conflict.json()["value"], conflict.json()["revision"]) == ("well", 1)
    assert client.put(KNOWS, answer("little", 2)).json()["saved"] == "saved"
    again = {one["id"]: one for one in client.get("/questions").json()["questions"]}
    assert (again[KNOWS]["revision"], again[KNOWS]["value"]) == (2, "little")
    assert client.put(f"need.{NORTH}.wmo", answer({"tap": "more"})).status_code == 200
    other = Client(address, "1002")
    assert not any(one["answered"] for one in other.get("/questions").json()["questions"])
    assert evening.store.current()["value"].tolist() == ["little", {"tap": "more"}]
    # what a screen sends is the same answer
    form = client.device.answer(f"need/{NORTH}/wmo", Phase.OWN_VIEW, value="more")
    assert form.status_code == 303
    evening.move(Phase.REVEAL)
    assert client.put(KNOWS, answer("well", 3)).json()["saved"] == "late"


@pytest.mark.parametrize("phase", [Phase.OWN_VIEW, Phase.TALK, Phase.AGAIN])
def test_before_its_step_no_answer_tells_which_causes_there_are(
    evening: Evening, address: str, phase: Phase
) -> None:
    """The same whether the model names the cause or not: in the API, and on a screen."""
    evening.move(Phase.OWN_VIEW)
    client = Client(address, "1001")
    client.put(KNOWS, answer("well"))
    for step in list(Phase)[Phase.REVEAL.place : phase.place + 1]:
        evening.move(step)
    wijk = evening.place.wijken[0]
    guesses = [f"cause.{wijk}.wmo.{name}" for name in ("k_alleen", "k_huur")]
    said = [client.put(one, answer("little", phase="causes")) for one in guesses]
    assert [one.status_code for one in said] == [409, 409]
    assert said[0].json()["detail"] == said[1].json()["detail"]
    shown = [
        client.device.answer(one.replace(".", "/"), Phase.CAUSES, value="little") for one in guesses
    ]
    assert [one.status_code for one in shown] == [409, 409]
    assert shown[0].text == shown[1].text


def test_who_is_helped_is_counted_apart(evening: Evening, address: str) -> None:
    evening.move(Phase.OWN_VIEW)
    client = Client(address, "1001")
    client.device.post("/samen", {"helped": "1"}, page="/vraag")
    client.token = client.get("/questions").json()["token"]  # of the session as it is now
    assert client.put(KNOWS, answer("well")).json()["saved"] == "saved"
    assert evening.store.by_channel() == {"verteld": (1, 1)}


WRONG = [
    (answer("nonsense"), 400),
    (answer({"tap": "more"}), 400),
    (answer(["well"]), 400),
    (answer("we\x00ll"), 400),
    (answer("well", 0), 400),
    (answer("well", 10**30), 400),
    ({**answer("well"), "revision": "x"}, 400),
    (answer("well", phase="tomorrow"), 400),
    (answer("well", phase="causes"), 409),
    ({}, 400),
    ([], 400),
    (b"", 400),
    (b"\x00\xff\xfe", 400),
    (b'{"phase": "own_view", "revision": 1, "value": NaN}', 400),
    (b'{"phase": "own_view", "revision": 1, "value": 1e999}', 400),
    (b'{"phase": "own_view", "revision": 1, "value": "\\ud800"}', 400),
    (b"[" * 9_000, 400),
    (b"1" * 9_000, 400),
    (b" " * 30_000, 413),
]


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Evening, Client]]:
    made = Evening(evenings.store(evenings.sqlite(tmp_path_factory.mktemp("refusing"))))
    made.move(Phase.OWN_VIEW)
    with evenings.served(made) as served:
        yield made, Client(served, "1001")


@pytest.mark.parametrize(("body", "status"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_answer_is_a_problem(
    refusing: tuple[Evening, Client], body: Any, status: int
) -> None:
    evening, client = refusing
    assert is_problem(client.put(KNOWS, body), status)
    assert evening.store.of_person("1001") == {}


def test_what_is_forged_is_a_problem(refusing: tuple[Evening, Client]) -> None:
    evening, client = refusing
    for headers in (
        {"Origin": None}, {"Origin": "http://elders.test"}, {"X-CSRF-Token": None},
        {"X-CSRF-Token": "0" * 64}, {"Sec-Fetch-Site": "cross-site"},
    ):  # fmt: skip
        assert is_problem(client.put(KNOWS, answer("well"), headers), 403)
    assert is_problem(client.put(KNOWS, b"a=b", {"Content-Type": "text/plain"}), 415)
    assert is_problem(client.device.post("/v1/answers/x", {"value": "well"}), 405)
    for path in ("/nothing", "/", "", "/answers", "/round/x"):
        assert is_problem(client.get(path), 404)
    assert evening.store.of_person("1001") == {}


def test_what_came_out_is_the_moderators_and_only_from_the_reveal(
    evening: Evening, address: str
) -> None:
    lead, person = Client(address, "lead"), Client(address, "1001")
    assert is_problem(lead.get("/outcome"), 409)
    evening.move(Phase.OWN_VIEW)
    assert is_problem(lead.get("/outcome"), 409)
    evening.move(Phase.REVEAL)
    tables = lead.get("/outcome").json()
    assert set(tables) == {"estimates", "causes", "coins", "agreements"}
    assert is_problem(person.get("/outcome"), 401)


# --- the rules -----------------------------------------------------------------------------------


def document(address: str = "http://zaal.test:8000") -> dict[str, Any]:
    return description.document("Utrecht", address, "data@utrecht.test")


def operations(made: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in made["paths"].items():
        for method, one in methods.items():
            yield f"{method} {path}", one


def broken(made: dict[str, Any]) -> set[str]:
    """Return which rules of the NLGov API Design Rules a description breaks."""
    out = set()
    if not re.fullmatch(r"3\.\d+\.\d+", made["openapi"]):
        out.add("openapi3")
    if not all(re.search(r"^(https://.*)?/v\d+$", one["url"]) for one in made["servers"]):
        out.add("server")
    if not all(made["info"].get("contact", {}).get(key) for key in ("name", "email", "url")):
        out.add("contact")
    if not re.fullmatch(r"\d+\.\d+\.\d+", made["info"]["version"]):
        out.add("semver")
    for path in made["paths"]:
        if not re.fullmatch(r"(/([a-z0-9-]+|\{[a-z][A-Za-z]*\}))+", path):
            out.add("path")
    if not all(re.fullmatch(r"([A-Z][a-z]+)+", name) for name in made["components"]["schemas"]):
        out.add("schema name")
    for name, one in operations(made):
        out |= _broken_of_operation(name, one, made)
    return out


def _broken_of_operation(name: str, one: dict[str, Any], made: dict[str, Any]) -> set[str]:
    out = set()
    if name.split(maxsplit=1)[0] not in {"get", "put", "post", "delete", "patch"}:
        out.add("method")
    for parameter in one.get("parameters", ()):
        if parameter["in"] == "query" and not re.fullmatch(
            r"[a-z]+([A-Z][a-z]*)*", parameter["name"]
        ):
            out.add("query")  # fmt: skip
    if "400" not in one["responses"]:
        out.add("400")
    for status, response in one["responses"].items():
        if status[0] in "23" and "API-Version" not in response.get("headers", {}):
            out.add("version header")
        if status[0] in "45":
            content = response.get("content", {})
            reference = content.get(MEDIA_TYPE, {}).get("schema", {}).get("$ref", "")
            schema = made["components"]["schemas"].get(reference.rpartition("/")[2], {})
            if set(content) != {MEDIA_TYPE}:
                out.add("problem")
            if not {"title", "status", "detail"} <= set(schema.get("properties", ())):
                out.add("problem members")
    return out


def test_the_description_keeps_to_the_rules() -> None:
    assert broken(document()) == set()
    assert broken(document("https://duiding.utrecht.test/")) == set()
    servers = document("https://duiding.utrecht.test/")["servers"]
    assert servers == [{"url": "https://duiding.utrecht.test/v1"}]


def test_what_fastapi_makes_of_itself_breaks_them() -> None:
    """The rules see what they are for: the defaults that were mended."""
    from fastapi.openapi.utils import get_openapi

    from risicomodel.web import api

    made = get_openapi(title="x", version="1", routes=api.router.routes)
    assert broken({"servers": [{"url": "/"}], **made}) == {
        "server", "contact", "semver", "400", "version header", "problem", "problem members",
        "schema name",
    }  # fmt: skip


def test_the_description_is_published_and_has_no_more_than_there_is(address: str) -> None:
    response = requests.get(f"{address}/v1/openapi.json", timeout=20)
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["API-Version"] == VERSION
    made = response.json()
    assert made["servers"] == [{"url": "/v1"}]
    assert {name for name, _ in operations(made)} == {
        "get /round", "get /questions", "put /answers/{questionId}", "get /outcome",
    }  # fmt: skip
    assert "HTTPValidationError" not in response.text
    assert '"422"' not in response.text
    assert '"null"' not in response.text  # OpenAPI 3.0 has no such type


@pytest.mark.skipif(SPECTRAL is None, reason="no spectral (npm: @stoplight/spectral-cli)")
def test_spectral_finds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document()))
    done = subprocess.run(
        [str(SPECTRAL), "lint", str(path), "--ruleset", str(RULES), "--fail-severity", "warn"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
