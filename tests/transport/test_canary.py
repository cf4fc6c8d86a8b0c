"""The probe's patience, on a clock of the test's own."""

from types import SimpleNamespace
from typing import Any

import pytest
from paho.mqtt.enums import MQTTErrorCode

from harit_desktop.domain.topics import mark_of
from harit_desktop.transport import canary as module
from harit_desktop.transport.canary import Canary, ProbeTimes, Verdict
from tests.transport.clocks import Clock

SUBSCRIPTION = 7


class _Client:
    """Takes every probe and returns none."""

    def __init__(self) -> None:
        self.probes: list[bytes] = []

    def subscribe(self, *_: object, **__: object) -> tuple[MQTTErrorCode, int]:
        return MQTTErrorCode.MQTT_ERR_SUCCESS, SUBSCRIPTION

    def publish(self, _topic: str, payload: bytes, **__: object) -> SimpleNamespace:
        self.probes.append(payload)
        return SimpleNamespace(rc=MQTTErrorCode.MQTT_ERR_SUCCESS, mid=len(self.probes))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def _opened(client: Any, *, proven: bool = True) -> Canary:
    canary = Canary("harit/+#1", ProbeTimes(60.0, 10.0), proven=proven)
    canary.opened(client, "5")
    assert canary.subscribed(SUBSCRIPTION, 1)
    assert canary.tick() is Verdict.NOTHING
    return canary


def test_the_topic_is_one_level_whatever_the_client_id() -> None:
    topic = Canary("a/+#b", ProbeTimes()).topic
    assert topic == f"harit/_probe/{mark_of('a/+#b')}"
    assert "/" not in topic.removeprefix("harit/_probe/")
    assert len(Canary("", ProbeTimes()).topic) > len("harit/_probe/")


def test_a_probe_every_minute_while_they_come_back(clock: Clock) -> None:
    client = _Client()
    canary = _opened(client)
    for _ in range(179):
        clock.now_s += 1.0
        if len(client.probes) and canary.arrived(canary.topic, client.probes[-1]):
            assert canary.tick() in {Verdict.NOTHING, Verdict.GOOD}
    assert len(client.probes) == 3


def test_a_stall_is_told_after_ten_seconds_in_which_nothing_moved(clock: Clock) -> None:
    canary = _opened(_Client())
    for _ in range(100):
        clock.now_s += 5.0
        canary.busy()
        assert canary.tick() is Verdict.NOTHING
    clock.now_s += 10.1
    assert canary.tick() is Verdict.STALLED


def test_unconfirmed_traffic_hides_a_stall_for_a_minute_only(clock: Clock) -> None:
    canary = _opened(_Client())
    began_s = clock.now_s
    while canary.tick() is Verdict.NOTHING:
        clock.now_s += 1.0
        canary.busy_unconfirmed()
        assert clock.now_s < began_s + 100
    assert 60 <= clock.now_s - began_s <= 75


@pytest.mark.parametrize(("proven", "tries"), [(False, 3), (True, 20)])
def test_reconnects_that_do_not_help_come_to_an_end(clock: Clock, proven: bool, tries: int) -> None:
    client = _Client()
    verdicts = []
    canary = _opened(client, proven=proven)
    for _ in range(60):
        clock.now_s += 61.0
        if (verdict := canary.tick()) is not Verdict.NOTHING:
            verdicts.append(verdict)
        if verdict is Verdict.STALLED:
            canary.closed()
            canary.opened(client, "5")  # type: ignore[arg-type]  # as much of a client as it needs
            canary.subscribed(SUBSCRIPTION, 1)
    assert verdicts == [Verdict.STALLED] * tries + [Verdict.HOPELESS]
    # It goes on asking, and takes notice when one returns after all.
    asked = len(client.probes)
    while len(client.probes) == asked:
        clock.now_s += 61.0
        assert canary.tick() is Verdict.NOTHING
    assert canary.arrived(canary.topic, client.probes[-1])
    assert canary.tick() is Verdict.GOOD


@pytest.mark.parametrize("code", [0x80, 0x87, 0])
def test_a_denied_subscription_ends_it_for_the_connection(clock: Clock, code: int) -> None:
    client = _Client()
    canary = Canary("x", ProbeTimes(), proven=True)
    canary.opened(client, "5")  # type: ignore[arg-type]  # as much of a client as it needs
    assert canary.subscribed(SUBSCRIPTION, code)
    clock.now_s += 1000.0
    assert canary.tick() is Verdict.NOTHING
    assert client.probes == []


def test_a_denied_publish_ends_it_for_the_connection(clock: Clock) -> None:
    client = _Client()
    canary = _opened(client)
    canary.published(1, 0x87)
    clock.now_s += 1000.0
    assert canary.tick() is Verdict.NOTHING
    assert len(client.probes) == 1
