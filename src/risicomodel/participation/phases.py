"""The phases of an evening: their order, which only the moderator moves, and what each allows."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Phase(StrEnum):
    """A phase, in the order of the evening.

    Examples
    --------
    >>> Phase.OWN_VIEW.next, Phase.OWN_VIEW.shows_values, Phase.TALK.shows_values
    (<Phase.REVEAL: 'reveal'>, False, True)
    """

    PRACTICE = "practice"
    OWN_VIEW = "own_view"
    REVEAL = "reveal"
    TALK = "talk"
    AGAIN = "again"
    CAUSES = "causes"
    AGREEMENT = "agreement"
    DONE = "done"

    @property
    def place(self) -> int:
        """Position in the evening, from 0."""
        return list(Phase).index(self)

    @property
    def next(self) -> Phase | None:
        """The phase after this one; None after the last."""
        after = list(Phase)[self.place + 1 :]
        return after[0] if after else None

    @property
    def shows_values(self) -> bool:
        """Whether answers of others and figures of the model may be seen.

        Before everyone has judged alone, no value leaves the server but a person's own.
        """
        return self.place >= Phase.REVEAL.place

    @property
    def closed(self) -> bool:
        """Whether no answer counts any more."""
        return self is Phase.DONE


def check_step(now: Phase, to: Phase, phases: Sequence[Phase] = tuple(Phase)) -> None:
    """Check that the moderator may move from one phase to another.

    Parameters
    ----------
    now, to : Phase
        From and to.
    phases : sequence of Phase
        Those that the round goes through: a form may have fewer than an evening.

    Raises
    ------
    ConfigError
        If it is not the next phase. There is no way back: what was seen cannot be unseen.

    Examples
    --------
    >>> check_step(Phase.PRACTICE, Phase.OWN_VIEW)
    """
    following = next((one for one in phases if one.place > now.place), None)
    if to is not following:
        expected = following or "nothing: the evening is over"
        raise ConfigError(
            f"a step from '{now}' to '{to}'; expected '{expected}'. Phases go one by one and not "
            "back: what people saw they cannot judge blind again."
        )
