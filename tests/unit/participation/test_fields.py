"""Fields of screens: what is shown again of an answer is understood as that answer."""

from __future__ import annotations

from typing import Any

import pytest

from risicomodel.participation import forms
from risicomodel.participation.phases import Phase
from risicomodel.participation.review import fields
from risicomodel.participation.review.questions import Question

FORM = forms.named("review")


@pytest.mark.parametrize(
    ("key", "role", "value"),
    [
        ("practice", "inwoner", 18),
        ("knows", "inwoner", "well"),
        ("need", "inwoner", {"tap": "more"}),
        ("need", "inwoner", {"tap": "unknown"}),
        ("need", "beleid", {"tap": "unknown"}),
        ("need", "beleid", {"low": 8, "high": 14.5, "best": 10, "sure": "70"}),
        ("missing", "inwoner", "Er is geen bus."),
        ("coins", "inwoner", {"prevent": 6, "light": 4, "tailored": 0, "housing": 0, "places": 0}),
    ],
)
def test_an_answer_that_is_sent_again_is_the_same(key: str, role: str, value: Any) -> None:
    """So that of two answers either can be chosen, whatever they are."""
    question = Question(FORM.item(key), Phase.OWN_VIEW, "WK034401", "wmo")
    shown = fields.fields_of(question, value)
    assert fields.value_of(question, shown, FORM, FORM.roles[role]) == value
