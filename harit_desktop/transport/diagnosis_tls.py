"""The TLS of a broker, looked at closely enough to name what is wrong with it."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from harit_desktop.domain.diagnosis import Facts
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.transport.diagnosis import REACH_S
from harit_desktop.transport.diagnosis_certificate import (
    Certificate,
    end_of_file_s,
    is_encrypted,
    shown_certificate,
)
from harit_desktop.transport.diagnosis_line import Line
from harit_desktop.transport.diagnosis_speech import HAIL_S, hail, told_date_s
from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_client import tls_context
from harit_desktop.transport.mqtt_errors import (
    TLS_CAUSES,
    TlsFileError,
    broker_problem,
    problem_of_exception,
)

CAUSES = (
    *TLS_CAUSES,
    "self_signed",
    "clock",
    "client_refused",
    "client_expired",
    "key_mismatch",
    "passphrase",
    "passphrase_missing",
)
"""What `cause` of the broker.tls raised here may be."""

WRITTEN_S = 1_793_491_200
"""This was written in November 2026; a clock that says less is wrong for certain."""

_DAY_S = 86_400
_VERDICT_S = 1.0
_SELF_SIGNED = 18
_ALERTS_ON_OURS = ("UNKNOWN_CA", "CERTIFICATE", "ACCESS_DENIED")


def shake_hands(
    endpoint: MqttEndpoint,
    given_up: threading.Event,
    now_s: Callable[[], float] = time.time,
) -> Facts:
    """Agrees on TLS as the program does, and waits for the broker's verdict on our own
    certificate, which TLS 1.3 gives only after the handshake. Raises KnownError(broker.tls)
    and what else may keep one from a port."""
    context = context_of(endpoint)
    try:
        with Line(given_up, REACH_S) as line:
            line.open(endpoint.host, endpoint.port)
            began_s = time.monotonic()
            secure = line.secure(context, endpoint.host)
            _await_verdict(line, secure, time.monotonic() - began_s)
            return _facts(endpoint, secure, now_s())
    except TimeoutError as error:
        raise _known(broker_problem(endpoint, "broker.timeout", phase="tls")) from error
    except OSError as error:
        raise _known(explained(endpoint, error, given_up, now_s)) from error


def explained(
    endpoint: MqttEndpoint,
    error: OSError,
    given_up: threading.Event,
    now_s: Callable[[], float] = time.time,
) -> Problem:
    """What a handshake that failed so means; looks at the broker again where that helps."""
    problem = problem_of_exception(endpoint, error)
    if problem.code != "broker.tls":
        return problem
    cause = _cause(endpoint, error, str(problem.params["cause"]), now_s())
    detail = str(problem.params["detail"])
    more: dict[str, str | int] = {}
    if isinstance(error, ssl.SSLCertVerificationError):
        seen = shown_certificate(endpoint, given_up, HAIL_S)
        more = _told_of(seen, now_s())
        told_s = told_date_s(endpoint, given_up) if cause in _BY_DATE else None
        if seen is not None and _clock_is_wrong(cause, seen, now_s(), told_s):
            cause = "clock"
    elif cause == "not_tls":
        more["mqtt"] = int(_answers_plainly(endpoint, given_up))
    return broker_problem(endpoint, "broker.tls", cause=cause, detail=detail, **more)


_BY_DATE = ("expired", "not_yet_valid")


def context_of(endpoint: MqttEndpoint) -> ssl.SSLContext:
    """What the program itself verifies with. Raises KnownError for a file that is no use."""
    try:
        context = tls_context(endpoint)
    except TlsFileError as error:
        cause = error.cause if error.cause != "cert_file" else _cause_of_files(endpoint, error)
        raise _known(
            broker_problem(endpoint, "broker.tls", cause=cause, detail=str(error))
        ) from error
    # The program's own closes itself at the first wait of a handshake in slices.
    context.sslsocket_class = ssl.SSLSocket
    return context


def _cause_of_files(endpoint: MqttEndpoint, error: TlsFileError) -> str:
    reason = getattr(error.__cause__, "reason", None) or ""
    if "VALUES_MISMATCH" in reason:
        return "key_mismatch"
    if isinstance(error.__cause__, ssl.SSLError) and is_encrypted(
        endpoint.key_file or endpoint.cert_file
    ):
        return "passphrase" if endpoint.key_passphrase else "passphrase_missing"
    return "cert_file"


def _cause(endpoint: MqttEndpoint, error: OSError, usual: str, now_s: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "self_signed" if error.verify_code == _SELF_SIGNED else usual
    reason = getattr(error, "reason", None) or ""
    ours = "ALERT" in reason and any(word in reason for word in _ALERTS_ON_OURS)
    if usual != "client_certificate" and not ours:
        return usual
    if not endpoint.cert_file:
        return "client_certificate"
    end_s = end_of_file_s(endpoint.cert_file)
    late = "CERTIFICATE_EXPIRED" in reason or (end_s is not None and end_s < now_s)
    return "client_expired" if late else "client_refused"


def _clock_is_wrong(cause: str, seen: Certificate, now_s: float, told_s: float | None) -> bool:
    """Whether not the certificate but this computer's clock is at fault: by the broker's own
    clock, or because ours says a time before this program was written."""
    if cause not in _BY_DATE:
        return False
    if told_s is not None and told_s >= WRITTEN_S:
        return seen.not_before_s <= told_s <= seen.not_after_s
    return cause == "not_yet_valid" and now_s < WRITTEN_S


def _told_of(seen: Certificate | None, now_s: float) -> dict[str, str | int]:
    """What fills the sentences; a question mark for what could not be read."""
    return {
        "issuer": (seen and seen.issuer) or "?",
        "names": (seen and seen.names) or "?",
        "begins": _moment(seen.not_before_s if seen else None),
        "ends": _moment(seen.not_after_s if seen else None),
        "now": _moment(now_s),
    }


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "?"


def _answers_plainly(endpoint: MqttEndpoint, given_up: threading.Event) -> bool:
    """Whether the port speaks MQTT without TLS."""
    try:
        with Line(given_up, HAIL_S) as line:
            line.open(endpoint.host, endpoint.port)
            return hail(line) == "mqtt"
    except (OSError, ValueError):
        return False


def _await_verdict(line: Line, secure: ssl.SSLSocket, took_s: float) -> None:
    """A broker that takes our certificate sends a session ticket; one that does not, an alert.
    Some send nothing at all, so the wait is short."""
    if secure.version() != "TLSv1.3":
        return
    until_s = time.monotonic() + max(_VERDICT_S / 4, min(_VERDICT_S, 3 * took_s))
    while (left_s := until_s - time.monotonic()) > 0:
        session = secure.session
        if session is not None and session.has_ticket:
            return
        if not line.wait_readable(left_s):
            return
        try:
            if not secure.recv(1):
                # Closed without a word, as some do that refuse a certificate.
                raise ssl.SSLZeroReturnError("closed after the handshake")
            return
        except ssl.SSLWantReadError:
            continue


def _facts(endpoint: MqttEndpoint, secure: ssl.SSLSocket, now_s: float) -> Facts:
    certificate = secure.getpeercert() or {}
    ends = str(certificate.get("notAfter", ""))
    days = int((ssl.cert_time_to_seconds(ends) - now_s) // _DAY_S) if ends else 0
    return {
        "version": secure.version() or "TLS",
        "days": days,
        "issuer": _issuer(certificate),
        "named": int(endpoint.verify_hostname),
        "client": int(bool(endpoint.cert_file)),
    }


def _issuer(certificate: object) -> str:
    """The name of who signed it, from what `getpeercert` gives."""
    found = certificate.get("issuer", ()) if isinstance(certificate, dict) else ()
    names = {key: value for part in found for key, value in part}
    name = names.get("commonName") or names.get("organizationName") or ""
    return str(name)[:80]


def _known(problem: Problem) -> KnownError:
    return KnownError(problem.code, **problem.params)
