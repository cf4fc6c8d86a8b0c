"""What makes a connection unsound although paho is content with it."""

from types import SimpleNamespace
from typing import Any

import pytest

from harit_desktop.transport import watchdog
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.watchdog import MAX_PACKET_BYTES, ConnectionWatch
from tests.transport.clocks import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watchdog, "time", clock)
    return clock


def _client(**changes: object) -> Any:
    fields: dict[str, object] = {"received_s": 0.0, "socket": lambda: None, **changes}
    return SimpleNamespace(**fields)


def _cause(watch: ConnectionWatch, client: Any) -> object:
    problem = watch.look(client)
    return None if problem is None else problem.params["cause"]


def test_silence_for_two_and_a_half_keepalives(clock: Clock) -> None:
    watch = ConnectionWatch(MqttEndpoint("b", keepalive_s=30))
    client = _client()
    clock.now_s += 74.0
    assert _cause(watch, client) is None
    clock.now_s += 2.0
    assert _cause(watch, client) == "keepalive"
    client.received_s = clock.now_s - 1.0
    assert _cause(watch, client) is None


def test_without_a_keepalive_silence_means_nothing(clock: Clock) -> None:
    watch = ConnectionWatch(MqttEndpoint("b", keepalive_s=0))
    clock.now_s += 1e6
    assert _cause(watch, _client()) is None


def test_a_websocket_frame_that_is_collected_without_an_end(clock: Clock) -> None:
    watch = ConnectionWatch(MqttEndpoint("b", transport="websockets"))
    collected = bytearray(MAX_PACKET_BYTES)
    client = _client(socket=lambda: SimpleNamespace(_readbuffer=collected))
    assert _cause(watch, client) is None
    collected += b"x"
    assert _cause(watch, client) == "oversize"


def test_a_paho_without_its_private_record_is_watched_for_silence_only(clock: Clock) -> None:
    watch = ConnectionWatch(MqttEndpoint("b"))
    assert _cause(watch, _client(_in_packet=7)) is None
    clock.now_s += 100.0
    assert _cause(watch, _client()) == "keepalive"
