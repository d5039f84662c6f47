"""The moderator's passphrase: drawn when a round is made, said once, kept as a hash."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from risicomodel.participation.review.store import MODERATOR, Admission

if TYPE_CHECKING:
    from risicomodel.participation.review.evening import Evening

# short Dutch words that are typed as they are heard; six of these 138 are 42 bits
WORDS = """
appel arm avond bad bal bank beek berg beer bijl blad boek boom boot bord brief brood brug bus
dag dak deken deur dier dorp draad druif duif eend ei emmer ezel feest fiets fles fluit gans
glas gras haan hek hert hoed hof hond hout huis jas kaars kaas kast kat kers klok koe koek
koffer kom koning kraan krant kruid lamp land leeuw lepel licht lied maan mand markt meer melk
mes molen mond muis muur naald nacht neus noot olie paard pad pan park peer pen plein poort post
raam regen rivier roos schaap schip school schuur sleutel sneeuw soep ster steen stoel straat
taart tafel tak tas tent tijger toren touw trap trein trom tuin veld veer vis vlag vogel vork
vuur water weg wind winkel wol wolk zak zand zee zon zout zwaan
""".split()  # noqa: SIM905 (138 lines say no more than 12)
COUNT = 6


def draw() -> str:
    """Return a new passphrase.

    Examples
    --------
    >>> len(draw().split())
    6
    """
    return " ".join(secrets.choice(WORDS) for _ in range(COUNT))


def hashed(passphrase: str) -> str:
    """Return the hash (argon2id) of a passphrase."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(" ".join(passphrase.lower().split()))


def check(evening: Evening, typed: str) -> Admission:
    """Return whether a passphrase opens; wrong ones count, and lock for a while.

    Parameters
    ----------
    evening : Evening
        The round.
    typed : str
        In capitals or not, with any spaces.

    Returns
    -------
    Admission
    """
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    if evening.store.is_locked(MODERATOR):
        return Admission.LOCKED
    try:
        PasswordHasher().verify(evening.passphrase_hash, " ".join(typed[:200].lower().split()))
    except (VerificationError, InvalidHashError):
        evening.store.failed(MODERATOR)
        return Admission.WRONG
    return Admission.OPEN
