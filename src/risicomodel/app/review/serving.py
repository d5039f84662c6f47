"""``review serve``: a round opened in the room."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.app.review.addresses import LISTEN_EVERYWHERE, LOOPBACK, PORT, own_address
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uvicorn import Server

    from risicomodel.app.review.words import GivenWords
    from risicomodel.participation.review.evening import Evening

log = logging.getLogger(__name__)

BACKLOG = 512  # a room sends at once
LAST_SECONDS = 5  # for what is under way when it stops


def serve(words: GivenWords) -> str:
    """Open a round in the room."""
    from risicomodel.participation.review.evening import Evening

    _, store, _ = folders.opened(words)
    port = port_of(words)
    network = words.get("network", "no") in {"yes", "true"}
    host = LISTEN_EVERYWHERE if network else LOOPBACK
    address = words.get("address") or f"http://{own_address() if network else LOOPBACK}:{port}"
    evening = Evening(store)
    with _listening(host, port) as heard:
        _say_where(address)
        if network:
            log.warning(
                "others on this network can reach it, and listen in: plain http is not encrypted. "
                "Use a network of your own, or put it behind https."
            )
        else:
            log.info("only this machine can reach it; for phones in the room: network=yes")
        log.info("stop with Ctrl-C; answers are kept, and the same command goes on")
        with contextlib.suppress(KeyboardInterrupt):  # how an evening ends
            _server(evening, address, words.get("contact")).run(sockets=[heard])
    return "closed: all answers are kept. Open it again with the same command."


@contextlib.contextmanager
def beside(evening: Evening, port: int) -> Iterator[str]:
    """Serve a round on this machine while something else goes on; give its address.

    Parameters
    ----------
    evening : Evening
        The round.
    port : int
        To listen on.
    """
    address = f"http://{LOOPBACK}:{port}"
    with _listening(LOOPBACK, port) as heard:
        server = _server(evening, address)
        thread = threading.Thread(target=server.run, args=([heard],), daemon=True)
        thread.start()
        _say_where(address)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(LAST_SECONDS)


def port_of(words: GivenWords) -> int:
    """Return the port that is asked for, or the usual one."""
    port = words.get("port", str(PORT))
    if not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ConfigError(f"port is '{port}'; expected a number from 1 to 65535. Correct it.")
    return int(port)


def _server(evening: Evening, address: str, contact: str = "") -> Server:
    import uvicorn

    from risicomodel.web import app

    made = app.create(evening, address, contact)
    return uvicorn.Server(
        uvicorn.Config(
            made, access_log=False, log_level="warning", timeout_graceful_shutdown=LAST_SECONDS
        )
    )


def _say_where(address: str) -> None:
    log.info("open:       %s", address)
    log.info("moderator:  %s/leiding", address)


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise in a line where another program does."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be had ({error.strerror}); expected one that is free. Stop what "
            "uses it, or choose another: port=8001."
        ) from error
