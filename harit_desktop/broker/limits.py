"""What either engine allows a client, so that none can take the broker from the others."""

from __future__ import annotations

MAX_CONNECTIONS = 50
"""Clients at a time, our own among them; one more is refused."""

MAX_PACKET_BYTES = 65_536
"""The longest packet. A longer one ends its connection before it has been read."""
