"""``review serve``: a round opened in the room."""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import TYPE_CHECKING

from risicomodel.app.review import folders
from risicomodel.app.review.addresses import LISTEN_EVERYWHERE, LOOPBACK, PORT, own_address
from risicomodel.core.errors import ConfigError

if TYPE_CHECKING:
    from risicomodel.app.review.words import GivenWords

log = logging.getLogger(__name__)

BACKLOG = 512  # a room sends at once


def serve(words: GivenWords) -> str:
    """Open a round in the room."""
    import uvicorn

    from risicomodel.participation.review.evening import Evening
    from risicomodel.web import app

    _, store, _ = folders.opened(words)
    port = words.get("port", str(PORT))
    if not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004
        raise ConfigError(f"port is '{port}'; expected a number from 1 to 65535. Correct it.")
    network = words.get("network", "no") in {"yes", "true"}
    host = LISTEN_EVERYWHERE if network else LOOPBACK
    address = words.get("address") or f"http://{own_address() if network else LOOPBACK}:{port}"
    evening = Evening(store)
    with _listening(host, int(port)) as heard:
        log.info("open:       %s", address)
        log.info("moderator:  %s/leiding", address)
        if network:
            log.warning(
                "others on this network can reach it, and listen in: plain http is not encrypted. "
                "Use a network of your own, or put it behind https."
            )
        else:
            log.info("only this machine can reach it; for phones in the room: network=yes")
        log.info("stop with Ctrl-C; answers are kept, and the same command goes on")
        config = uvicorn.Config(app.create(evening, address), access_log=False, log_level="warning")
        with contextlib.suppress(KeyboardInterrupt):  # how an evening ends
            uvicorn.Server(config).run(sockets=[heard])
    return "closed: all answers are kept. Open it again with the same command."


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raise in a line where another program does."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be had ({error.strerror}); expected one that is free. Stop what "
            "uses it, or choose another: port=8001."
        ) from error
