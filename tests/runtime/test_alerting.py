"""Alerts in the engine: real broker, real store, no window."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from harit_desktop.domain.alert import Alert, AlertRule, AlertState, RuleKind
from harit_desktop.runtime.commands import (
    AcknowledgeAlerts,
    ApplySettings,
    MuteAlert,
    NoteAlert,
)
from harit_desktop.runtime.engine import Engine
from tests.runtime.test_engine import MakeEngine, broker, connected, make_engine
from tests.runtime.test_judging import sent, stored
from tests.servers import MosquittoServer, wait_until

__all__ = ["broker", "make_engine"]

pytestmark = pytest.mark.broker

DRY = AlertRule(id="dry", channel="Moisture", low=40.0, on_delay_s=0, on_readings=2, off_delay_s=0)


def just_now(ago_s: int, moisture: float, device: str = "probe") -> str:
    at = datetime.fromtimestamp(time.time() - ago_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return sent(0, device, Moisture=moisture).replace("2026-03-02T08:00:00Z", at)


def started(make: MakeEngine, broker: MosquittoServer, *rules: AlertRule) -> Engine:
    engine = make(broker__port=broker.port, alerts__rules=rules)
    engine.start()
    connected(engine)
    return engine


def the_alert(engine: Engine) -> Alert:
    wait_until(lambda: engine.alerts().alerts, 10)
    (alert,) = engine.alerts().alerts
    return alert


def test_from_the_reading_to_the_end(make_engine: MakeEngine, broker: MosquittoServer) -> None:
    engine = started(make_engine, broker, DRY)
    stored(engine, broker, just_now(50, 55.0), just_now(40, 30.0), just_now(30, 29.0))
    alert = the_alert(engine)
    assert (alert.code, alert.publisher_id, alert.channel) == ("value.low", "probe", "Moisture")
    assert alert.state is AlertState.ACTIVE_NEW
    assert engine.alerts().telling is not None
    engine.submit(NoteAlert(alert.id, "the pump is off"))
    engine.submit(AcknowledgeAlerts((alert.id,)))
    wait_until(lambda: the_alert(engine).state is AlertState.ACTIVE_ACKNOWLEDGED)
    assert engine.alerts().telling is None
    stored(engine, broker, just_now(20, 55.0), just_now(10, 55.0))
    wait_until(lambda: not engine.alerts().alerts)
    wait_until(lambda: engine.history.alerts()[0].ended_us is not None)
    assert engine.history.alerts()[0].note == "the pump is off"
    assert [line.change.value for line in engine.history.alert_log(alert.id)] == [
        "raised",
        "noted",
        "acknowledged",
        "ended",
    ]


def test_an_alert_outlives_the_program(make_engine: MakeEngine, broker: MosquittoServer) -> None:
    first = started(make_engine, broker, DRY)
    stored(first, broker, just_now(50, 55.0), just_now(40, 30.0), just_now(30, 29.0))
    alert = the_alert(first)
    assert first.stop(5)
    second = started(make_engine, broker, DRY)
    assert the_alert(second).id == alert.id
    stored(second, broker, just_now(20, 55.0), just_now(10, 55.0))
    wait_until(lambda: the_alert(second).state is AlertState.ENDED_NEW)


def test_a_mute_keeps_the_banner_away(make_engine: MakeEngine, broker: MosquittoServer) -> None:
    engine = started(make_engine, broker, DRY)
    stored(engine, broker, just_now(50, 55.0), just_now(40, 30.0), just_now(30, 29.0))
    engine.submit(MuteAlert(the_alert(engine).id))
    wait_until(lambda: engine.alerts().telling is None)
    assert the_alert(engine).state is AlertState.ACTIVE_NEW


def test_rules_of_the_settings_hold_at_once(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = started(make_engine, broker)
    stored(engine, broker, just_now(50, 30.0), just_now(40, 30.0))
    assert engine.alerts().alerts == ()
    engine.submit(ApplySettings({"alerts.rules": (DRY,)}))
    wait_until(lambda: engine.settings.alerts.rules == (DRY,))
    stored(engine, broker, just_now(30, 30.0), just_now(20, 30.0), just_now(10, 30.0))
    assert the_alert(engine).rule_id == "dry"


def test_a_rule_is_tried_on_what_is_stored(
    make_engine: MakeEngine, broker: MosquittoServer
) -> None:
    engine = started(make_engine, broker)
    stored(engine, broker, just_now(50, 55.0), just_now(40, 30.0), just_now(30, 29.0))
    asked = engine.trials.try_rule(DRY, days=1)
    wait_until(lambda: asked.done)
    assert asked.value is not None
    assert asked.value.readings == 3
    assert [(device, channel) for device, channel, _, _ in asked.value.alerts] == [
        ("probe", "Moisture")
    ]


def test_simulated_readings_alert_nobody(make_engine: MakeEngine, broker: MosquittoServer) -> None:
    silent = AlertRule(id="silent", kind=RuleKind.SILENT, high=1.0)
    engine = started(make_engine, broker, DRY, silent)
    dry = [just_now(ago, 30.0).replace("{", '{"simulated":true,', 1) for ago in (30, 20, 10)]
    stored(engine, broker, *dry)
    time.sleep(3)
    assert engine.alerts().alerts == ()


@pytest.mark.parametrize("own", ["settings.toml", "harit.db", "harit.db-wal", "profiles/my.toml"])
def test_nothing_is_exported_over_the_programs_own_files(
    make_engine: MakeEngine, broker: MosquittoServer, own: str
) -> None:
    engine = started(make_engine, broker)
    path = engine.paths.root / own
    for asked in (engine.jobs.export_alerts(path), engine.jobs.export_settings(path)):
        wait_until(lambda asked=asked: asked.done)
        assert asked.problem is not None
        assert asked.problem.code == "export.own_file"
