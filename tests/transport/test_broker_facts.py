"""What the broker tells of itself reaches the link's status, and nothing else does."""

from collections.abc import Callable

import pytest

from harit_desktop.domain.broker_health import FACTS
from harit_desktop.domain.status import LinkState
from harit_desktop.transport.broker_facts import BrokerFacts, limits_of
from tests.servers import MosquittoServer, wait_until
from tests.transport.conftest import Receiver, endpoint_of

Receive = Callable[..., Receiver]


@pytest.mark.broker
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_mosquitto_tells_version_and_clients(
    mosquitto: MosquittoServer, receive: Receive, protocol: str
) -> None:
    receiver = receive(endpoint_of(mosquitto, protocol=protocol))
    receiver.wait_for(LinkState.CONNECTED)
    wait_until(
        lambda: dict(receiver.source.status().health.told).get("version"), what="the version"
    )
    health = receiver.source.status().health
    told = dict(health.told)
    assert str(told["version"]).startswith("mosquitto version")
    assert int(told["uptime_s"]) >= 0
    assert health.heard_us > 0
    assert bool(health.limits) is (protocol == "5")
    assert receiver.messages == []


def test_only_numbers_and_short_plain_text_are_taken() -> None:
    facts = BrokerFacts()
    clients, version = FACTS["clients"], FACTS["version"]
    assert facts.seen(clients, b"12", 5)
    assert not facts.seen(clients, b"12", 6)
    assert facts.seen(FACTS["uptime_s"], b"3600 seconds", 7)
    assert facts.seen(FACTS["received_per_min"], b"12.34", 8)
    for hostile in (b"", b"-1", b"1e9", b"9" * 400, b"<b>1</b>", b"NaN", b"\xff", b"12 apples"):
        assert not facts.seen(clients, hostile, 9)
    assert facts.seen(version, b"mosquitto\x1b[2J\r\n\xe2\x80\xae" + b"x" * 500, 10)
    told = dict(facts.health().told)
    assert told == {
        "version": "mosquitto[2J" + "x" * (40 - len(b"mosquitto\x1b[2J\r\n\xe2\x80\xae")),
        "uptime_s": 3600,
        "clients": 12,
        "received_per_min": 12,
    }
    assert not facts.seen("$SYS/broker/else", b"1", 11)


def test_an_acceptance_without_properties_limits_nothing() -> None:
    assert limits_of(None) == ()
