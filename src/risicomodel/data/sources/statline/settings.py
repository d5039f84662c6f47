"""Settings of the downloader, and what is requested of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class CbsSettings:
    """The server, and how patient to be with it.

    Parameters
    ----------
    base_url : str
        The address of the service, without ``/ODataFeed``.
    attempts : int
        How many times to request a page before giving up.
    wait_seconds : float
        The wait before the second attempt; it doubles every time, up to a minute, plus some jitter.
    timeout_seconds : float
        How long the server may be silent.
    page_size : int
        Rows to request at once from a server that does not divide its answers; CBS's limit.
    """

    base_url: str = "https://opendata.cbs.nl"
    attempts: int = 5
    wait_seconds: float = 1.0
    timeout_seconds: float = 60.0
    page_size: int = 10_000


@dataclass(frozen=True)
class TableRequest:
    """A table to download, for one use of it.

    Parameters
    ----------
    subject : str
        What it is about, such as ``kwb`` or ``jeugd``.
    year : int
        The year it describes.
    table : str
        Its CBS table id.
    totals : tuple of str
        Titles that mean "total" in its breakdowns.
    """

    subject: str
    year: int
    table: str
    totals: tuple[str, ...] = ()
