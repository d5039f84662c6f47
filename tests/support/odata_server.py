"""A real HTTP server on loopback that speaks CBS's OData v3 and misbehaves on demand."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
TOO_MANY = {
    "odata.error": {
        "code": "",
        "message": {"lang": "en-US", "value": "The query returns more than 10000 records."},
    }
}
_CLAUSE = r"(\w+) eq '((?:[^']|'')*)'"
_GROUP = re.compile(rf"\(({_CLAUSE}(?: or {_CLAUSE})*)\)")


@dataclass
class Table:
    """A table of the server: its parts by name, and how it says that it was modified."""

    title: str
    properties: list[Row]
    dimensions: dict[str, list[Row]]
    rows: list[Row]
    modified: str = "2020-10-01T02:00:00"

    def part(self, name: str) -> list[Row] | None:
        if name == "TableInfos":
            return [{"ID": 0, "Title": self.title, "Modified": self.modified}]
        parts = {"DataProperties": self.properties, "TypedDataSet": self.rows, **self.dimensions}
        return parts.get(name)


@dataclass
class Fault:
    """What goes wrong, where, and how often."""

    kind: str
    where: str
    times: int


@dataclass
class Behaviour:
    """What the server has, what it does wrong, and what was asked of it."""

    tables: dict[str, Table] = field(default_factory=dict)
    page_size: int = 4
    single_answer_limit: int | None = None
    counts: bool = True
    count_error: int = 0
    pages_by_link: bool = True
    links: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    on_request: Callable[[str], None] = lambda _: None
    lock: Any = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def fail(self, kind: str, where: str, times: int = 1) -> None:
        """Do wrong what ``kind`` says for requests in which ``where`` (a pattern) is found."""
        self.faults.append(Fault(kind, where, times))

    def fault(self, path: str) -> str | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.where, path):
                    fault.times -= 1
                    return fault.kind
        return None

    def data_pages(self) -> Counter[str]:
        """Return how often each page of data was asked for."""
        return Counter(
            path for path in self.asked if "/TypedDataSet" in path and "$count" not in path
        )


def matching(rows: list[Row], condition: str) -> list[Row] | None:
    """Return the rows that a filter keeps, or None where it cannot be understood."""
    left = _GROUP.sub("x", condition)
    if left and set(left.split(" and ")) != {"x"}:
        return None
    for group in _GROUP.finditer(condition):
        clauses = re.findall(_CLAUSE, group[1])
        kept = {(name, key.replace("''", "'")) for name, key in clauses}
        rows = [row for row in rows if any((name, row.get(name)) in kept for name, _ in kept)]
    return rows


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # head and body in one go, or every answer waits for an acknowledgement
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def behaviour(self) -> Behaviour:
        return cast("StatLineServer", self.server).behaviour

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep quiet."""

    def do_GET(self) -> None:
        path = unquote(self.path)
        with self.behaviour.lock:
            self.behaviour.asked.append(path)
            self.behaviour.agents.add(self.headers.get("User-Agent", ""))
        self.behaviour.on_request(path)
        fault = self.behaviour.fault(path)
        if fault is not None and fault.isdigit():
            self.answer(int(fault), {"odata.error": {"message": {"value": "it went wrong"}}})
        elif fault == "html":
            self.send(200, b"<html>Log in to the guest network</html>", "text/html")
        elif fault == "drip":
            self.drip()
        else:
            self.answer(*self.content(), fault=fault)

    def drip(self) -> None:
        """Give a byte every now and then, never so late that a read times out."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.behaviour.closed.wait(0.02):
                self.wfile.write(b"1\r\n \r\n")
                self.wfile.flush()
        self.close_connection = True

    def content(self) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = re.fullmatch(r"/ODataFeed/odata/(\w+)/(\w+)(/\$count)?", parts.path)
        table = self.behaviour.tables.get(found[1]) if found else None
        rows = table.part(found[2]) if table and found else None
        if rows is None or found is None:
            return 404, {"odata.error": {"message": {"value": "Resource not found."}}}
        rows = matching(rows, query.get("$filter", ""))
        if rows is None:
            return 400, {"odata.error": {"message": {"value": "Syntax error in $filter."}}}
        if found[3]:
            error = self.behaviour.count_error if found[2] == "TypedDataSet" else 0
            return (200, len(rows) + error) if self.behaviour.counts else (404, {})
        return self.page(rows, query, parts.path)

    def page(self, rows: list[Row], query: dict[str, str], path: str) -> tuple[int, Any]:
        skip, top = int(query.get("$skip", 0)), int(query.get("$top", len(rows)))
        rows = rows[skip : skip + top]
        if path.endswith(("TableInfos", "DataProperties")):
            size, limit = 10_000, None
        else:
            size, limit = self.behaviour.page_size, self.behaviour.single_answer_limit
        if limit is not None and len(rows) > limit:
            return 500, TOO_MANY
        answer: dict[str, Any] = {"odata.metadata": "$metadata", "value": rows[:size]}
        if self.behaviour.pages_by_link and len(rows) > size:
            answer["odata.nextLink"] = self.link(path, {**query, "$skip": str(skip + size)})
        if link := self.behaviour.links.get(path.rpartition("/")[2]):
            answer["odata.nextLink"] = link
        return 200, answer

    def link(self, path: str, query: dict[str, str]) -> str:
        tail = urlencode(query, quote_via=quote, safe="$")
        return f"http://{self.headers['Host']}{path}?{tail}"

    def answer(self, status: int, content: Any, fault: str | None = None) -> None:
        body = json.dumps(content).encode()
        if fault == "no_value":
            body = b'{"odata.metadata": "x"}'
        if fault == "truncated":
            body = body[: len(body) // 2]
        if fault == "twice":
            body = json.dumps({**content, "value": content["value"] * 2}).encode()
        short = len(body) // 2 if fault in ("short", "reset") else 0
        self.send(status, body, "application/json", short=short, reset=fault == "reset")

    def send(
        self, status: int, body: bytes, kind: str, *, short: int = 0, reset: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:-short] if short else body)
        self.close_connection = self.close_connection or bool(short)
        self.wfile.flush()
        if reset:
            # close at once, without the farewell: the other side sees "connection reset by peer"
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            os.close(self.connection.detach())


class StatLineServer(ThreadingHTTPServer):
    """Serves what its :class:`Behaviour` holds, on a port of its own, until it is closed."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = Behaviour()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: clients that are killed break connections."""

    def close(self) -> None:
        self.behaviour.closed.set()
        self.shutdown()
        self.server_close()
        self.thread.join()
