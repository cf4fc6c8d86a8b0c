"""Messages to another program, by HTTP.

A POST with a JSON object:

    {"format": 1, "sent_at": "2025-11-24T16:00:00+00:00", "text": "...", "left_out": 0,
     "changes": [{"change": "raised" | "ended", "text": "...", "id": 7, "rule": "moisture",
       "kind": "range", "severity": "critical", "device": "soil-01", "channel": "Moisture",
       "code": "value.low", "params": {}, "value": 14.0, "limit": 20.0, "worst": 12.5,
       "raised_at": "...", "ended_at": null, "stands_for": 0}]}

A test has `"test": true` and no changes. An answer of 2xx means that it was taken; redirects
are not followed, so that a token goes to nobody else.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from harit_desktop.alerting.sinks import SinkName, named_error
from harit_desktop.alerting.teller import Telling
from harit_desktop.alerting.texts import Texts, plain
from harit_desktop.alerting.watchdog import TIME_LIMIT_S, Watchdog, time_limit
from harit_desktop.domain.clock import US_PER_S, NowUs
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_private

MAX_URL_CHARS = 2000
MOST_CHANGES = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOGIN_STATUS = (401, 403)


class WebhookAddress(msgspec.Struct, frozen=True):
    """A checked address; `target` is path and query."""

    secure: bool
    host: str
    port: int
    target: str


def parse_webhook_url(text: str) -> WebhookAddress:
    """The address that `text` names.

    Raises KnownError alerts.webhook_not_set, alerts.webhook_bad_address{address,why} with why
    scheme, host, credentials or port, and alerts.webhook_not_private{host} for http to a host
    that is not surely on the local network.
    """
    text = text.strip()
    if not text:
        raise KnownError("alerts.webhook_not_set")
    if len(text) > MAX_URL_CHARS or not text.isprintable() or " " in text:
        raise _bad(text, "host")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise _bad(text, "port" if "port" in str(error).lower() else "host") from error
    if parts.scheme not in _DEFAULT_PORTS:
        raise _bad(text, "scheme")
    if "@" in parts.netloc:
        raise _bad(text, "credentials")
    try:
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _bad(text, "host") from error
    if not host or "%" in host or "\\" in text:
        raise _bad(text, "host")
    if port == 0:
        raise _bad(text, "port")
    if parts.scheme == "http" and not is_private(host):
        raise KnownError("alerts.webhook_not_private", host=host)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    secure = parts.scheme == "https"
    return WebhookAddress(secure, host, port or _DEFAULT_PORTS[parts.scheme], target)


def _bad(text: str, why: str) -> KnownError:
    # A password may be in any text with an "@"; path and query of many services are a key.
    shown = "***" if "@" in text else "/".join(text.split("?")[0].split("/")[:3])[:200]
    return KnownError("alerts.webhook_bad_address", address=shown, why=why)


class WebhookSink:
    """Implements `Sink`. `ca_file` "" trusts what the system trusts."""

    name: SinkName = "webhook"

    def __init__(
        self,
        url: str,
        token: str,
        texts: Texts,
        now_us: NowUs,
        *,
        ca_file: str = "",
        time_limit_s: float = TIME_LIMIT_S,
    ) -> None:
        self._url, self._token = url, token
        self._texts = texts
        self._now_us = now_us
        self._ca_file = ca_file
        self._time_limit_s = time_limit_s

    def send(self, tellings: Sequence[Telling], left_out: int = 0) -> None:
        """Sends one object about all of them; `left_out` are those that found no room."""
        shown = tellings[:MOST_CHANGES]
        body = {
            "text": self._texts.subject(tellings),
            "left_out": left_out + len(tellings) - len(shown),
            "changes": [self._change(one) for one in shown],
        }
        self._post(body)

    def test(self) -> None:
        self._post({"test": True, "text": self._texts.test_line(), "changes": []})

    def _change(self, telling: Telling) -> dict[str, Any]:
        alert = telling.alert
        return {
            "change": "ended" if telling.ended else "raised",
            "text": self._texts.line(telling),
            "id": alert.id,
            "rule": alert.rule_id,
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "device": alert.publisher_id,
            "channel": alert.channel,
            "code": alert.code,
            "params": dict(alert.params),
            "value": alert.value,
            "limit": alert.limit,
            "worst": alert.worst,
            "raised_at": _iso(alert.raised_us),
            "ended_at": None if alert.ended_us is None else _iso(alert.ended_us),
            "stands_for": alert.flood,
        }

    def _post(self, body: dict[str, Any]) -> None:
        address = parse_webhook_url(self._url)
        if not self._token.isascii() or not self._token.isprintable():
            raise KnownError("alerts.webhook_login", user="")
        sent = {"format": 1, "sent_at": _iso(self._now_us()), **body}
        with time_limit(self._time_limit_s) as dog:
            try:
                status, reason = self._ask(address, msgspec.json.encode(_clean(sent)), dog)
            except http.client.HTTPException as error:
                if dog.bit:
                    raise self._named(TimeoutError(), address, dog) from error
                reason = plain(f"{type(error).__name__} {error}")
                raise KnownError("alerts.webhook_rejected", reason=reason) from error
            except OSError as error:
                raise self._named(error, address, dog) from error
        if status in _LOGIN_STATUS:
            raise KnownError("alerts.webhook_login", user="")
        if not 200 <= status < 300:
            raise KnownError("alerts.webhook_rejected", reason=plain(f"{status} {reason}"))

    def _named(self, error: OSError, address: WebhookAddress, dog: Watchdog) -> KnownError:
        return named_error("webhook", error, address.host, address.port, late=dog.bit)

    def _ask(self, address: WebhookAddress, body: bytes, dog: Watchdog) -> tuple[int, str]:
        trust = None
        if address.secure:
            trust = ssl.create_default_context(cafile=self._ca_file or None)
        connection = http.client.HTTPConnection(address.host, address.port)
        headers = {"Content-Type": "application/json", "User-Agent": "harit-desktop"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            connection.sock = dog.connect(address.host, address.port, self._time_limit_s, trust)
            connection.request("POST", address.target, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.reason
        finally:
            dog.watch(None)
            connection.close()


def _clean(body: Any) -> Any:
    """Without halves of characters, which no JSON text can hold."""
    if isinstance(body, str):
        return body.encode("utf-8", "replace").decode("utf-8")
    if isinstance(body, dict):
        return {_clean(key): _clean(value) for key, value in body.items()}
    return [_clean(one) for one in body] if isinstance(body, list) else body


def _iso(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / US_PER_S, UTC).isoformat(timespec="seconds")
