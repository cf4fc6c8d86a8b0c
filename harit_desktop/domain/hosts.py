"""What can be told of a host by the way it is written, without asking a name server."""

from __future__ import annotations

import ipaddress
import re

_PLAIN_NAME = re.compile(r"(?!([0-9]+|0x[0-9a-f]*)$)[a-z0-9_-]{1,63}")


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host`, or listens there, cannot leave this computer.

    So are 127.0.0.0/8, ::1 (with or without brackets), both as IPv4-mapped addresses, and
    localhost with every name under it (RFC 6761, section 6.3). An empty host stands for all
    addresses, and what only some resolvers take for loopback ("127.1", "::1%lo") is not.
    """
    name = host.lower()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
        if ":" not in name:
            return False
    if "%" in name:
        return False
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_private(host: str) -> bool:
    """Whether `host` is surely on the local network, so that it may be spoken to in the open.

    So are the addresses of private networks, names without a dot, and those under .local and
    .localhost; not what only some resolvers take for an address ("2130706433").
    """
    name = host.lower()
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        local = name.endswith((".local", ".localhost"))
        return local or _PLAIN_NAME.fullmatch(name) is not None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_private
