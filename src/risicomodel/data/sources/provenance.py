"""Provenance: the record of every file that a result was made from."""

from __future__ import annotations

from dataclasses import dataclass

CBS_LICENCE = "CC BY 4.0"
CBS_TABLE_PAGE = "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/{table}/table"


@dataclass(frozen=True)
class Provenance:
    """One file that a result was made from.

    Parameters
    ----------
    source : str
        Where it came from: ``archive``, ``cbs``, ``demo`` or ``table``.
    subject : str
        What it is about, such as ``kwb`` or ``jeugd``.
    table : str
        Its CBS table id, or its name.
    period : str
        The year, or years, that it describes.
    file : str
        Its path in the archive, never a path of the machine.
    sha256 : str
        Hash of its bytes, 64 hexadecimal digits.
    rows : int
        How many rows of areas were used.
    licence : str
        On what terms it may be used.
    url : str
        The page where it is published; empty if there is none.
    """

    source: str
    subject: str
    table: str
    period: str
    file: str
    sha256: str
    rows: int
    licence: str = CBS_LICENCE
    url: str = ""
