"""What alerts and rules say: every code has words, and what is said is what holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtWidgets import QApplication

import harit_desktop.alerting
from harit_desktop.alerting.rules import bounds_of
from harit_desktop.analysis.quality.rules import CODES
from harit_desktop.domain.alert import DEFAULT_RULES, Alert, AlertRule, RuleKind, Severity
from harit_desktop.ui.alerts.alert_texts import (
    KNOWN_CODES,
    explanation,
    headline,
    spoken,
    title,
    what_happened,
)
from harit_desktop.ui.alerts.alert_words import (
    acknowledged_word,
    channel_word,
    device_word,
    duration_word,
    glyph,
    severity_word,
    without_members,
)
from harit_desktop.ui.alerts.rule_texts import (
    clear_level,
    clears_text,
    condition_text,
    rule_name,
    rule_sentence,
)
from tests.ui.alert_samples import BOOK, HOUR_US, LIMITS, NOW_US, alert, ended, silent

pytestmark = pytest.mark.usefixtures("qapp")

_CODE = re.compile(r'"((?:value|rate|device|system)\.[a-z_]+|many|past)"')


def codes_of_the_core() -> set[str]:
    """Every alert code that the core names, and the reasons of the quality tests."""
    folder = Path(harit_desktop.alerting.__file__).parent
    named = {code for file in folder.glob("*.py") for code in _CODE.findall(file.read_text())}
    return named | set(CODES) | {"unusual.hour"}


def test_every_code_of_the_core_has_words() -> None:
    codes = codes_of_the_core()
    assert {"value.low", "rate.rising", "device.silent", "system.clock", "many"} <= codes
    assert codes - KNOWN_CODES == set()


@pytest.mark.parametrize("code", sorted(KNOWN_CODES | {"from.tomorrow"}))
def test_no_text_of_any_code_has_a_hole(code: str) -> None:
    params = {"host": "hub", "port": 1883, "after_s": 30.0, "limit_mb": 500.0, "waiting": 7}
    for publisher_id in ("soil-02", ""):
        for ended_us in (None, NOW_US):
            one = alert(
                code=code, params=params, ended_us=ended_us, publisher_id=publisher_id, flood=12
            )
            texts = [what_happened(one, NOW_US), title(one, BOOK, NOW_US)]
            texts += [headline(one, BOOK, NOW_US), spoken(one, BOOK, NOW_US)]
            assert all(texts), code
            for text in [*texts, explanation(one, NOW_US)]:
                assert not re.search(r"[{}?]", text), (code, text)


def test_a_value_beyond_its_limit(qapp: QApplication) -> None:
    low = alert()
    assert what_happened(low, NOW_US) == "Fell to 16.4 %, limit 25 %"
    assert title(low, BOOK, NOW_US) == "Canal side · Moisture below 25 %"
    assert headline(low, BOOK, NOW_US) == (
        "Canal side: moisture fell to 16.4 %, below the 25 % limit."
    )
    assert spoken(low, BOOK, NOW_US).startswith("Critical alert. Canal side:")
    assert duration_word(low, NOW_US) == "2 h, active"
    high = alert(code="value.high", channel="pH", limit=7.5, worst=7.62, severity=Severity.WARNING)
    assert what_happened(high, NOW_US) == "Rose to 7.62, limit 7.5"
    assert severity_word(high) == "Warning"


def test_a_rate_is_told_without_its_sign() -> None:
    rate = alert(code="rate.falling", kind=RuleKind.RATE, value=-6.0, limit=-5.0, worst=-8.2)
    assert what_happened(rate, NOW_US) == "Fell by 8.2 % in an hour, limit 5 %"


def test_a_silent_device_and_the_program_itself() -> None:
    assert severity_word(silent()) == "Silent"
    assert what_happened(silent(), NOW_US) == "No reading for 6 min, due within 30 s"
    assert channel_word(silent()) == "All channels"
    assert glyph(silent()) == "stale"
    lost = silent(
        code="system.broker",
        kind=RuleKind.SYSTEM,
        publisher_id="",
        params={"host": "hub", "port": 1883},
    )
    assert "does not answer" in what_happened(lost, NOW_US)
    refused = replace(lost, params={**lost.params, "cause": "broker.auth"})
    assert what_happened(refused, NOW_US) == "The broker at hub:1883 refuses the login"
    assert "password" in explanation(refused, NOW_US)
    assert device_word(lost, BOOK) == "This computer"
    assert (severity_word(lost), channel_word(lost)) == ("System", "Broker")
    # A critical one is called so, whatever it is about.
    assert severity_word(replace(lost, severity=Severity.CRITICAL)) == "Critical"


def test_a_finding_of_the_quality_tests_names_what_is_concerned() -> None:
    frozen = alert(
        code="cross.frozen",
        kind=RuleKind.STUCK,
        channel="",
        value=40.0,
        limit=12.0,
        params={"kind": "frozen", "channels": "N,P,Moisture"},
    )
    assert "stand still" in what_happened(frozen, NOW_US)
    assert "Concerned: Nitrogen, Phosphorus, and Moisture" in explanation(frozen, NOW_US)
    assert channel_word(frozen) == "Several"
    both = replace(frozen, params={"kind": "frozen", "channels": "N,P"})
    assert channel_word(both) == "Nitrogen and Phosphorus"


def test_text_from_outside_stays_plain_and_short() -> None:
    bad = alert(publisher_id="a\u202eb\n" + "x" * 500)
    assert "\u202e" not in headline(bad, BOOK, NOW_US)
    assert "\n" not in headline(bad, BOOK, NOW_US)
    assert len(device_word(bad, BOOK)) <= 200


def test_what_was_done_about_it() -> None:
    assert acknowledged_word(alert(), NOW_US) == "Not acknowledged"
    assert "Farm office" in acknowledged_word(ended(), NOW_US)
    assert acknowledged_word(alert(muted_until_us=NOW_US + HOUR_US), NOW_US).startswith(
        "Muted until"
    )
    assert acknowledged_word(alert(ended_us=NOW_US), NOW_US) == "Over, not seen yet"
    assert acknowledged_word(alert(ended_us=NOW_US, seen_us=NOW_US), NOW_US) == "Closed by itself"


def test_one_alert_stands_for_its_members_while_it_goes_on() -> None:
    flood = alert(9, code="many", rule_id="flood", flood=2, kind=RuleKind.SYSTEM)
    members = [alert(1, flood_id=9), alert(2, flood_id=9, ended_us=NOW_US)]
    assert [one.id for one in without_members([flood, *members])] == [9]
    over = replace(flood, ended_us=NOW_US)
    assert [one.id for one in without_members([over, *members])] == [9, 1]
    assert [one.id for one in without_members(members)] == [1, 2]


@pytest.mark.parametrize(
    ("rule", "one"),
    [
        (AlertRule("r", channel="Moisture"), alert()),
        (AlertRule("r", channel="Moisture"), alert(code="value.high", limit=45.0)),
        (AlertRule("r", channel="Moisture", low=20.0), alert(limit=20.0)),
        (AlertRule("r", channel="pH", high=7.5), alert(code="value.high", channel="pH", limit=7.5)),
        (
            AlertRule("r", kind=RuleKind.RATE, channel="Moisture", low=-5.0),
            alert(code="rate.falling", limit=-5.0),
        ),
    ],
)
def test_the_level_at_which_it_clears_is_the_rules_own(rule: AlertRule, one: Alert) -> None:
    level = clear_level(one, rule, LIMITS)
    alarms = {key: (limits[2], limits[3]) for key, limits in LIMITS.items()}
    bounds = bounds_of(rule, one.channel, alarms)
    assert level is not None
    assert bounds is not None
    outward = -1 if one.code in ("value.low", "rate.falling") else 1
    assert bounds.is_well_inside(level)
    assert not bounds.is_well_inside(level + outward * 0.001)


def test_a_rule_in_words() -> None:
    moisture = next(rule for rule in DEFAULT_RULES if rule.id == "moisture")
    assert rule_sentence(alert(), moisture) == "Moisture below 25 % for 1 min (3 readings)"
    assert clears_text(alert(), moisture, LIMITS) == "at 26 % for 5 min"
    assert condition_text(moisture, LIMITS) == "outside the profile's 25–45 %"
    own = AlertRule("r", channel="Moisture", low=20.0, high=50.0)
    assert condition_text(own) == "below 20 % or above 50 %"
    rate = AlertRule("r", kind=RuleKind.RATE, channel="Moisture", low=-5.0)
    assert condition_text(rate) == "falling by more than 5 % an hour"
    assert [rule_name(rule) for rule in DEFAULT_RULES if rule.kind is RuleKind.RANGE] == [
        "Moisture",
        "pH",
        "Temperature",
        "CO₂",
    ]
