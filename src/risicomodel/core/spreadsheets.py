"""Texts in tables that spreadsheets open: none of them may run as a formula."""

from __future__ import annotations

from typing import Any

import pandas as pd

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula begins so
QUOTE = "'"


def is_formula(text: Any) -> bool:
    """Return whether a spreadsheet would take a cell for a formula.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("een bus"), is_formula(-1)
    (True, False, False)
    """
    return isinstance(text, str) and text.startswith(BEGINNINGS)


def quoted(text: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: such a text after a quote."""
    return f"{QUOTE}{text}" if is_formula(text) else text


def harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with texts that no spreadsheet takes for formulas.

    Parameters
    ----------
    table : DataFrame
        Of any columns; only texts change.
    """
    out = table.copy()
    for name in out.columns:
        if out[name].dtype.kind in "OTU":
            out[name] = out[name].map(quoted)
    return out


def unquoted(text: str) -> str:
    """Return a text as it was before it was quoted.

    Examples
    --------
    >>> unquoted(quoted("-3 huizen")), unquoted("'s avonds")
    ('-3 huizen', "'s avonds")
    """
    return text[1:] if text.startswith(QUOTE) and is_formula(text[1:]) else text
