"""Fields of forms, as a screen, a sheet or a workbook has them, turned into answers and back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from risicomodel.participation.form_rules import KNOW

if TYPE_CHECKING:
    from collections.abc import Mapping

    from risicomodel.participation.forms import Form, Role
    from risicomodel.participation.review.questions import Question

_NUMBER = re.compile(r"\d{1,4}([.,]\d{1,2})?")
LIMITS = ("low", "high", "best")
UNSURE = "unknown"


def number(text: str) -> float | int | None:
    """Return a number as people write it; None if it is none.

    Parameters
    ----------
    text : str
        With a comma or a point.

    Examples
    --------
    >>> number(" 8,5 "), number("12"), number("-3"), number("veel")
    (8.5, 12, None, None)
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "."))
    return int(value) if value.is_integer() else value


def value_of(question: Question, fields: Mapping[str, str], form: Form, role: Role) -> Any:
    """Return the value of an answer, as its fields have it.

    Parameters
    ----------
    question : Question
        What was asked.
    fields : mapping of str to str
        What was filled in.
    form : Form
        Of the round.
    role : Role
        Of the person.

    Returns
    -------
    object
        As :mod:`risicomodel.participation.review.answers` checks it.
    """
    kind = question.item.kind
    if _has_number(question):
        unsure = kind == KNOW and fields.get(UNSURE)
        return UNSURE if unsure else number(fields.get("value", ""))
    if kind == "coins":
        texts = {key: fields.get(f"coins_{key}", "") for key in form.keys(question.item.scale)}
        return {key: number(text) if text.strip() else 0 for key, text in texts.items()}
    if kind == "text":
        return fields.get("value", "").strip().replace("\r\n", "\n")
    if kind == "need" and (not role.gives_range(question.domain) or fields.get(UNSURE)):
        return {"tap": UNSURE if fields.get(UNSURE) else fields.get("value", "")}
    if kind == "need":
        return {
            **{key: number(fields.get(key, "")) for key in LIMITS},
            "sure": fields.get("sure", ""),
        }
    return fields.get("value", "")


def _has_number(question: Question) -> bool:
    """Return whether a screen has one number to fill in."""
    item = question.item
    return item.kind == "number" or (item.kind == KNOW and not item.scale)


def fields_of(question: Question, value: Any) -> dict[str, str]:
    """Return what the fields of a screen show of an answer that was given.

    Parameters
    ----------
    question : Question
        What is asked.
    value : object
        Of the answer; None where there is none.

    Returns
    -------
    dict of str to str
        By name of the field.
    """
    kind = question.item.kind
    if value is None or (_has_number(question) and value == UNSURE):
        return {}
    if kind == "coins":
        return {f"coins_{key}": str(count) for key, count in value.items()}
    if kind == "need" and "tap" in value:
        unsure = {"unknown": "1"} if value["tap"] == UNSURE else {}
        return {"value": value["tap"], **unsure}
    if kind == "need":
        return {key: f"{one:g}" if key in LIMITS else str(one) for key, one in value.items()}
    return {"value": str(value)}
