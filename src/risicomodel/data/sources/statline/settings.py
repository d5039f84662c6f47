"""How CBS StatLine is asked, and which tables are wanted of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CbsSettings:
    """Where CBS is and how patient to be.

    Parameters
    ----------
    base_url : str
        The service, without ``/ODataFeed``.
    attempts : int
        How often to ask for one page before giving up.
    wait_seconds : float
        The first wait between attempts; it doubles each time, up to a minute, plus chance.
    timeout_seconds : float
        How long to wait for an answer to begin or to go on.
    page_size : int
        Rows to ask for at once from a server that gives no pages by itself; CBS's limit.
    """

    base_url: str = "https://opendata.cbs.nl"
    attempts: int = 5
    wait_seconds: float = 1.0
    timeout_seconds: float = 60.0
    page_size: int = 10_000


@dataclass(frozen=True)
class Wanted:
    """A table to have: what it is for, its year and id, and the titles that mean "total" in it."""

    subject: str
    year: int
    table: str
    totals: tuple[str, ...] = ()
