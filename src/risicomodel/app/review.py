"""Commands of a round: make it, open it in the room, take along what came out, delete it."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import shutil
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risicomodel.core import database, paths, storage
from risicomodel.core.errors import ConfigError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from risicomodel.participation.forms import Form
    from risicomodel.participation.review.codes import Code
    from risicomodel.participation.review.store import Store

log = logging.getLogger(__name__)

MARK = "round.json"
DATABASE = "round.sqlite"
FOLDERS = "reviews"
PORT = 8000
BACKLOG = 512  # a room sends at once
KEPT_DAYS = 365
DEFAULT_PEOPLE = {
    "inwoner": 6, "wijkteam": 4, "aanbieder": 4, "wijkagent": 2, "woonconsulent": 2, "beleid": 2,
}  # fmt: skip
LOOPBACK = "127.0.0.1"
LISTEN_EVERYWHERE = "0.0.0.0"  # noqa: S104 (only where the user asks for it)


@dataclass(frozen=True)
class GivenWords:
    """GivenWords of a command: its verb, what stands without a key, and settings.

    Parameters
    ----------
    verb : str
        ``new``, ``serve``, …
    bare : list of str
        Folders.
    settings : dict of str to str
        By key.
    """

    verb: str
    bare: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def get(self, key: str, default: str = "") -> str:
        """Return a setting."""
        return self.settings.get(key, default)


VERBS: dict[str, tuple[str, ...]] = {
    "new": (
        "gemeente", "wijken", "form", "people", "language", "keep_until", "address", "dir",
        "database",
    ),
    "serve": ("port", "network", "address"),
    "export": ("dir",),
    "delete": ("yes",),
}  # fmt: skip


def carry_out(words: Sequence[str]) -> str:
    """Carry out a command of a round and return the text that it ends with.

    Parameters
    ----------
    words : sequence of str
        A verb, folders and settings.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If a word cannot be understood, or what the web needs is not installed.
    """
    _require_web()
    parsed = parse(words)
    verbs: dict[str, Callable[[GivenWords], str]] = {
        "new": new, "serve": serve, "export": export, "delete": delete,
    }  # fmt: skip
    with database.understood():
        return verbs[parsed.verb](parsed)


def parse(words: Sequence[str]) -> GivenWords:
    """Return the words of a command; all that cannot be understood at once.

    Examples
    --------
    >>> parse(["serve", "reviews/utrecht", "port=8080"])
    GivenWords(verb='serve', bare=['reviews/utrecht'], settings={'port': '8080'})
    """
    verb = words[0] if words else ""
    if verb not in VERBS:
        raise ConfigError(
            f"review was given '{verb}'{suggest(verb, VERBS)}; expected one of {', '.join(VERBS)}. "
            "Begin with 'risicomodel review new gemeente=NAME'."
        )
    pairs = [word.partition("=") for word in words[1:] if "=" in word]
    violations = [
        f"'{key}'{suggest(key, VERBS[verb])} is none of {', '.join(VERBS[verb])}"
        for key, _, _ in pairs
        if key not in VERBS[verb]
    ]
    if violations:
        raise ConfigError(
            f"review {verb} was given settings that it does not know; correct:", violations
        )
    bare = [word for word in words[1:] if "=" not in word]
    return GivenWords(verb, bare, {key: value.strip("'\"[]") for key, _, value in pairs})


def _require_web() -> None:
    try:
        import argon2  # noqa: F401
        import fastapi  # noqa: F401
        import segno  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"a round needs a package that is not installed ({error.name}); expected the extra "
            "'web'. Install it: pip install 'risicomodel[web]'."
        ) from error


def new(words: GivenWords) -> str:
    """Make a round from a finished run: its database, cards to print, a poster, a passphrase."""
    from risicomodel.participation import forms
    from risicomodel.participation.review import cards, passphrase, rounds
    from risicomodel.participation.review.evening import FORM, KEY, MODEL, PASSPHRASE, ROUND
    from risicomodel.publishing.disclosure import disclose

    name = words.get("form", "review")
    form = forms.named(name)
    people = _people(words.get("people"), form)
    shown = disclose(_run(words))
    made, view = rounds.make(
        shown,
        form,
        gemeente=words.get("gemeente") or None,
        form_name=name,
        wijken=[code for code in words.get("wijken").replace(" ", "").split(",") if code],
        language=_language(words.get("language", "nl")),
        keep_until=_keep_until(words.get("keep_until")),
    )
    folder = _new_folder(words, made.gm_name, made.round_id)
    drawn = _draw(people)
    said = passphrase.draw()
    with storage.staged_folder(folder) as staging:
        address = words.get("database") or f"sqlite:///{staging / DATABASE}"
        facts = {
            ROUND: made.to_json,
            MODEL: view.to_json,
            FORM: forms.text_of(name),
            PASSPHRASE: passphrase.hashed(said),
            KEY: secrets.token_urlsafe(32),
        }
        store = _store(address)
        store.create(facts, [(code, role, person) for code, role, person in drawn])
        store.engine.dispose()
        mark = {
            "round_id": made.round_id, "gemeente": made.gm_name, "keep_until": made.keep_until,
            "database": words.get("database"),
        }  # fmt: skip
        storage.write_json(staging / MARK, mark)
        staging.chmod(0o700)  # codes, answers: for who makes the round, and nobody else
        where = words.get("address") or f"http://{_own_address()}:{PORT}"
        cards.write(staging, made, form, [(code, role) for code, role, _ in drawn], where)
    return "\n".join(
        [
            f"round:       {made.gm_name}, {len(made.wijken)} wijken, {len(drawn)} cards",
            f"folder:      {folder}",
            f"print:       {folder / cards.CARDS} and {folder / cards.POSTER}",
            f"passphrase:  {said}   (the moderator's; it is shown this once)",
            f"next:        risicomodel review serve {folder}",
        ]
    )


def _people(text: str, form: Form) -> dict[str, int]:
    """Return how many cards there are of each role."""
    if not text:
        return {role: n for role, n in DEFAULT_PEOPLE.items() if role in form.roles}
    pairs = [part.partition(":") for part in text.split(",")]
    violations = [
        f"'{role}:{n}'{suggest(role, form.roles)}"
        for role, _, n in pairs
        if role not in form.roles or not n.isdecimal() or not 1 <= int(n) <= 200  # noqa: PLR2004
    ]
    if violations:
        raise ConfigError(
            f"people was given roles or numbers that do not fit; expected ROLE:NUMBER of "
            f"{', '.join(form.roles)}, such as inwoner:6,wijkteam:4. Correct:",
            violations,
        )
    return {role: int(n) for role, _, n in pairs}


def _draw(people: dict[str, int]) -> list[tuple[Code, str, str]]:
    """Return a code, a role and a name for tables per person, in an order that tells nothing."""
    from risicomodel.participation.review import codes

    roles = [role for role, n in people.items() for _ in range(n)]
    drawn = codes.draw(len(roles))
    names = [f"p{place:03}" for place in range(1, len(roles) + 1)]
    secrets.SystemRandom().shuffle(names)
    return list(zip(drawn, roles, names, strict=True))


def _run(words: GivenWords) -> Path:
    if len(words.bare) > 1:
        raise ConfigError(
            f"review new was given {len(words.bare)} folders; expected one finished run, or none "
            "for the newest. Leave the others out."
        )
    if words.bare:
        return Path(words.bare[0]).expanduser().resolve()
    runs = sorted((paths.home() / "runs" / "run").glob("*/run.json"))
    if not runs:
        raise ConfigError(
            f"no finished run in {paths.home() / 'runs' / 'run'}; expected one to make a round "
            "from. Make one with 'risicomodel run', or name its folder."
        )
    return runs[-1].parent


def _language(text: str) -> str:
    if text not in {"nl", "en"}:
        raise ConfigError(f"language is '{text}'; expected nl or en. Correct it.")
    return text


def _keep_until(text: str) -> str:
    today = datetime.now(UTC).date()
    if not text:
        return (today + timedelta(days=KEPT_DAYS)).isoformat()
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        day = today
    if day <= today:
        raise ConfigError(
            f"keep_until is '{text}'; expected a date after today, as 2027-06-30. Correct it."
        )
    return day.isoformat()


def _new_folder(words: GivenWords, gemeente: str, round_id: str) -> Path:
    if words.get("dir"):
        folder = Path(words.get("dir")).expanduser().resolve()
    else:
        name = "".join(c if c.isalnum() else "-" for c in gemeente.lower()).strip("-")
        folder = paths.home() / FOLDERS / f"{name}-{round_id}"
    if folder.exists() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty; expected a new folder. Choose another 'dir', or delete that "
            "round with 'risicomodel review delete'."
        )
    return folder


def _own_address() -> str:
    """Return this machine's address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # a datagram socket: this only chooses a route
        has_route = probe.connect_ex(("192.0.2.1", 9)) == 0
        return str(probe.getsockname()[0]) if has_route else LOOPBACK


def _store(address: str) -> Store:
    from risicomodel.participation.review.store import Store

    return Store(database.engine(address))


def _opened(words: GivenWords) -> tuple[Path, Store, dict[str, Any]]:
    """Return the folder of a round, its database and its mark."""
    if len(words.bare) != 1:
        raise ConfigError(
            f"review {words.verb} was given {len(words.bare)} folders; expected that of one round. "
            f"Give it: 'risicomodel review {words.verb} FOLDER'."
        )
    folder = Path(words.bare[0]).expanduser().resolve()
    if not (folder / MARK).is_file():
        raise ConfigError(
            f"{folder} is no round; expected a folder with {MARK}. Make one with "
            "'risicomodel review new gemeente=NAME'."
        )
    mark = _mark(folder / MARK)
    if not mark["database"] and not (folder / DATABASE).is_file():
        raise ConfigError(
            f"{folder} has no {DATABASE}; expected the round's answers in it. Restore it from its "
            "backup."
        )
    address = mark["database"] or f"sqlite:///{folder / DATABASE}"
    return folder, _store(address), mark


def _mark(path: Path) -> dict[str, Any]:
    try:
        mark = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        mark = None
    if not isinstance(mark, dict) or not {"round_id", "gemeente", "database"} <= set(mark):
        raise ConfigError(
            f"{path} is not what 'review new' wrote; expected that. Restore it from its backup."
        )
    return mark


def serve(words: GivenWords) -> str:
    """Open a round in the room."""
    import uvicorn

    from risicomodel.participation.review.evening import Evening
    from risicomodel.web import app

    _, store, _ = _opened(words)
    port = words.get("port", str(PORT))
    if not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ConfigError(f"port is '{port}'; expected a number from 1 to 65535. Correct it.")
    network = words.get("network", "no") in {"yes", "true"}
    host = LISTEN_EVERYWHERE if network else LOOPBACK
    address = words.get("address") or f"http://{_own_address() if network else LOOPBACK}:{port}"
    evening = Evening(store)
    with _listening(host, int(port)) as heard:
        log.info("open:       %s", address)
        log.info("moderator:  %s/leiding", address)
        if network:
            log.warning(
                "others on this network can reach it, and listen in: plain http is not encrypted. "
                "Use a network of your own, or put it behind https."
            )
        else:
            log.info("only this machine can reach it; for phones in the room: network=yes")
        log.info("stop with Ctrl-C; answers are kept, and the same command goes on")
        config = uvicorn.Config(app.create(evening, address), access_log=False, log_level="warning")
        with contextlib.suppress(KeyboardInterrupt):  # how an evening ends
            uvicorn.Server(config).run(sockets=[heard])
    return "closed: all answers are kept. Open it again with the same command."


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise in a line where another program does."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be had ({error.strerror}); expected one that is free. Stop what "
            "uses it, or choose another: port=8001."
        ) from error


def export(words: GivenWords) -> str:
    """Write what came out as tables."""
    from risicomodel.participation.review.evening import Evening

    folder, store, _ = _opened(words)
    evening = Evening(store)
    target = (
        Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder / "tables"
    )
    outcome = evening.outcome()
    tables = {
        "field_estimates": outcome.pictures, "contested_drivers": outcome.causes,
        "coins": outcome.coins, "missing_factors": outcome.missing, "actions": outcome.agreements,
    }  # fmt: skip
    with storage.staged_folder(target) as staging:
        for name, table in tables.items():
            storage.write_table(staging / f"{name}.csv", table)
    return (
        f"tables:  {target}\nnext:    open field_estimates.csv; under five answers it has no figure"
    )


def delete(words: GivenWords) -> str:
    """Delete a round: its answers, codes and cards."""
    from risicomodel.participation.review import schema

    folder, store, mark = _opened(words)
    if words.get("yes") != str(mark["round_id"]):
        raise ConfigError(
            f"delete removes every answer of round {mark['round_id']} ({mark['gemeente']}); "
            f"expected that you say so. Repeat it with 'yes={mark['round_id']}'."
        )
    if mark["database"]:
        schema.METADATA.drop_all(store.engine)
    store.engine.dispose()
    shutil.rmtree(folder)
    return f"deleted: round {mark['round_id']} of {mark['gemeente']}; copies elsewhere are yours"
