"""Looks at a way over the network one step at a time, for the command that finds faults.

A step returns what it found, as facts that fill a sentence, or raises what is wrong.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time

from harit_desktop.domain.diagnosis import Facts, milliseconds, name_facts, port_facts
from harit_desktop.transport.diagnosis_line import Line

REACH_S = 4.0
"""How long a port and a TLS handshake may keep us waiting."""


def find_name(host: str, port: int) -> Facts:
    """The addresses behind a name. Raises socket.gaierror, UnicodeError; may block long."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return name_facts(host, (str(where[0]) for *_, where in found))


def reach_port(host: str, port: int, given_up: threading.Event | None = None) -> Facts:
    """Connects and leaves. Raises OSError; TimeoutError soon after it is `given_up`."""
    began_s = time.monotonic()
    with Line(given_up or threading.Event(), REACH_S) as line:
        line.open(host, port)
    return port_facts(host, port, time.monotonic() - began_s)


def shake_hands(host: str, port: int, context: ssl.SSLContext) -> Facts:
    """Agrees on TLS and leaves. Raises OSError, ssl.SSLError among them."""
    with (
        socket.create_connection((host, port), timeout=REACH_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        certificate = secure.getpeercert() or {}
        ends = str(certificate.get("notAfter", ""))
        days = int((ssl.cert_time_to_seconds(ends) - time.time()) // 86_400) if ends else 0
        return {"version": secure.version() or "TLS", "days": days}


def since_ms(began_s: float) -> int:
    """Whole milliseconds since a moment of the monotonic clock, rounded up."""
    return milliseconds(time.monotonic() - began_s)
