"""Codes: what is on a person's card. A public number finds the row, a secret opens it.

Nobody's name is kept, ever. The secret is kept as a hash only. Wrong secrets count per number, and
unknown numbers per round, so that twelve people behind one address never lock each other out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from random import Random

# without letters and digits that are read as each other, and without vowels: no words
ALPHABET = "BCDFGHJKMNPQRTVWXZ2346789"
NUMBER_DIGITS, SECRET_LETTERS = 4, 6
_CODE = re.compile(rf"\s*(\d{{{NUMBER_DIGITS}}})[\s-]*([A-Z0-9\s-]{{{SECRET_LETTERS},20}})\s*")
SALT_BYTES = 16
# scrypt: 16 MB and some 30 ms for a try, few enough to let a room in at once
COST, BLOCK, PARALLEL = 2**14, 8, 1
MAX_FAILURES = 10  # wrong secrets for one number, before it is locked
MAX_UNKNOWN = 200  # unknown numbers in a round, before these are refused unseen
LOCK_SECONDS = 15 * 60


@dataclass(frozen=True)
class Code:
    """What is printed on one card.

    Parameters
    ----------
    number : str
        Four digits; public.
    secret : str
        Six letters and digits; printed once and kept nowhere.
    """

    number: str
    secret: str

    @property
    def text(self) -> str:
        """As it is printed and typed.

        Examples
        --------
        >>> Code("0417", "BCD234").text
        '0417-BCD-234'
        """
        return f"{self.number}-{self.secret[:3]}-{self.secret[3:]}"


def parse(text: str) -> Code | None:
    """Read a code as people type it.

    Parameters
    ----------
    text : str
        With or without hyphens and spaces, in capitals or not.

    Returns
    -------
    Code or None
        None if it is not in the form of a code.

    Examples
    --------
    >>> parse(" 0417 bcd 234 ")
    Code(number='0417', secret='BCD234')
    >>> parse("no code") is None
    True
    """
    match = _CODE.fullmatch(text[:40].upper())
    if match is None:
        return None
    secret = re.sub(r"[\s-]", "", match[2])
    return Code(match[1], secret) if len(secret) == SECRET_LETTERS else None


def draw(count: int, random: Random | secrets.SystemRandom | None = None) -> list[Code]:
    """Draw the codes of a round.

    Parameters
    ----------
    count : int
        How many.
    random : Random, optional
        Only for a round that is made up; by default the system's own.

    Returns
    -------
    list of Code
        With different numbers, in no order that tells of roles.
    """
    most = 10**NUMBER_DIGITS // 10
    if not 1 <= count <= most:
        raise ConfigError(
            f"{count} codes for one round; expected 1 to {most}. Make rounds of fewer people."
        )
    source = random or secrets.SystemRandom()
    numbers = source.sample(range(10**NUMBER_DIGITS), count)
    return [
        Code(f"{number:0{NUMBER_DIGITS}}", "".join(source.choices(ALPHABET, k=SECRET_LETTERS)))
        for number in numbers
    ]


def hashed(secret: str, salt: bytes | None = None) -> str:
    """Return the hash of a secret, with its salt.

    Parameters
    ----------
    secret : str
        As printed, without hyphens.
    salt : bytes, optional
        Drawn anew unless given.

    Returns
    -------
    str
        Salt and hash, hexadecimal.
    """
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    digest = hashlib.scrypt(
        secret.encode(), salt=salt, n=COST, r=BLOCK, p=PARALLEL, maxmem=2**26, dklen=32
    )
    return f"{salt.hex()}:{digest.hex()}"


def fits(secret: str, kept: str) -> bool:
    """Return whether a secret is the one that was hashed, in time that does not tell how near.

    Parameters
    ----------
    secret : str
        As typed.
    kept : str
        From :func:`hashed`.

    Returns
    -------
    bool

    Examples
    --------
    >>> kept = hashed("BCD234")
    >>> fits("BCD234", kept), fits("BCD235", kept)
    (True, False)
    """
    salt = bytes.fromhex(kept.partition(":")[0])
    return hmac.compare_digest(hashed(secret, salt), kept)
