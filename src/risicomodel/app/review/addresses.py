"""Where a round can be reached: this machine's address on its network."""

from __future__ import annotations

import socket

PORT = 8000
LOOPBACK = "127.0.0.1"
LISTEN_EVERYWHERE = "0.0.0.0"  # noqa: S104 (only where the user asks for it)


def own_address() -> str:
    """Return this machine's address on its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # a datagram socket: this only chooses a route
        has_route = probe.connect_ex(("192.0.2.1", 9)) == 0
        return str(probe.getsockname()[0]) if has_route else LOOPBACK
