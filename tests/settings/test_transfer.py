"""Settings in a file for another computer: complete, without secrets, and compared first."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.model import FIELD_SPECS, SECRET_KEYS
from harit_desktop.settings.store import build_settings
from harit_desktop.settings.transfer import (
    NOT_EXPORTED,
    Change,
    ImportPlan,
    export_settings,
    plan_import,
)

CHANGED = build_settings(
    {
        "broker.host": "farm.example",
        "broker.client_id": "harit-here",
        "broker.topics": ("a/#", "b"),
        "storage.mysql_tls": True,
        "alerts.webhook_url": "https://hooks.example/T0P-SECRET",
        "alerts.rules": ({"id": "dry", "channel": "Moisture", "low": 20.5},),
        "ui.text_size": 120,
    }
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def test_a_file_brings_every_setting_to_another_computer(file: Path) -> None:
    export_settings(CHANGED, file)
    plan = plan_import(file, build_settings({}))
    assert {c.key: c.after for c in plan.changes} == {
        "broker.host": "farm.example",
        "broker.topics": ("a/#", "b"),
        "storage.mysql_tls": True,
        "alerts.rules": CHANGED.alerts.rules,
        "ui.text_size": 120,
    }
    assert (plan.unknown, plan.refused, plan.kept) == ((), (), ())
    back = build_settings({c.key: c.after for c in plan.changes})
    assert back.alerts.rules[0].low == 20.5


def test_no_secret_and_no_identity_is_in_it(file: Path) -> None:
    export_settings(CHANGED, file)
    text = file.read_text()
    assert "T0P-SECRET" not in text
    assert "harit-here" not in text
    held = {f"{s}.{n}" for s, values in tomllib.loads(text).items() for n in values}
    assert not held & {*SECRET_KEYS, *NOT_EXPORTED}
    # What has no value at all is left out too; all else is there.
    assert held == {key for key in FIELD_SPECS if key not in NOT_EXPORTED}


def test_what_is_the_same_is_no_change(file: Path) -> None:
    export_settings(CHANGED, file)
    assert plan_import(file, CHANGED).changes == ()


def test_what_cannot_be_taken_is_named(file: Path) -> None:
    file.write_text(
        "plain = 1\n"
        '[broker]\nhost = "h.example"\nport = 99999\nclient_id = "x"\npassword = "p"\n'
        "[future]\nnew = true\n"
    )
    assert plan_import(file, build_settings({})) == ImportPlan(
        changes=(Change("broker.host", "127.0.0.1", "h.example"),),
        unknown=("plain", "future.new"),
        refused=("broker.port",),
        kept=("broker.client_id", "broker.password"),
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"[broker",
        b"name = 1\n",
        b"x" * 1_000_001,
        b"[broker]\nport = " + b"9" * 5000,
        b"[broker]\nport = 0x" + b"f" * 5000,
    ],
)
def test_another_file_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(KnownError) as caught:
        plan_import(file, build_settings({}))
    assert caught.value.code == "settings.no_settings"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(KnownError) as caught:
            plan_import(path, build_settings({}))
        assert caught.value.code == "settings.unreadable"


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "none" / "settings.toml"
    with pytest.raises(KnownError) as caught:
        export_settings(CHANGED, target)
    assert caught.value.code == "settings.not_saved"
    assert list(tmp_path.iterdir()) == []


def test_a_byte_order_mark_does_no_harm(file: Path) -> None:
    file.write_text('[broker]\nhost = "h.example"\n', encoding="utf-8-sig")
    assert [c.key for c in plan_import(file, build_settings({})).changes] == ["broker.host"]
