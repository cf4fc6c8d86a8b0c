"""Who may ask: rates, and where the API may listen at all."""

from __future__ import annotations

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.transport import local_api_rate
from harit_desktop.transport.local_api import LocalApi
from harit_desktop.transport.local_api_guard import (
    LOOPBACK_RATE,
    NETWORK_FAILURES,
    Guard,
    LocalApiConfig,
)
from harit_desktop.transport.local_api_rate import RateLimiter

LAN = LocalApiConfig("0.0.0.0", 5000, token="a" * 43, allow_network=True)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def asked(address: str = "192.168.1.9", token: str | None = None, **more: str) -> dict[str, str]:
    environ = {"REMOTE_ADDR": address, "REQUEST_METHOD": "GET", "HTTP_HOST": "x", **more}
    if token is not None:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return environ


def test_each_address_has_its_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(20, 100, clock)
    assert [limiter.admit("10.0.0.1") for _ in range(100)] == [0.0] * 100
    assert limiter.admit("10.0.0.1") == pytest.approx(0.05)
    assert limiter.admit("10.0.0.2") == 0.0
    clock.now_s += 0.5
    assert sum(limiter.admit("10.0.0.1") == 0 for _ in range(50)) == 10
    clock.now_s += 1000
    assert sum(limiter.admit("10.0.0.1") == 0 for _ in range(500)) == 100


def test_five_hundred_a_second_pass_on_loopback() -> None:
    clock = Clock()
    guard = Guard(LocalApiConfig(), 5000, clock)
    environ = asked("127.0.0.1", HTTP_HOST="127.0.0.1:5000")
    for _ in range(60 * 500):
        clock.now_s += 1 / 500
        assert guard.judge(environ) is None
    assert LOOPBACK_RATE[0] > 500


def test_an_ipv6_subscriber_has_one_rate() -> None:
    limiter = RateLimiter(1, 2, Clock())
    found = [limiter.admit(f"2001:db8:0:1::{n:x}") == 0 for n in range(4)]
    assert found == [True, True, False, False]
    assert limiter.admit("2001:db8:0:2::1") == 0
    assert limiter.admit("::ffff:10.0.0.1") == limiter.admit("10.0.0.1") == 0
    assert limiter.admit("10.0.0.1") > 0
    assert limiter.admit("fe80::1%eth0") == 0


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_api_rate, "MAX_ADDRESSES", 50)
    limiter = RateLimiter(1, 1, Clock())
    for number in range(5000):
        limiter.admit(f"10.0.{number // 256}.{number % 256}")
    assert len(limiter) == 50


@pytest.mark.parametrize(
    ("config", "address"),
    [(LAN, "192.168.1.9"), (LAN, "127.0.0.1"), (LocalApiConfig(token="a" * 43), "127.0.0.1")],
)
def test_wrong_tokens_shut_out_nobody_who_has_the_right_one(
    config: LocalApiConfig, address: str
) -> None:
    clock = Clock()
    guard = Guard(config, 5000, clock)

    def answer(token: str | None, **more: str) -> str:
        verdict = guard.judge(asked(address, token, HTTP_HOST="127.0.0.1:5000", **more))
        return "200" if verdict is None else verdict.status[:3]

    ask_first = {"HTTP_ORIGIN": "http://evil.example", "REQUEST_METHOD": "OPTIONS"}
    for _ in range(3):
        for _ in range(3000):
            assert answer("b" * 43) in ("401", "429")
            assert answer(None) in ("401", "429")
            assert answer(None, **ask_first) in ("403", "429")
        assert answer("b" * 43) == "429"
        assert answer("a" * 43) == "200"
        clock.now_s += 0.1


def test_wrong_tokens_beyond_their_number_are_told_when_to_come_again() -> None:
    clock = Clock()
    guard = Guard(LAN, 5000, clock)
    verdicts = [guard.judge(asked(token="b" * 43)) for _ in range(20)]
    statuses = [verdict.status[:3] for verdict in verdicts if verdict is not None]
    most = int(NETWORK_FAILURES[1])
    assert statuses == ["401"] * most + ["429"] * (20 - most)
    last = verdicts[-1]
    assert last is not None
    assert dict(last.headers)["Retry-After"] == "1"
    # Each address has its own.
    other = guard.judge(asked("192.168.1.10", "b" * 43))
    assert other is not None
    assert other.status[:3] == "401"
    clock.now_s += 1.1
    again = guard.judge(asked(token="b" * 43))
    assert again is not None
    assert again.status[:3] == "401"


def test_too_many_requests_are_told_when_to_come_again() -> None:
    guard = Guard(LAN, 5000, Clock())
    verdicts = [guard.judge(asked(token="a" * 43)) for _ in range(101)]
    last = verdicts[-1]
    assert verdicts[:100] == [None] * 100
    assert last is not None
    assert (last.status[:3], dict(last.headers)["Retry-After"]) == ("429", "1")


def test_beyond_loopback_the_token_decides_not_the_name() -> None:
    guard = Guard(LAN, 5000, Clock())
    assert guard.judge(asked(token="a" * 43, HTTP_HOST="farm.local:5000")) is None
    verdict = guard.judge(asked("127.0.0.1"))
    assert verdict is not None
    assert verdict.status.startswith("401")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "farm.local", ""])
def test_beyond_loopback_it_needs_consent_and_a_token(host: str) -> None:
    for changes, code in (
        ({}, "local_api.no_consent"),
        ({"token": "t"}, "local_api.no_consent"),
        ({"allow_network": True}, "local_api.no_token"),
        ({"allow_network": True, "token": ""}, "local_api.no_token"),
    ):
        config = LocalApiConfig(host, 0, **changes)  # type: ignore[arg-type]  # test options
        with pytest.raises(KnownError) as caught:
            LocalApi(config, None)  # type: ignore[arg-type]  # it is never asked
        assert (caught.value.code, caught.value.params["host"]) == (code, host)
    LocalApi(LocalApiConfig(host, 0, token="t", allow_network=True), None)  # type: ignore[arg-type]  # it is never asked


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost", "LOCALHOST", "x.localhost"]
)
def test_loopback_needs_neither(host: str) -> None:
    LocalApi(LocalApiConfig(host, 0), None)  # type: ignore[arg-type]  # it is never asked


def test_the_token_is_in_no_text() -> None:
    assert "a" * 43 not in f"{LAN!r} {LAN}"
