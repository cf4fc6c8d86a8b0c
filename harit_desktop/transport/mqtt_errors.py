"""What went wrong with a broker, as the problem codes that the window puts into words.

Every problem carries `host` and `port`; `CODES` lists the codes with their further
parameters.
"""

import errno
import socket
import ssl

from harit_desktop.domain.errors import Problem
from harit_desktop.settings.profile_files import key_is_encrypted
from harit_desktop.transport.endpoint import MqttEndpoint

CODES: dict[str, tuple[str, ...]] = {
    "broker.refused": (),  # nobody listens on the port
    "broker.dns": (),  # the host name does not resolve
    "broker.unreachable": ("detail",),  # no route, network down
    "broker.timeout": ("phase",),  # connect | connack: no answer in time
    "broker.no_mqtt": ("tls",),  # answers, but not as an MQTT broker; tls is 0 or 1
    "broker.tls": ("cause", "detail"),  # see TLS_CAUSES
    "broker.auth": ("username",),  # name or password not accepted
    "broker.not_authorized": ("topic",),  # logged in, but not allowed (empty topic: to be there)
    "broker.rejected": ("reason",),  # the broker's own words for not taking us now
    "broker.client_id_rejected": ("client_id",),
    "broker.client_id_in_use": ("client_id", "certain"),  # certain 1: the broker said so
    "broker.subscribe_denied": ("topic", "count"),
    "broker.qos_lowered": ("topic", "count"),  # granted QoS 0: messages can be lost
    "broker.lost": ("cause",),  # closed | keepalive | server | internal | oversize | endless
    "broker.stalled": (),  # connected, but delivers nothing; we connect anew
    "broker.session_lost": ("at_us",),  # what it kept for us meanwhile is gone
    "broker.dropped": ("count",),  # messages of its clients, perhaps ours
}

TLS_CAUSES = (
    "untrusted",
    "expired",
    "not_yet_valid",
    "hostname",
    "not_tls",
    "protocol",
    "client_certificate",
    "ca_file",
    "cert_file",
    "key_mismatch",
    "passphrase",
    "passphrase_missing",
    "other",
)

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_VERIFY_CAUSES = {9: "not_yet_valid", 10: "expired", 62: "hostname", 64: "hostname"}
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}

FIRST_FAILURE_CODE = 0x80
"""Reason codes from here on are refusals, in every answer of a broker."""

UNSUPPORTED_VERSION = 0x84
SESSION_TAKEN_OVER = 0x8E
NOT_AUTHORIZED = 0x87
_LOGIN_CODES = {0x86, NOT_AUTHORIZED, 0x8C}
_DETAIL_CHARS = 200


class TlsFileError(Exception):
    """A certificate or key file of the settings cannot be used; `cause` is a TLS cause."""

    def __init__(self, cause: str, detail: str) -> None:
        self.cause = cause
        super().__init__(detail)


def broker_problem(endpoint: MqttEndpoint, code: str, **params: str | int) -> Problem:
    """A problem with this broker; text from outside is cut to a bounded length."""
    bounded = {
        name: value[:_DETAIL_CHARS] if isinstance(value, str) else value
        for name, value in params.items()
    }
    return Problem(code, {"host": endpoint.host, "port": endpoint.port, **bounded})


def problem_of_exception(endpoint: MqttEndpoint, error: Exception) -> Problem:
    """Why no connection came about, from what `connect` raised."""
    if isinstance(error, TlsFileError):
        cause = _file_cause(endpoint, error)
        return broker_problem(endpoint, "broker.tls", cause=cause, detail=str(error))
    if isinstance(error, ssl.SSLError):
        return broker_problem(
            endpoint, "broker.tls", cause=_tls_cause(error), detail=_tls_detail(error)
        )
    # UnicodeError: a host name that cannot be one (a label over 63 characters).
    if isinstance(error, (socket.gaierror, UnicodeError)):
        return broker_problem(endpoint, "broker.dns")
    if isinstance(error, TimeoutError):
        return broker_problem(endpoint, "broker.timeout", phase="connect")
    if isinstance(error, ConnectionRefusedError):
        return broker_problem(endpoint, "broker.refused")
    if isinstance(error, ConnectionError):
        # The port took the connection and dropped it in the TLS or WebSocket handshake.
        if endpoint.tls:
            return broker_problem(
                endpoint, "broker.tls", cause="not_tls", detail=type(error).__name__
            )
        return broker_problem(endpoint, "broker.no_mqtt", tls=0)
    if isinstance(error, OSError):
        if error.errno in _UNREACHABLE:
            return broker_problem(
                endpoint, "broker.unreachable", detail=error.strerror or str(error)
            )
        return broker_problem(endpoint, "broker.unreachable", detail=str(error))
    return broker_problem(endpoint, "broker.lost", cause="internal")


def problem_of_connack(endpoint: MqttEndpoint, code: int, reason: str) -> Problem:
    """Why the broker refused the CONNECT; `code` is the MQTT 5 reason code.

    Mosquitto answers a wrong password with "not authorized", so both mean the login.
    """
    if code in _LOGIN_CODES:
        return broker_problem(endpoint, "broker.auth", username=endpoint.username)
    if code == 0x85:
        return broker_problem(endpoint, "broker.client_id_rejected", client_id=endpoint.client_id)
    if code == 0x8A:
        return broker_problem(endpoint, "broker.not_authorized", topic="")
    return broker_problem(endpoint, "broker.rejected", reason=reason)


def problem_of_disconnect(endpoint: MqttEndpoint, code: int, from_server: bool) -> Problem:
    """Why an established connection ended."""
    if from_server and code == SESSION_TAKEN_OVER:
        return client_id_in_use(endpoint, certain=True)
    if from_server and code == NOT_AUTHORIZED:
        return broker_problem(endpoint, "broker.not_authorized", topic="")
    if from_server:
        return broker_problem(endpoint, "broker.lost", cause="server")
    keepalive_timeout = 0x8D
    cause = "keepalive" if code == keepalive_timeout else "closed"
    return broker_problem(endpoint, "broker.lost", cause=cause)


def client_id_in_use(endpoint: MqttEndpoint, *, certain: bool) -> Problem:
    """Another program connects with our client id; the broker lets only one stay."""
    return broker_problem(
        endpoint,
        "broker.client_id_in_use",
        client_id=endpoint.client_id,
        certain=int(certain),
    )


def needs_a_person(problem: Problem) -> bool:
    """Whether trying again soon is pointless until somebody changes something."""
    if problem.code == "broker.tls":
        # A broker that restarts resets handshakes too, so "not_tls" may pass by itself.
        return problem.params.get("cause") != "not_tls"
    return problem.code in {
        "broker.auth",
        "broker.not_authorized",
        "broker.client_id_rejected",
    }


def _file_cause(endpoint: MqttEndpoint, error: TlsFileError) -> str:
    """Which of certificate, key and pass phrase does not fit the others."""
    said = error.__cause__
    if error.cause != "cert_file" or not isinstance(said, ssl.SSLError):
        return error.cause
    if "VALUES_MISMATCH" in (said.reason or ""):
        return "key_mismatch"
    if key_is_encrypted(endpoint.key_file or endpoint.cert_file):
        return "passphrase" if endpoint.key_passphrase else "passphrase_missing"
    return error.cause


def _tls_cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_CAUSES.get(error.verify_code, "untrusted")
    reason = error.reason or ""
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "not_tls"
    if reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"}:
        return "not_tls"
    if "PROTOCOL" in reason:
        return "protocol"
    if "CERTIFICATE" in reason or "HANDSHAKE_FAILURE" in reason:
        return "client_certificate"
    return "other"


def _tls_detail(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message or str(error)
    return error.reason or type(error).__name__
