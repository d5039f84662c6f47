"""``review letter``: a letter to who took part."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.core.errors import ConfigError
from risicomodel.participation.phases import Phase

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords


def letter(words: GivenWords) -> str:
    """Write the letter of a round, to print or to send by whoever knows the addresses."""
    from risicomodel.participation.review import letter as letters
    from risicomodel.participation.review.evening import Evening

    folder, store, _ = folders.opened(words)
    evening = Evening(store)
    folders.require_wijken(
        evening,
        "the letter says what came out per wijk",
        f"Print ADDRESS/leiding/uitkomst, or 'risicomodel review export {folder}'",
    )
    phase = evening.store.phase()
    if phase not in (Phase.AGREEMENT, Phase.DONE):
        raise ConfigError(
            f"this round is in phase '{phase}'; expected '{Phase.AGREEMENT}' or the end, as a "
            "letter says what was agreed. Move on at ADDRESS/leiding."
        )
    path = folder / letters.LETTER
    if words.get("file"):
        path = Path(words.get("file")).expanduser().resolve()
    letters.write(path, evening)
    return f"letter:  {path}\nnext:    read it, print it, and hand it out; it holds no free text"
