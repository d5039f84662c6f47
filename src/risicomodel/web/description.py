"""The description of the programming interface (OpenAPI), as the NLGov API Design Rules have it.

FastAPI's own differs in six places: the server, the contact, the version on every answer, an
invalid request (422 as ``application/json`` instead of 400 as a problem), and what errors look
like. They are mended here.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.openapi.utils import get_openapi

from risicomodel.web import api
from risicomodel.web.problems import MEDIA_TYPE, PREFIX, VERSION, VERSION_HEADER

OPENAPI = "3.0.3"
PATH = f"{PREFIX}/openapi.json"
NO_EMAIL = "not-given@risicomodel.invalid"  # a name that no mail goes to (RFC 2606)
EVERYWHERE = (400, 405, 503)
PROBLEMS: dict[str, tuple[int, ...]] = {
    "getRound": (),
    "getQuestions": (401,),
    "putAnswer": (401, 403, 404, 409, 413, 415),
    "getOutcome": (401, 409),
}
TEXT = {"type": "string"}
PROBLEM = {
    "title": "Problem",
    "type": "object",
    "required": ["title", "status", "detail"],
    "properties": {
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {"type": "array", "items": TEXT},
    },
}
HEADER = {
    VERSION_HEADER: {"description": "The full version.", "schema": TEXT, "example": VERSION},
}


def document(gemeente: str, address: str, contact: str = "") -> dict[str, Any]:
    """Return the description.

    Parameters
    ----------
    gemeente : str
        Name of the gemeente whose round it is: it answers for what is asked.
    address : str
        Of the server.
    contact : str
        Who hosts it, an e-mail address.

    Returns
    -------
    dict
    """
    # relative on plain http: a description that is read through a proxy must not lead past it
    server = f"{address.rstrip('/')}{PREFIX}" if address.startswith("https://") else PREFIX
    made = get_openapi(
        title="risicomodel: a round",
        version=VERSION,
        openapi_version=OPENAPI,
        description=api.__doc__,
        routes=api.router.routes,
        servers=[{"url": server}],
        tags=[{"name": "round", "description": "What is asked and what came out."}],
    )
    made["paths"] = {
        path.removeprefix(PREFIX): {method: _mended(one) for method, one in methods.items()}
        for path, methods in made["paths"].items()
    }
    made["info"]["contact"] = {
        "name": f"Gemeente {gemeente}", "email": contact or NO_EMAIL, "url": address,
    }  # fmt: skip
    schemas = made["components"]["schemas"]
    made["components"]["schemas"] = {
        **{name: one for name, one in schemas.items() if "Validation" not in name},
        "Problem": PROBLEM,
    }
    return made


def _mended(operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation with the version on its answers, and its errors as problems."""
    good = {
        status: {**answer, "headers": HEADER}
        for status, answer in operation["responses"].items()
        if status.startswith(("2", "3"))
    }
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    bad = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "headers": HEADER,
            "content": {MEDIA_TYPE: schema},
        }
        for status in (*EVERYWHERE, *PROBLEMS[operation["operationId"]])
    }
    return {**operation, "tags": ["round"], "responses": dict(sorted({**good, **bad}.items()))}
