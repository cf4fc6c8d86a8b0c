"""Loopback addresses and free ports."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator

from harit_desktop.broker.child_protocol import NOT_LOOPBACK, PORT_BUSY, EngineFailure

LAST_PORT = 65535
_PROBE_S = 0.25
_BACKLOG = 100


def loopback_address(host: str) -> str:
    """The numeric loopback address that `host` names.

    Raises EngineFailure `not_loopback`: a broker without passwords serves this computer
    only.
    """
    if host == "localhost":
        return "127.0.0.1"
    if host == "::1":
        return host
    try:
        packed = socket.inet_pton(socket.AF_INET, host)
    except (OSError, UnicodeEncodeError):
        packed = b"\0"
    if packed[0] != 127:
        raise EngineFailure(NOT_LOOPBACK, f"{host!r} is not a loopback address")
    return host


def free_ports(address: str, first: int, tries: int) -> Iterator[int]:
    """Ports that can be bound at this moment, upwards from `first`.

    Raises EngineFailure `not_loopback` if this computer does not have the address.
    """
    for port in range(first, min(first + tries, LAST_PORT + 1)):
        probe = _bind(address, port)
        if probe is not None:
            probe.close()
            yield port


def listen_on_free_port(address: str, first: int, tries: int) -> socket.socket:
    """A listening socket on the first free port.

    Raises EngineFailure `port_busy` when none of `tries` ports is free.
    """
    for port in range(first, min(first + tries, LAST_PORT + 1)):
        bound = _bind(address, port)
        if bound is None:
            continue
        try:
            bound.listen(_BACKLOG)
        except OSError:
            bound.close()
            continue
        return bound
    raise busy(first, tries)


def busy(first: int, tries: int) -> EngineFailure:
    """The failure to raise when every port has been tried."""
    last = min(first + tries - 1, LAST_PORT)
    return EngineFailure(PORT_BUSY, f"no free port from {first} to {last}")


def _bind(address: str, port: int) -> socket.socket | None:
    """A bound socket, or None where the port is not to be had."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # SO_REUSEADDR would let us steal a port that is in use there.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRNOTAVAIL:
            detail = f"{address} is not an address of this computer"
            raise EngineFailure(NOT_LOOPBACK, detail) from error
        return None
    if sys.platform != "win32" and _answers(family, address, port):
        # BSD and macOS let a loopback address be bound beside a listener on all
        # addresses, which would then lose its local clients to us.
        bound.close()
        return None
    return bound


def _answers(family: socket.AddressFamily, address: str, port: int) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        outcome = probe.connect_ex((address, port))
    return outcome in (0, errno.EAGAIN, errno.ETIMEDOUT)
