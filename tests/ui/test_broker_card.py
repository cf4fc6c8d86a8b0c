"""What the broker told of itself, in words."""

from msgspec.structs import replace
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from harit_desktop.domain.broker_health import FACTS, LIMITS, BrokerHealth
from harit_desktop.domain.status import LinkState, LinkStatus
from harit_desktop.ui.broker_card import BrokerCard, fact_rows, limit_rows

NUMBERS = {
    "version": "mosquitto version 2.0.11",
    "uptime_s": 93_784,
    "clients": 12,
    "heap_bytes": 1_234_567,
    "dropped": 0,
}
CONNECTED = LinkStatus(
    LinkState.CONNECTED,
    "192.168.1.20",
    8883,
    tls=True,
    protocol="5",
    session_present=True,
    health=BrokerHealth(
        (("receive_maximum", 20), ("maximum_packet_bytes", 65_536), ("retain_available", 1)),
        tuple(NUMBERS.items()),
        1,
    ),
)


def texts(card: BrokerCard) -> dict[str, str]:
    labels = card.findChildren(QLabel)
    return {one.objectName(): one.text() for one in labels if not one.isHidden()}


def test_facts_limits_and_connection_are_told_with_units(qtbot: QtBot) -> None:
    card = BrokerCard(lambda: CONNECTED)
    qtbot.addWidget(card)
    shown = texts(card)
    assert shown["broker.address"] == "192.168.1.20:8883"
    assert shown["broker.tls"] == "yes, TLS"
    assert shown["broker.uptime_s"] == "1 d 2 h"
    assert shown["broker.heap_bytes"] == "1 MB"
    assert shown["broker.maximum_packet_bytes"] == "64 KiB"
    assert shown["broker.retain_available"] == "yes"
    assert shown["broker.dropped"] == "0"
    assert "broker.note" not in shown


def test_it_follows_and_says_when_nothing_is_told(qtbot: QtBot) -> None:
    now = [CONNECTED]
    card = BrokerCard(lambda: now[0])
    qtbot.addWidget(card)
    now[0] = replace(CONNECTED, health=BrokerHealth(), protocol="3.1.1")
    card.poll()
    assert "broker.uptime_s" not in texts(card)
    assert "tells nothing about itself" in texts(card)["broker.note"]
    now[0] = LinkStatus()
    card.poll()
    assert texts(card) == {"broker.note": "Not connected now."}


def test_every_fact_and_limit_has_words() -> None:
    full = replace(
        CONNECTED,
        health=BrokerHealth(tuple((name, 1) for name in LIMITS), tuple((n, 1) for n in FACTS), 1),
    )
    assert [name for name, _, _ in limit_rows(full)] == list(LIMITS)
    assert [name for name, _, _ in fact_rows(full)] == list(FACTS)
    assert all(words and value for _, words, value in (*limit_rows(full), *fact_rows(full)))


def test_what_a_broker_says_stays_text_and_can_be_copied(qtbot: QtBot) -> None:
    hostile = "<h1>Disconnected</h1>"
    link = replace(CONNECTED, health=BrokerHealth((), (("version", hostile),), 1))
    card = BrokerCard(lambda: link)
    qtbot.addWidget(card)
    card.show()
    button = card.findChild(QPushButton, "broker.copy")
    assert button is not None
    button.click()
    assert f"Program: {hostile}" in QGuiApplication.clipboard().text()
    label = card.findChild(QLabel, "broker.version")
    assert label is not None
    assert label.textFormat().name == "PlainText"
