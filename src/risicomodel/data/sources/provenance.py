"""What was read: a record that goes with every figure."""

from __future__ import annotations

from dataclasses import dataclass

CBS_LICENCE = "CC BY 4.0"
CBS_CREDIT = "Bron: CBS"
CBS_TABLE_PAGE = "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/{table}/table"


@dataclass(frozen=True)
class Provenance:
    """One file that a result was made from.

    Parameters
    ----------
    source : str
        The module it came through: ``archive``, ``cbs``, ``demo`` or ``table``.
    subject, table : str
        What it holds and its CBS table id or file name.
    period : str
        The year it describes.
    file : str
        Path inside its archive (never a path of the machine).
    sha256 : str
        Hash of the file's bytes.
    rows : int
        Area rows used.
    licence, url : str
        How it may be used and where it is published.
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
