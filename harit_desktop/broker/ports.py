"""Addresses to listen at, and free ports."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterator

from harit_desktop.broker.child_protocol import (
    BAD_ADDRESS,
    NETWORK_CONSENT,
    PORT_BUSY,
    EngineFailure,
)

LAST_PORT = 65535
_PROBE_S = 0.25
_BACKLOG = 100


def listen_address(host: str, *, allow_network: bool) -> str:
    """The numeric address that `host` names.

    Raises EngineFailure: `network_consent` for anything but loopback that nobody agreed to,
    `bad_address` for what is no address at all.
    """
    if host == "localhost":
        return "127.0.0.1"
    if is_loopback_address(host):
        return host
    if not allow_network:
        raise EngineFailure(NETWORK_CONSENT, f"{host!r} can be reached by other devices")
    if _packed(socket.AF_INET, host) is None and _packed(socket.AF_INET6, host) is None:
        raise EngineFailure(BAD_ADDRESS, f"{host!r} is not a numeric address")
    return host


def is_loopback_address(address: str) -> bool:
    """Whether what listens at this numeric address serves this computer only.

    Stricter than `domain.hosts`, without its slow import: a name is never loopback here.
    """
    packed = _packed(socket.AF_INET, address)
    return address == "::1" or (packed is not None and packed[0] == 127)


def reachable_address(address: str) -> str:
    """Where this computer's own clients reach a listener at `address`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)


def _packed(family: socket.AddressFamily, address: str) -> bytes | None:
    try:
        return socket.inet_pton(family, address)
    except (OSError, UnicodeEncodeError, ValueError):
        return None


def free_ports(address: str, first: int, tries: int) -> Iterator[int]:
    """Ports that can be bound at this moment, upwards from `first`.

    Raises EngineFailure `bad_address` if this computer does not have the address.
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
            raise EngineFailure(BAD_ADDRESS, detail) from error
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
        outcome = probe.connect_ex((reachable_address(address), port))
    return outcome in (0, errno.EAGAIN, errno.ETIMEDOUT)
