"""The addresses under which other devices find this computer."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from psutil._ntuples import snicaddr

# Interfaces of virtual machines, containers and tunnels: a sensor in the field is behind none.
_VIRTUAL = (
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "vethernet",
    "virtualbox",
    "vmware",
    "lxc",
    "tun",
    "tap",
    "utun",
    "wg",
    "tailscale",
    "zt",
    "bridge",
    "awdl",
    "llw",
)

_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


class OwnAddress(msgspec.Struct, frozen=True):
    """An address of this computer and the interface that has it."""

    address: str
    interface: str


def own_addresses() -> tuple[OwnAddress, ...]:
    """What a sensor may be given, the likeliest first. Asks the system: not on the main thread."""
    import psutil  # slow to import

    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = psutil.net_if_addrs()
    return ranked({name: given for name, given in found.items() if name in up})


def ranked(interfaces: Mapping[str, Sequence[snicaddr]]) -> tuple[OwnAddress, ...]:
    """IPv4 addresses of private networks first; no loopback; IPv6 only where there is nothing
    else, for few sensors can use it."""
    fours = [
        OwnAddress(given.address, name)
        for name, every in interfaces.items()
        for given in every
        if given.family == socket.AF_INET and not _parsed(given.address).is_loopback
    ]
    if fours:
        return tuple(sorted(fours, key=_rank))
    return tuple(sorted(_global_sixes(interfaces), key=_rank))


def _global_sixes(interfaces: Mapping[str, Sequence[snicaddr]]) -> Iterable[OwnAddress]:
    for name, every in interfaces.items():
        for given in every:
            if given.family == socket.AF_INET6 and "%" not in given.address:
                address = _parsed(given.address)
                if not address.is_loopback and not address.is_link_local:
                    yield OwnAddress(given.address, name)


def _rank(own: OwnAddress) -> tuple[bool, bool, bool]:
    """Smaller comes first; among equals the order of the system counts."""
    address = _parsed(own.address)
    virtual = own.interface.lower().startswith(_VIRTUAL)
    private = any(address in network for network in _PRIVATE)
    return (address.is_link_local, virtual, not private)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(address)
