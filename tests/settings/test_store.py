from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harit_desktop.domain.alert import AlertRule, RuleKind, Severity
from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS
from harit_desktop.settings.store import (
    SettingsStore,
    environment_name,
    flatten,
    parse_assignment,
)


def test_later_layers_win(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[broker]\nhost = "file"\nport = 1\nkeepalive_s = 10\n')
    environment = {"HARIT_BROKER__PORT": "2", "HARIT_BROKER__KEEPALIVE_S": "20"}
    store = SettingsStore(path, {"broker.keepalive_s": 30}, environment)
    broker = store.current.broker
    assert (broker.host, broker.port, broker.keepalive_s) == ("file", 2, 30)


def test_an_override_never_reaches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    store = SettingsStore(path, {"broker.port": 1999}, {})
    store.save({"broker.host": "farm-hub"})
    assert store.current.broker.port == 1999
    assert tomllib.loads(path.read_text()) == {"broker": {"host": "farm-hub"}}


def test_a_saved_value_replaces_the_override(tmp_path: Path) -> None:
    store = SettingsStore(tmp_path / "settings.toml", {"broker.port": 1999}, {})
    store.save({"broker.port": 1884})
    assert store.current.broker.port == 1884
    assert SettingsStore(tmp_path / "settings.toml", None, {}).current.broker.port == 1884


def test_the_client_id_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    first = SettingsStore(path, None, {}).ensure_client_id().broker.client_id
    second = SettingsStore(path, None, {}).ensure_client_id().broker.client_id
    assert first == second
    assert first.startswith("harit-")


def test_every_setting_survives_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    store = SettingsStore(path, None, {})
    store.save({k: v for k, v in flatten(store.current).items() if v is not None})
    again = SettingsStore(path, None, {})
    assert again.current == store.current
    assert again.problems == []


def test_a_damaged_file_is_kept_and_the_defaults_are_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"[broker\nhost = \xff")
    store = SettingsStore(path, None, {})
    assert store.current.broker.host == "127.0.0.1"
    assert [p.code for p in store.problems] == ["settings.damaged"]
    (kept,) = tmp_path.glob("settings.toml.damaged-*")
    assert kept.read_bytes() == b"[broker\nhost = \xff"


def test_one_bad_value_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[broker]\nhost = "farm"\nport = 99999\n[later]\nnew = 1\n')
    store = SettingsStore(path, None, {})
    assert (store.current.broker.host, store.current.broker.port) == ("farm", 1883)
    assert {p.code for p in store.problems} == {"settings.bad_value", "settings.unknown_key"}
    store.save({"ui.theme": "dark"})
    assert tomllib.loads(path.read_text())["later"] == {"new": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("broker.port", "settings.bad_assignment"),
        ("broker.colour=red", "settings.unknown_key"),
        ("broker.port=many", "settings.bad_value"),
        ("broker.tls=perhaps", "settings.bad_value"),
        ("broker.password=geheim", "settings.secret_key"),
    ],
)
def test_a_wrong_assignment_is_refused_with_its_reason(text: str, code: str) -> None:
    with pytest.raises(KnownError) as raised:
        parse_assignment(text)
    assert raised.value.code == code
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("broker.port=1884", 1884),
        ("broker.tls=true", True),
        ("publisher.interval_s=0.5", 0.5),
        ("broker.topics=a/b, c/#", ("a/b", "c/#")),
        ('broker.topics=["x,y"]', ("x,y",)),
        ("broker.host=a=b", "a=b"),
    ],
)
def test_an_assignment_has_the_settings_own_type(text: str, value: object) -> None:
    assert parse_assignment(text)[1] == value


def test_a_value_out_of_range_is_named(tmp_path: Path) -> None:
    with pytest.raises(KnownError) as raised:
        SettingsStore(tmp_path / "settings.toml", {"broker.port": 70000}, {})
    assert raised.value.params["key"] == "broker.port"


def test_a_failed_save_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    store = SettingsStore(path, None, {})
    with pytest.raises(KnownError):
        store.save({"broker.port": 0})
    assert store.current.broker.port == 1883
    assert not path.exists()


def test_no_secret_is_a_setting() -> None:
    assert not set(SECRET_KEYS) & set(FIELD_SPECS)
    assert environment_name("broker.password") == "HARIT_BROKER__PASSWORD"


def test_a_start_that_cannot_save_its_client_id_finds_the_same_one_again(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    path = in_the_way / "settings.toml"
    ids = []
    for _ in range(2):
        store = SettingsStore(path, None, {})
        with pytest.raises(KnownError):
            store.ensure_client_id()
        ids.append(store.current.broker.client_id)
    assert ids[0] == ids[1]
    assert ids[0].startswith("harit-")
    other = SettingsStore(tmp_path / "settings.toml", None, {}).ensure_client_id()
    assert other.broker.client_id != ids[0]


@pytest.mark.parametrize(
    "content",
    [
        'broker = "x"\n',
        "a = " + "[" * 3000 + "]" * 3000,
        f"[broker]\nport = {'9' * 5000}\n",
        f"[future]\nn = 0x{'f' * 5000}\n",
        f"[future{'.a' * 2000}]\nn = 1\n",
    ],
    ids=["no table", "nested", "long integer", "long hexadecimal integer", "nested by dots"],
)
def test_an_odd_file_costs_only_itself(tmp_path: Path, content: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(content)
    store = SettingsStore(path, None, {})
    assert store.problems
    assert store.ensure_client_id().broker.client_id
    assert SettingsStore(path, None, {}).current.broker.client_id


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("broker.host", "joe:secret@host"),
        ("broker.host", "a b"),
        ("broker.host", "x\u202ey"),
        ("publisher.topic", "a/#"),
        ("publisher.publisher_id", "a\u202eb"),
        ("publisher.publisher_id", "  "),
    ],
)
def test_a_text_that_disguises_something_is_refused_with_its_reason(
    tmp_path: Path, key: str, value: str
) -> None:
    with pytest.raises(KnownError) as raised:
        SettingsStore(tmp_path / "settings.toml", {key: value}, {})
    assert raised.value.params["key"] == key
    assert str(raised.value.params["reason"]).startswith("it needs")


def test_alert_rules_are_kept_as_tables_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    rules = (
        AlertRule(id="wet", channel="Moisture", high=70.0, severity=Severity.CRITICAL),
        AlertRule(id="quiet", kind=RuleKind.SILENT, enabled=False),
    )
    SettingsStore(path, {}, {}).save({"alerts.rules": rules})
    assert SettingsStore(path, {}, {}).current.alerts.rules == rules
    assert tomllib.loads(path.read_text())["alerts"]["rules"][1]["kind"] == "silent"


def test_alert_rules_by_assignment(tmp_path: Path) -> None:
    key, value = parse_assignment('alerts.rules=[{"id":"dry","channel":"Moisture","low":20}]')
    (rule,) = SettingsStore(tmp_path / "s.toml", {key: value}, {}).current.alerts.rules
    assert (rule.id, rule.low) == ("dry", 20.0)


@pytest.mark.parametrize(
    "rules", [[{"id": ""}], [{"id": "a", "on_delay_s": -1}], [{"id": "a", "x": 1}]]
)
def test_a_rule_that_cannot_be_is_refused(tmp_path: Path, rules: object) -> None:
    with pytest.raises(KnownError) as caught:
        SettingsStore(tmp_path / "s.toml", {"alerts.rules": rules}, {})
    assert caught.value.params["key"] == "alerts.rules"
