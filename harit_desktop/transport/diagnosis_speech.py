"""Finds out what a port speaks where it does not speak what the settings say.

Says no more than an MQTT client without name and password would, and only to a broker that
has just refused or ignored us.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

from harit_desktop.transport.diagnosis_certificate import unverified_context
from harit_desktop.transport.diagnosis_line import Line
from harit_desktop.transport.endpoint import MqttEndpoint

Speech = Literal["mqtt", "websocket", "http", "other", "closed"]

HAIL_S = 1.5
"""How long one attempt may take."""

_HEAD_BYTES = 16_384
_CONNECT = b"\x10\x1a\x00\x04MQTT\x04\x02\x00\x05\x00\x0e"
_NAME_CHARS = 14
_DISCONNECT = b"\xe0\x00"
_KEY_MARK = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass(frozen=True)
class Upgrade:
    """How a port answered the request for a WebSocket. `status` is 0 for an answer that is not
    HTTP; `date_s` is the server's own clock, where it tells."""

    speech: Speech
    status: int = 0
    sound: bool = False
    mqtt: bool = False
    date_s: float | None = None


@dataclass(frozen=True)
class Spoken:
    """What was understood: MQTT, over TLS or not, over WebSockets or not."""

    tls: bool
    websockets: bool


def ask_for_websocket(line: Line, endpoint: MqttEndpoint) -> Upgrade:
    """Asks as the program does, without name and password. Raises OSError."""
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    path = "".join(char for char in endpoint.ws_path if "!" <= char <= "~") or "/"
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {endpoint.host}:{endpoint.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: mqtt\r\n\r\n"
    )
    line.send(request.encode())
    return _read_upgrade(_head_of(line), key)


def hail(line: Line) -> Speech:
    """Says CONNECT without name and password; what kind of answer comes. Raises OSError."""
    name = secrets.token_hex(_NAME_CHARS // 2).encode()
    line.send(_CONNECT + name)
    answer = line.receive(8)
    if not answer:
        return "closed"
    if answer.startswith(b"\x20"):
        line.send(_DISCONNECT)
        return "mqtt"
    return "http" if answer.startswith(b"HTTP/") else "other"


def what_speaks(endpoint: MqttEndpoint, given_up: threading.Event) -> Spoken | Speech:
    """Tries TLS and WebSockets the other way round; `Spoken` where MQTT was understood, else
    what kind of answer came, without TLS and without WebSockets."""
    websockets = endpoint.transport == "websockets"
    tries = (
        (not endpoint.tls, websockets),
        (endpoint.tls, not websockets),
        (not endpoint.tls, not websockets),
    )
    for tls, ws in tries:
        if not given_up.is_set() and _understood(endpoint, tls, ws, given_up):
            return Spoken(tls, ws)
    if not endpoint.tls and speaks_tls(endpoint, given_up):
        # Without a certificate of ours it says no more.
        return Spoken(True, websockets)
    return _plain_answer(endpoint, given_up)


def speaks_tls(endpoint: MqttEndpoint, given_up: threading.Event) -> bool:
    """Whether a TLS handshake, trusted or not, comes to its end there."""
    try:
        with Line(given_up, HAIL_S) as line:
            line.open(endpoint.host, endpoint.port)
            line.secure(unverified_context(), endpoint.host)
            return True
    except ssl.SSLError as error:
        # One that wants our certificate has spoken TLS.
        return "ALERT" in (error.reason or "")
    except (OSError, ValueError):
        return False


def told_date_s(
    endpoint: MqttEndpoint, given_up: threading.Event, within_s: float = HAIL_S
) -> float | None:
    """The clock of a broker that is reached over WebSockets, where it tells."""
    if endpoint.transport != "websockets":
        return None
    try:
        with Line(given_up, within_s) as line:
            line.open(endpoint.host, endpoint.port)
            if endpoint.tls:
                line.secure(unverified_context(), endpoint.host)
            return ask_for_websocket(line, endpoint).date_s
    except (OSError, ValueError):
        return None


def _understood(
    endpoint: MqttEndpoint, tls: bool, websockets: bool, given_up: threading.Event
) -> bool:
    try:
        with Line(given_up, HAIL_S) as line:
            line.open(endpoint.host, endpoint.port)
            if tls:
                line.secure(unverified_context(), endpoint.host)
            if websockets:
                return ask_for_websocket(line, endpoint).sound
            return hail(line) == "mqtt"
    except (OSError, ValueError):
        return False


def _plain_answer(endpoint: MqttEndpoint, given_up: threading.Event) -> Speech:
    try:
        with Line(given_up, HAIL_S) as line:
            line.open(endpoint.host, endpoint.port)
            upgrade = ask_for_websocket(line, endpoint)
            return "http" if upgrade.status else upgrade.speech
    except (OSError, ValueError):
        return "closed"


def _head_of(line: Line) -> bytes:
    """The answer up to its empty line, or what came of it."""
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
        try:
            piece = line.receive(_HEAD_BYTES - len(head))
        except ConnectionError:
            break
        if not piece:
            break
        head += piece
        if not b"HTTP/".startswith(head[:5]) and not head.startswith(b"HTTP/"):
            break
    return head


def _read_upgrade(head: bytes, key: str) -> Upgrade:
    if not head:
        return Upgrade("closed")
    if not head.startswith(b"HTTP/"):
        return Upgrade("mqtt" if head.startswith(b"\x20") else "other")
    first, *lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    code = words[1][:3] if len(words) > 1 else ""
    status = int(code) if code.isascii() and code.isdigit() else 0
    fields = {
        name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
    }
    digest = hashlib.sha1((key + _KEY_MARK).encode(), usedforsecurity=False).digest()
    sound = (
        status == 101 and fields.get("sec-websocket-accept") == base64.b64encode(digest).decode()
    )
    return Upgrade(
        "websocket" if status == 101 else "http",
        status,
        sound,
        fields.get("sec-websocket-protocol", "").lower() in ("mqtt", "mqttv3.1"),
        _date_s(fields.get("date", "")),
    )


def _date_s(text: str) -> float | None:
    if not text or len(text) > 40:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
