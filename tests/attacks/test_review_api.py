"""What fits the description, and what does not, sent to a running server: no error of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from risicomodel.participation import phases
from risicomodel.participation.review.evening import Evening
from support import evenings
from support.evenings import Device

if TYPE_CHECKING:
    from collections.abc import Iterator

schemathesis = pytest.importorskip(
    "schemathesis", reason="no schemathesis: the description is not walked"
)
FULL = os.environ.get("RISICOMODEL_ATTACKS") == "full"
QUESTION = "knows.WK034401"
EXAMPLES = 300 if FULL else 25


@pytest.fixture(scope="module")
def devices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Device]]:
    url = evenings.sqlite(tmp_path_factory.mktemp("round"))
    evening = Evening(evenings.store(url))
    evening.move(phases.Phase.OWN_VIEW)
    evening.move(phases.Phase.REVEAL)
    with evenings.served(evening) as address:
        made = {name: Device(address) for name in ("anyone", "person", "lead")}
        assert made["person"].enter("1001").status_code == 303
        assert made["lead"].lead().status_code == 303
        yield made


@pytest.mark.parametrize("who", ["anyone", "person", "lead"])
def test_no_request_makes_an_error_of_the_server(devices: dict[str, Device], who: str) -> None:
    """From its own description: right and wrong, as anyone, with a card, and as the moderator."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    device = devices[who]
    schema = schemathesis.openapi.from_url(f"{device.address}/v1/openapi.json")
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance,
        response_schema_conformance,
    ]  # fmt: skip
    headers = {"Origin": device.address, "X-CSRF-Token": device.token("/kaart/x")}
    statuses = set[int]()
    for operation in schema.get_all_operations():
        asked = operation.ok()
        sends = asked.definition.raw.get("parameters") or asked.definition.raw.get("requestBody")
        for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if sends else [])):

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                phases=[Phase.generate],
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(asked.as_strategy(generation_mode=mode), st.booleans())
            def walk(case: Any, is_asked: bool) -> None:
                if is_asked and "questionId" in case.path_parameters:
                    case.path_parameters["questionId"] = QUESTION
                response = case.call(
                    session=device.session, headers={**headers}, allow_redirects=False
                )
                statuses.add(response.status_code)
                case.validate_response(response, checks=checks)

            walk()
    expected = {"anyone": {200, 401, 403}, "person": {200, 400, 401, 409}, "lead": {200, 401}}
    assert expected[who] <= statuses
    assert not {status for status in statuses if status >= 500}
