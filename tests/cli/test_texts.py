"""Every code that the program can report has a line for the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harit_desktop
from harit_desktop.cli.texts import TEXTS, sentence
from harit_desktop.domain.errors import Problem
from harit_desktop.transport.mqtt_errors import CODES, TLS_CAUSES

PACKAGE = Path(harit_desktop.__file__).parent
AREAS = (
    "settings|data_dir|time|timezone|profile|secrets|worker|command|query|store|export"
    "|server|backup|api|local_api|both|alerts|devices"
)
CODE = re.compile(rf'"((?:{AREAS}|csv_mirror|inbox|publisher|builtin_broker)\.[a-z_]+)"')
# Names of settings and of objects of the window look the same.
NOT_CODES = re.compile(
    r"^(publisher\.(?!failed|outbox_)|(api|local_api)\.(mode|url|poll_s|timeout_s|forward|token"
    r"|enabled|host|port|origins|allow_network)$|alerts\.(?!email_(?!to$|from$)|webhook_(?!url$|token$)"
    r"|not_stored$|too_many$)|export\.path|settings\.toml|builtin_broker\.(host|port|engine|username|allow_network|password)$)"
)


def codes_in_the_source() -> set[str]:
    found = set(CODES)
    for path in PACKAGE.rglob("*.py"):
        # The window has its own words, and what a quality test finds is no problem of ours.
        if not {"ui", "quality"} & set(
            path.relative_to(PACKAGE).parts
        ) and not path.name.startswith("texts"):
            found |= set(CODE.findall(path.read_text(encoding="utf-8")))
    return {code for code in found if not NOT_CODES.match(code)}


def test_the_search_finds_codes() -> None:
    assert {"store.locked", "settings.bad_value", "broker.tls"} <= codes_in_the_source()


def test_every_code_has_a_line() -> None:
    assert codes_in_the_source() - set(TEXTS) == set()


@pytest.mark.parametrize("way", ["email", "webhook"])
@pytest.mark.parametrize("trouble", ["not_set", "dns", "refused", "timeout", "tls"])
def test_whatever_keeps_an_alert_from_being_sent_has_a_line(way: str, trouble: str) -> None:
    params = {"host": "mail", "port": 587, "seconds": 10, "cause": "old"}
    text = sentence(Problem(f"alerts.{way}_{trouble}", params))
    assert not text.startswith("alerts.")


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_line_needs_no_more_than_its_problem_gives(code: str) -> None:
    params = dict.fromkeys(("host", "port", *CODES[code]), "x")
    assert sentence(Problem(code, params)) == TEXTS[code].format(**params)


def test_an_unknown_code_is_shown_with_its_details() -> None:
    assert sentence(Problem("new.code", {"a": 1})) == "new.code (a=1)"


@pytest.mark.parametrize("cause", TLS_CAUSES)
def test_why_tls_failed_is_said_in_words_with_what_can_be_done(cause: str) -> None:
    params = {"host": "hub", "port": 8883, "cause": cause, "detail": "d"}
    text = sentence(Problem("broker.tls", params))
    assert "_" not in text.replace("ca_file", "").replace("cert_file", "").replace(
        "key_file", ""
    ).replace("HARIT_BROKER__KEY_PASSPHRASE", "")
    assert ";" in text


@pytest.mark.parametrize("code", ["api.tls", "server.tls", "alerts.webhook_tls"])
def test_the_cause_is_never_a_code(code: str) -> None:
    params = {"host": "hub", "cause": "not_tls", "detail": ""}
    assert "TLS is not spoken there" in sentence(Problem(code, params))
    assert "its own words" in sentence(Problem(code, params | {"cause": "its own words"}))
