"""``review paper``: forms for who takes part on paper."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.core.errors import ConfigError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.store import Person, Store

log = logging.getLogger(__name__)

ON_A_TABLET = (
    "Let people answer on a phone, or on a tablet with 'Samen invullen' below each question"
)


def paper(words: GivenWords) -> str:
    """Write forms on paper: a page per wijk, for all people or for some."""
    from risicomodel.participation.review import paper as forms_on_paper
    from risicomodel.participation.review.evening import Evening
    from risicomodel.participation.review.sheets import PHASES

    folder, store, _ = folders.opened(words)
    evening = Evening(store)
    folders.require_wijken(evening, "there is a sheet per wijk", ON_A_TABLET)
    people = people_of(store, words.get("number"))
    target = Path(words.get("dir")).expanduser().resolve() if words.get("dir") else folder
    target.mkdir(parents=True, exist_ok=True)
    phases = [phase_of(words.get("phase"))] if words.get("phase") else list(PHASES)
    written, lacking = [], ""
    for phase in phases:
        files, lacking = forms_on_paper.write(target, evening, people, phase)
        written += files
    if lacking:
        log.warning("no PDF, only pages to print from a browser: %s", lacking)
    closed = [
        f"keep:   {path.name} closed until the round is in '{PHASES[-1]}': it names causes"
        for path in written
        if path.stem == forms_on_paper.FILES[PHASES[-1]] and store.phase().place < PHASES[-1].place
    ]
    return "\n".join(
        [
            f"forms:  {len(people)} people, {len(evening.round.wijken)} wijken",
            *(f"print:  {path}" for path in written),
            *closed,
            "next:   type them in at ADDRESS/leiding/papier, before you move to the next step",
        ]
    )


def people_of(store: Store, numbers: str) -> Sequence[Person]:
    """Return the people of numbers with commas between them; everyone if none are given."""
    everyone = {person.number: person for person in store.people()}
    if not numbers:
        return list(everyone.values())
    chosen = [number.strip() for number in numbers.split(",") if number.strip()]
    violations = [
        f"'{number}'{suggest(number, everyone)}" for number in chosen if number not in everyone
    ]
    if violations:
        raise ConfigError(
            "number names cards that this round does not have; expected numbers of four digits "
            "as on the cards, such as number=0417,0902. Correct:",
            violations,
        )
    return [everyone[number] for number in dict.fromkeys(chosen)]


def phase_of(text: str) -> Phase:
    """Return the phase that sheets are for."""
    from risicomodel.participation.phases import Phase
    from risicomodel.participation.review.sheets import PHASES

    if text not in set(PHASES):
        raise ConfigError(
            f"phase is '{text}'{suggest(text, PHASES)}; expected one of {', '.join(PHASES)}. "
            "Correct it, or leave it out."
        )
    return Phase(text)
