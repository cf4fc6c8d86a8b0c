"""What can go wrong with a remote API, as problem codes, and what it means for a request."""

from __future__ import annotations

import email.utils
import http.client
import math
import socket
import ssl
import time
from typing import Literal

from harit_desktop.domain.errors import KnownError
from harit_desktop.transport.api_address import ApiAddress

Kind = Literal["retry", "stop", "refused"]

MAX_RETRY_AFTER_S = 300.0
MAX_ANSWER_BYTES = 5 * 1024 * 1024
_REASON_CHARS = 200
_NOT_ACCEPTED = {400, 413, 415, 422}
_NOT_LET_IN = {401, 403}
_NOT_THERE = {404, 405, 410}
_BUSY = {429, 503}
# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_VERIFY_CAUSES = {9: "not_yet_valid", 10: "expired", 62: "hostname", 64: "hostname"}
_NOT_TLS = {
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNEXPECTED_MESSAGE",
    "WRONG_VERSION_NUMBER",
}


class ApiFailure(KnownError):
    """A request that did not succeed.

    `kind` says what may help: "retry" later, "stop" until a person changes something, or the
    reading itself is "refused". With "retry" a posted reading may have been stored all the
    same. `retry_after_s` is what the server asked for, at most 300 s.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        *,
        retry_after_s: float | None = None,
        **params: str | int | float,
    ) -> None:
        super().__init__(code, **params)
        self.kind: Kind = kind
        self.retry_after_s = retry_after_s


class Closed(Exception):
    """The client was closed while a request was under way."""


class NotTheApi(Exception):
    """The answer is not what the API says: no JSON, half of one, or other words."""


class TooBig(Exception):
    """The answer is longer than `MAX_ANSWER_BYTES`."""


def failure_of(error: Exception, address: ApiAddress, deadline_s: float) -> ApiFailure:
    """Why a request did not come to an answer. `deadline_s` is how long it was allowed."""
    host = address.host
    if isinstance(error, TooBig):
        return ApiFailure("retry", "api.too_big", host=host, limit_mb=MAX_ANSWER_BYTES // 2**20)
    if isinstance(error, ssl.SSLError):
        return ApiFailure("retry", "api.tls", host=host, cause=_tls_cause(error))
    # UnicodeError: a host name that cannot be one.
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return ApiFailure("retry", "api.dns", host=host)
    if isinstance(error, Closed):
        return ApiFailure("retry", "api.lost", host=host, detail="closed")
    # Before HTTPException: `RemoteDisconnected` is both.
    if isinstance(error, TimeoutError):
        return ApiFailure("retry", "api.timeout", host=host, seconds=round(deadline_s, 1))
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return ApiFailure("retry", "api.lost", host=host, detail=_words(error))
    if isinstance(error, OSError):
        return ApiFailure(
            "retry", "api.unreachable", host=host, port=address.port, detail=_words(error)
        )
    if isinstance(error, http.client.IncompleteRead):
        return ApiFailure("retry", "api.lost", host=host, detail="incomplete answer")
    return ApiFailure("retry", "api.not_json", host=host)


def failure_of_status(
    address: ApiAddress,
    status: int,
    *,
    path: str,
    retry_after: str | None = None,
    refusal: str | None = None,
) -> ApiFailure:
    """What a status other than 2xx means.

    `refusal` is the API's own word for not taking a reading; without it even a 400 may come
    from something between us and the API, and then the reading is not at fault.
    """
    host = address.host
    if 300 <= status < 400:
        return ApiFailure("retry", "api.redirected", host=host, status=status)
    if status in _NOT_LET_IN:
        return ApiFailure("stop", "api.auth", host=host, status=status)
    if status in _NOT_THERE:
        return ApiFailure("stop", "api.not_found", host=host, path=address.base_path + path)
    if status in _NOT_ACCEPTED and refusal is not None:
        reason = clean(refusal)
        return ApiFailure("refused", "api.refused", host=host, status=status, reason=reason)
    wait_s = _retry_after_s(retry_after)
    if status in _BUSY:
        seconds = math.ceil(wait_s or 0)
        return ApiFailure(
            "retry", "api.busy", retry_after_s=wait_s, host=host, status=status, seconds=seconds
        )
    return ApiFailure("retry", "api.http", retry_after_s=wait_s, host=host, status=status)


def may_be_refusal(status: int) -> bool:
    """Whether the words of such an answer may say why a reading is not taken."""
    return status in _NOT_ACCEPTED


def clean(text: str) -> str:
    """Foreign text on one line and of bounded length."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * _REASON_CHARS])
    return " ".join(line.split())[:_REASON_CHARS]


def _retry_after_s(text: str | None) -> float | None:
    """Seconds or an HTTP date, as RFC 9110 section 10.2.3 allows; bounded."""
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        # A number of any length; float() of a very long one is infinite.
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        then_s = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(then_s - time.time(), 0.0), MAX_RETRY_AFTER_S)


def _words(error: OSError) -> str:
    return clean(error.strerror or str(error))


def _tls_cause(error: ssl.SSLError) -> str:
    """As `mqtt_errors.TLS_CAUSES`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CAUSES.get(error.verify_code, "untrusted")
    reason = error.reason or ""
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)) or reason in _NOT_TLS:
        return "not_tls"
    if "PROTOCOL" in reason:
        return "protocol"
    if "CERTIFICATE" in reason or "HANDSHAKE_FAILURE" in reason:
        return "client_certificate"
    return "other"
