"""What the live model knows of devices beside their readings: word, pace, extra channels."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from harit_desktop.domain.batch import CommitItem
from harit_desktop.domain.device import DeviceState, ExtraValue, PublisherWord
from harit_desktop.domain.extras import Extras
from harit_desktop.domain.message import Heard, MessageRecord, Origin, Outcome, RawMessage
from harit_desktop.domain.reading import AnalysedReading
from harit_desktop.domain.topics import STATUS_TOPIC
from harit_desktop.pipeline.hearing import messages_by_device, words_of
from harit_desktop.pipeline.live import RATE_BATCHES, LiveModel
from harit_desktop.wire.registry import MessageDecoder
from tests.pipeline.gateway import NOW_US, Station, several
from tests.storage.builders import START_US, make_item

SECOND_US = 1_000_000


def analysed(
    number: int, publisher_id: str = "probe", extras: Extras = (), topic: str = ""
) -> AnalysedReading:
    item = make_item(number, publisher_id)
    assert item.analysed is not None
    reading = item.analysed.reading
    changed = msgspec.structs.replace(reading, extras=extras, topic=topic or reading.topic)
    return msgspec.structs.replace(item.analysed, reading=changed)


def word(topic: str, payload: bytes, at_s: float, retained: bool = False) -> list[PublisherWord]:
    """What a message says, by the real decoder."""
    message = RawMessage(topic, payload, START_US + int(at_s * SECOND_US), retained=retained)
    heard = MessageDecoder().decode(message)
    assert isinstance(heard, Heard)
    return words_of([CommitItem(message, heard=heard)])


def only(live: LiveModel) -> DeviceState:
    (state,) = live.devices()
    return state


NATIVE = json.dumps({"status": "offline", "publisher_id": "soil-01"}).encode()


@pytest.mark.parametrize(
    ("device", "device_topic", "topic", "payload"),
    [
        ("soil-01", "harit-samarth/sensor/data", STATUS_TOPIC, NATIVE),
        ("bed/DS18B20", "tele/bed/SENSOR", "tele/bed/LWT", b"Offline"),
        ("north", "zigbee2mqtt/north", "zigbee2mqtt/north/availability", b"offline"),
        ("north", "zigbee2mqtt/north", "zigbee2mqtt/bridge/state", b'{"state":"offline"}'),
        (
            "greenhouse/bed1",
            "greenhouse/sensor/bed1_moisture/state",
            "greenhouse/status",
            b"offline",
        ),
        (
            "C47C8D6A",
            "home/OpenMQTTGateway/BTtoMQTT/C47C8D6A",
            "home/OpenMQTTGateway/LWT",
            b"offline",
        ),
    ],
)
def test_a_last_will_reaches_the_devices_of_its_publisher(
    device: str, device_topic: str, topic: str, payload: bytes
) -> None:
    live = LiveModel()
    live.publish(
        [analysed(0, device, topic=device_topic), analysed(0, "other", topic="farm/other")]
    )
    before = live.version
    live.hear(word(topic, payload, 5), {}, START_US)
    states = {state.publisher_id: state for state in live.devices()}
    assert states[device].says_offline()
    assert states["other"].word is None
    assert live.version > before


def test_on_the_common_topic_a_publisher_speaks_for_itself_alone() -> None:
    """Its id may be a word of the topic."""
    live = LiveModel()
    live.publish([analysed(0, "soil-01"), analysed(0, "soil-02")])
    payload = json.dumps({"status": "offline", "publisher_id": "harit-samarth"}).encode()
    live.hear(word(STATUS_TOPIC, payload, 5), {}, START_US)
    assert [state.word for state in live.devices()] == [None, None]


def test_a_reading_after_it_takes_the_word_back() -> None:
    live = LiveModel()
    live.publish([analysed(0, "soil-01")])
    live.hear(word(STATUS_TOPIC, NATIVE, 5, retained=True), {}, START_US)
    assert only(live).says_offline()
    assert only(live).word == PublisherWord("soil-01", False, START_US + 5 * SECOND_US, True)
    live.publish([analysed(6, "soil-01")])
    assert not only(live).says_offline()


def test_a_word_is_kept_for_a_device_that_comes_later() -> None:
    live = LiveModel()
    live.hear(word(STATUS_TOPIC, NATIVE, 5), {}, START_US)
    live.publish([analysed(0, "soil-01"), analysed(0, "soil-02")])
    first, second = live.devices()
    assert first.says_offline()
    assert second.word is None


def test_a_word_of_the_store_does_not_replace_a_newer_one() -> None:
    live = LiveModel()
    live.publish([analysed(0, "soil-01")])
    live.hear([PublisherWord("soil-01", True, START_US + 9)], {}, 0)
    live.hear([PublisherWord("soil-01", False, START_US + 8)], {}, 0)
    assert only(live).word == PublisherWord("soil-01", True, START_US + 9)


def test_words_are_bounded() -> None:
    live = LiveModel(max_devices=3)
    for number in range(50):
        live.hear([PublisherWord(f"p{number}", True, number)], {}, START_US)
    live.publish([analysed(0, f"p{number}") for number in (46, 47, 49)])
    assert [state.word is None for state in live.devices()] == [True, False, False]


def test_extras_of_several_readings_are_the_newest_of_each() -> None:
    live = LiveModel()
    live.publish([analysed(1, extras=(("EC", 500.0), ("Battery", 80.0)))])
    live.publish([analysed(2, extras=(("EC", 510.0),)), analysed(3)])
    # One that was kept back by the probe is older than what is known.
    live.publish([analysed(0, extras=(("EC", 1.0), ("RSSI", -90.0)))])
    at_us = [START_US + second * SECOND_US for second in range(4)]
    assert only(live).extras == (
        ExtraValue("EC", 510.0, at_us[2]),
        ExtraValue("Battery", 80.0, at_us[1]),
        ExtraValue("RSSI", -90.0, at_us[0]),
    )


def test_extras_of_the_store_do_not_hide_newer_ones() -> None:
    live = LiveModel()
    live.learn_extras("probe", [ExtraValue("EC", 1.0, START_US)])
    live.publish([analysed(5, extras=(("EC", 500.0),))])
    before = live.version
    stored = [ExtraValue("EC", 1.0, START_US), ExtraValue("Light", 7.0, START_US)]
    live.learn_extras("probe", [*stored, ExtraValue("Colour", 1.0, START_US)])
    assert [(extra.key, extra.value) for extra in only(live).extras] == [
        ("EC", 500.0),
        ("Light", 7.0),
    ]
    assert live.version > before
    # The store judged a reading anew: what it does not tell stays.
    live.preload([msgspec.structs.replace(only(live), received_us=2**60, extras=())])
    assert only(live).extra("Light") is not None


def record(publisher_id: str) -> MessageRecord:
    return MessageRecord(1, 0, Origin.MQTT, "t", publisher_id, 0, False, Outcome.STORED, 2)


def test_the_pace_of_a_device_is_that_of_the_last_seconds() -> None:
    live = LiveModel()
    live.publish([analysed(0), analysed(0, "slow")])
    for second in range(20):
        batch = [record("probe")] * 12 + [record("")] + [record("slow")] * (second == 0)
        live.hear([], messages_by_device(batch), START_US + second * SECOND_US)
    fast, slow = live.devices()
    assert fast.messages_per_s == pytest.approx(13.2)
    assert slow.messages_per_s == pytest.approx(0.1)
    for _ in range(2 * RATE_BATCHES):
        live.hear([], {"probe": 1}, START_US)
    assert len(live._devices["probe"].batches) <= RATE_BATCHES


def test_readings_and_words_may_come_while_a_view_reads() -> None:
    live = LiveModel()
    live.publish([analysed(0, "soil-01")])
    seen: list[int] = []
    reader = Thread(target=lambda: [seen.append(len(live.devices())) for _ in range(2000)])
    reader.start()
    for second in range(200):
        live.hear(word(STATUS_TOPIC, NATIVE, second), {"soil-01": 1}, START_US)
        live.publish([analysed(second, f"soil-{second:02}", (("EC", 1.0),))])
    reader.join(10)
    assert not reader.is_alive()
    assert len(seen) == 2000


def test_the_pipeline_tells_the_live_view(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.receive(
        several(7, {"bed": {"N": 20.0, "EC": 450.0}, "probe": {"N": 1.0}}),
        RawMessage("status/bed", b"offline", NOW_US, retained=True),
        RawMessage("status/odd", b"\xff", NOW_US),
    )
    station.turn()
    bed, probe = station.live.devices()
    assert bed.extras == (ExtraValue("EC", 450.0, NOW_US),)
    assert bed.word == PublisherWord("bed", False, NOW_US, True, "status/bed")
    assert bed.says_offline()
    # Two messages of the bed in ten seconds: its reading and its status.
    assert (bed.messages_per_s, probe.messages_per_s) == (0.2, 0.1)
    assert probe.word is None
    assert station.pipeline.follower_problem is None
    station.close()
