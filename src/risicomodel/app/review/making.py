"""``review new``: a round from a finished run, with cards to print, a poster and a passphrase."""

from __future__ import annotations

import logging
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from risicomodel.app.review import folders
from risicomodel.app.review.addresses import PORT, own_address
from risicomodel.core import database, paths, storage
from risicomodel.core.errors import ConfigError, suggest

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.forms import Form
    from risicomodel.participation.review.codes import Code
    from risicomodel.participation.review.rounds import ModelView, Round
    from risicomodel.publishing.disclosure import Shown

log = logging.getLogger(__name__)

KEPT_DAYS = 365
DEFAULT_PEOPLE = {
    "inwoner": 6, "wijkteam": 4, "aanbieder": 4, "wijkagent": 2, "woonconsulent": 2, "beleid": 2,
}  # fmt: skip


class RoundSettings(NamedTuple):
    """What a new round is to be, checked.

    Parameters
    ----------
    words : GivenWords
        Of the command: gemeente, wijken, folder, database and address.
    form_name : str
        How the form is named.
    form : Form
        What is asked.
    declaration : str
        Of the form, with a gemeente's own statements.
    people : dict of str to int
        How many cards of each role.
    language : {"nl", "en"}
        Of the screens.
    keep_until : str
        Date (ISO 8601).
    """

    words: GivenWords
    form_name: str
    form: Form
    declaration: str
    people: dict[str, int]
    language: str
    keep_until: str


class MadeRound(NamedTuple):
    """A round that was just made, with the secrets that nothing else keeps.

    Parameters
    ----------
    folder : Path
        Of the round.
    round : Round
        The round.
    about : str
        What is asked, in a few words.
    said : str
        The moderator's passphrase.
    drawn : list of (Code, str, str)
        Codes, with their role and what tables call the person.
    """

    folder: Path
    round: Round
    about: str
    said: str
    drawn: list[tuple[Code, str, str]]


def new(words: GivenWords) -> str:
    """Make a round from a finished run: its database, cards to print, a poster, a passphrase."""
    from risicomodel.participation.review import cards
    from risicomodel.publishing.disclosure import disclose

    chosen = settings_of(words)  # before the run is read: what is mistyped is said at once
    run = run_folder(words)
    made = make(chosen, disclose(run), run)
    folder = made.folder
    return "\n".join(
        [
            f"round:       {made.round.gm_name}, {made.about}, {len(made.drawn)} cards",
            f"folder:      {folder}",
            f"print:       {folder / cards.CARDS} and {folder / cards.POSTER}",
            f"passphrase:  {made.said}   (the moderator's; it is shown this once)",
            f"next:        risicomodel review serve {folder} network=yes",
        ]
    )


def settings_of(words: GivenWords) -> RoundSettings:
    """Return the settings of a new round, checked."""
    from risicomodel.participation import forms, local_statements

    name = words.get("form", "review")
    declaration = forms.text_of(name)
    if words.get("local"):
        declaration = local_statements.added(declaration, words.get("local"))
    form = forms.parse(declaration, where=name)
    return RoundSettings(
        words=words,
        form_name=name,
        form=form,
        declaration=declaration,
        people=_people(words.get("people"), form),
        language=_language(words.get("language", "nl")),
        keep_until=_keep_until(words.get("keep_until")),
    )


def make(chosen: RoundSettings, shown: Shown, run: Path) -> MadeRound:
    """Make a round from what may be shown of a run.

    Parameters
    ----------
    chosen : RoundSettings
        Of the round.
    shown : Shown
        From the disclosure gate.
    run : Path
        Folder of the run, to publish beside later.
    """
    from risicomodel.participation.review import cards, passphrase, rounds
    from risicomodel.participation.review.evening import FORM, KEY, MODEL, PASSPHRASE, ROUND

    words = chosen.words
    drawn = _draw(chosen.people)
    made, view = rounds.make(
        shown,
        chosen.form,
        gemeente=words.get("gemeente") or None,
        form_name=chosen.form_name,
        wijken=[code for code in words.get("wijken").replace(" ", "").split(",") if code],
        language=chosen.language,
        keep_until=chosen.keep_until,
    )
    folder = folders.new(words, made.gm_name, made.round_id)
    said = passphrase.draw()
    with storage.staged_folder(folder) as staging:
        facts = {
            ROUND: made.to_json,
            MODEL: view.to_json,
            FORM: chosen.declaration,
            PASSPHRASE: passphrase.hashed(said),
            KEY: secrets.token_urlsafe(32),
        }
        store = folders.store(words.get("database") or f"sqlite:///{staging / folders.DATABASE}")
        store.create(facts, drawn, chosen.form.phases[0])
        store.engine.dispose()
        mark = {
            "round_id": made.round_id, "gemeente": made.gm_name, "keep_until": made.keep_until,
            "database": _kept_address(words.get("database")), folders.RUN: str(run),
        }  # fmt: skip
        storage.write_json(staging / folders.MARK, mark)
        staging.chmod(0o700)  # codes, answers: for who makes the round, and nobody else
        where = words.get("address") or f"http://{own_address()}:{PORT}"
        cards.write(staging, made, chosen.form, [(code, role) for code, role, _ in drawn], where)
    return MadeRound(folder, made, _about(made, chosen.form, view), said, drawn)


def _about(made: Round, form: Form, view: ModelView) -> str:
    """Return what is asked, in a few words; and what is not, as the run does not have it."""
    if form.is_about_wijken:
        return f"{len(made.wijken)} wijken"
    lacking = [item.key for item in form.items if item.truth and item.key not in view.truths]
    text = f"{len(form.items) - len(lacking)} questions"
    return f"{text} (without {', '.join(lacking)}: no figure in this run)" if lacking else text


def _kept_address(address: str) -> str:
    """Return the address of a server as the folder keeps it: without password."""
    kept = database.without_password(address) if address else ""
    if kept != address:
        log.warning(
            "the password of the database is not kept; 'review serve' takes it from PGPASSWORD, "
            "~/.pgpass or %s",
            folders.ADDRESS_VARIABLE,
        )
    return kept


def _people(text: str, form: Form) -> dict[str, int]:
    """Return how many cards there are of each role."""
    if not text:
        said = {role: one.cards for role, one in form.roles.items() if one.cards}
        return said or {role: n for role, n in DEFAULT_PEOPLE.items() if role in form.roles}
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


def run_folder(words: GivenWords) -> Path:
    """Return the folder of the run that is named, or of the newest."""
    if len(words.bare) > 1:
        raise ConfigError(
            f"review {words.verb} was given {len(words.bare)} folders; expected one finished "
            "run, or none for the newest. Leave the others out."
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
