"""A probe that dies at a real broker: its last will reaches its row, live and retained."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from harit_desktop.domain.device import DeviceState
from harit_desktop.domain.status import LinkState
from harit_desktop.runtime.engine import Engine
from harit_desktop.ui.extras.stored_extras import StoredExtras
from harit_desktop.ui.panels.device_rows import device_row
from tests.servers import MosquittoServer
from tests.ui.conftest import EngineMaker

BED = "greenhouse/bed1"


class Probe:
    """An ESPHome node in a few bytes of MQTT 3.1.1; `die` leaves without a word."""

    def __init__(self, port: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), 5)
        body = b"\x00\x04MQTT\x04\x26\x00\x3c"
        for part in (b"node", b"greenhouse/status", b"offline"):
            body += len(part).to_bytes(2, "big") + part
        self._line.sendall(bytes([0x10, len(body)]) + body)
        assert self._line.recv(4)[:1] == b"\x20"

    def die(self) -> None:
        self._line.close()


def has_word(engine: Engine) -> bool:
    state = bed(engine)
    return state is not None and state.word is not None


def bed(engine: Engine) -> DeviceState | None:
    return next((one for one in engine.live.devices() if one.publisher_id == BED), None)


@pytest.mark.broker
def test_a_probe_that_dies_says_so(qtbot: QtBot, make_engine: EngineMaker, tmp_path: Path) -> None:
    with MosquittoServer() as broker:
        settings = {
            "broker.host": "127.0.0.1",
            "broker.port": broker.port,
            "broker.topics": ["greenhouse/#"],
        }
        engine = make_engine(**settings)
        qtbot.waitUntil(lambda: engine.snapshot().link.state is LinkState.CONNECTED, timeout=20_000)
        probe = Probe(broker.port)
        broker.publish("greenhouse/sensor/bed1_soil_moisture/state", "31.5")
        qtbot.waitUntil(lambda: bed(engine) is not None, timeout=10_000)
        assert not bed(engine).says_offline()
        probe.die()
        qtbot.waitUntil(lambda: bed(engine).says_offline(), timeout=10_000)
        state = bed(engine)
        assert not state.word.retained
        row = device_row(state, {}, state.word.received_us)
        assert row.detail.startswith("says it is offline since ")
        engine.stop(5.0)
        # With its session kept, the broker says it no second time; the message log knows.
        resumed = make_engine(**settings)
        stored = StoredExtras(resumed)

        def knows() -> bool:
            stored.poll(resumed.live.devices())
            return has_word(resumed)

        qtbot.waitUntil(knows, timeout=10_000)
        assert bed(resumed).word == state.word
        assert bed(resumed).says_offline()
        resumed.stop(5.0)
        # The will lies at the broker: who subscribes later, without a session there, hears it.
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "harit.db").write_bytes((tmp_path / "data" / "harit.db").read_bytes())
        again = make_engine(folder="other", **settings)
        qtbot.waitUntil(lambda: has_word(again), timeout=20_000)
        state = bed(again)
        assert state.word.retained
        row = device_row(state, {}, state.word.received_us)
        assert row.detail == "said it is offline (old word, retained)"
        broker.publish("greenhouse/sensor/bed1_soil_moisture/state", "32.5")
        qtbot.waitUntil(lambda: not bed(again).says_offline(), timeout=10_000)
