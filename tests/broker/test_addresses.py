"""Which address of this computer a sensor is given."""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple

from harit_desktop.broker.addresses import OwnAddress, own_addresses, ranked


class Given(NamedTuple):
    family: int
    address: str


def four(address: str) -> Given:
    return Given(socket.AF_INET, address)


def six(address: str) -> Given:
    return Given(socket.AF_INET6, address)


def test_the_address_of_the_local_network_comes_first() -> None:
    found = ranked(
        {
            "lo": [four("127.0.0.1"), six("::1")],
            "docker0": [four("172.17.0.1")],
            "wwan0": [four("203.0.113.7")],
            "eth0": [four("169.254.3.4")],
            "wlan0": [four("192.168.1.20"), six("fe80::1%wlan0"), six("2001:db8::5")],
            "eth1": [four("10.0.0.5")],
        }
    )
    assert [own.address for own in found] == [
        "192.168.1.20",
        "10.0.0.5",
        "203.0.113.7",
        "172.17.0.1",
        "169.254.3.4",
    ]
    assert found[0] == OwnAddress("192.168.1.20", "wlan0")


def test_ipv6_only_where_there_is_nothing_else() -> None:
    link, far = six("fe80::1%eth0"), six("fd00::5")
    found = ranked({"lo": [four("127.0.0.1"), six("::1")], "eth0": [link, six("fe80::2"), far]})
    assert found == (OwnAddress("fd00::5", "eth0"),)
    assert ranked({"lo": [four("127.0.0.1")]}) == ()


def test_what_this_computer_has_is_no_loopback() -> None:
    assert not any(ipaddress.ip_address(own.address).is_loopback for own in own_addresses())
