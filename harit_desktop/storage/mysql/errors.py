"""What a database server's errors mean: their name in this program, and what to do.

Numbers below 2000 and from 3000 on are the server's (`mysqld_error.h`, MariaDB's own ones from
1900 and 4000 on), those from 2000 to 2999 are the driver's.
"""

from __future__ import annotations

import ssl
import struct
from enum import Enum
from socket import gaierror

import pymysql

from harit_desktop.domain.errors import KnownError

_DETAIL_CHARS = 200


class Remedy(Enum):
    """What to do after an error. No remedy loses or repeats a row: the key sees to that."""

    RECONNECT = "reconnect"
    """The connection is gone: connect again and repeat."""
    REPEAT = "repeat"
    """The transaction gave way to another one: repeat it at once."""
    WAIT = "wait"
    """The server cannot take rows now: try again later."""
    ASK = "ask"
    """Only a person can help."""
    BISECT = "bisect"
    """A row of the batch is at fault: find it and put it aside."""
    INSPECT = "inspect"
    """A table or column is not there: look at the database again."""


class ServerError(KnownError):
    """A named error of the server with its remedy and, where it has one, its number."""

    def __init__(
        self, code: str, remedy: Remedy, error_number: int = 0, /, **params: str | int | float
    ) -> None:
        super().__init__(code, **params)
        self.remedy = remedy
        self.error_number = error_number


_GONE = (
    *(0, 1053, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1189, 1190, 1317, 1927),
    *(2006, 2013, 2014, 2027, 2055, 4031),
)
_GAVE_WAY = (1020, 1205, 1213, 1412, 1614, 1637, 3058, 3572)
_TOO_MANY = (1040, 1203, 1226)
_FULL = (1021, 1114)
_READ_ONLY = (1290, 1792, 1836, 3100)
_LOGIN = (1045, 1698, 1820, 1862, 3118, 4151)
_RIGHTS = (1044, 1130, 1142, 1143, 1227, 1370)
_ROW = (
    *(1048, 1062, 1136, 1153, 1264, 1265, 1292, 1366, 1367, 1406, 1411, 1441, 1452, 1644),
    *(1690, 3140, 3141, 3156, 3819, 4025, 4078),
)
_STRUCTURE = (1051, 1054, 1146, 1176, 1932)
_UNSUPPORTED = (1115, 1193, 1231, 1273)

_NAMED: dict[int, tuple[str, Remedy]] = {
    **dict.fromkeys(_GONE, ("server.lost", Remedy.RECONNECT)),
    **dict.fromkeys(_GAVE_WAY, ("server.locked", Remedy.REPEAT)),
    **dict.fromkeys(_TOO_MANY, ("server.too_many_connections", Remedy.WAIT)),
    **dict.fromkeys(_FULL, ("server.full", Remedy.WAIT)),
    **dict.fromkeys(_READ_ONLY, ("server.read_only", Remedy.WAIT)),
    **dict.fromkeys(_LOGIN, ("server.auth", Remedy.ASK)),
    **dict.fromkeys(_RIGHTS, ("server.permission", Remedy.ASK)),
    **dict.fromkeys(_ROW, ("server.failed", Remedy.BISECT)),
    **dict.fromkeys(_STRUCTURE, ("server.failed", Remedy.INSPECT)),
    **dict.fromkeys(_UNSUPPORTED, ("server.version", Remedy.ASK)),
    1049: ("server.no_database", Remedy.ASK),
}

_STORAGE_ENGINE_ERRORS = (3, 1026, 1030)
_NO_SPACE = ("errno: 28", "error 28", "No space left", "OS errno 28")

# X509_V_ERR_* of OpenSSL's x509_vfy.h.
_CERTIFICATE_CAUSES = {9: "not_yet_valid", 10: "expired", 62: "hostname", 64: "hostname"}

PROTOCOL_ERRORS = (
    pymysql.err.MySQLError,
    OSError,
    RuntimeError,
    AssertionError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    struct.error,
)
"""What the driver raises. Beside its own errors a server that does not speak the protocol
brings about any of these; RuntimeError is its answer to one that asks for a local file."""


def server_error(
    error: BaseException, host: str = "", port: int = 0, waited_s: float = 0.0
) -> ServerError:
    """The named error behind an error of the driver.

    `host` and `port` are for the text of a server that cannot be reached, `waited_s` for a
    silent one. Never holds a password: the driver puts none into its errors.
    """
    if isinstance(error, ServerError):
        return error
    cause = _system_error(error)
    if cause is not None:
        return _of_system(cause, host, port, waited_s)
    number, text = _parts(error)
    if isinstance(error, RuntimeError) and "LOAD_LOCAL" in text:
        reason = "asked for a local file"
        return ServerError("server.failed", Remedy.WAIT, number=0, reason=reason)
    if number is None:
        reason = f"{type(error).__name__}: {text}"[:_DETAIL_CHARS]
        return ServerError("server.failed", Remedy.WAIT, number=0, reason=reason)
    return _of_number(error, number, text[:_DETAIL_CHARS])


def _of_number(error: BaseException, number: int, text: str) -> ServerError:
    if number in _STORAGE_ENGINE_ERRORS and any(word in text for word in _NO_SPACE):
        return ServerError("server.full", Remedy.WAIT, number)
    if number == 3159:
        return ServerError("server.tls", Remedy.ASK, number, cause="required", detail=text)
    if number == 2026:
        return ServerError("server.tls", Remedy.ASK, number, cause="not_tls", detail=text)
    if 2000 <= number < 3000 and number not in _NAMED:
        return _failed(number, text)
    if number == 1290 and "read" not in text.lower():
        # The same number for every option that forbids something.
        return _failed(number, text)
    if number in _NAMED:
        code, remedy = _NAMED[number]
    else:
        doubtful = isinstance(error, (pymysql.err.DataError, pymysql.err.IntegrityError))
        code, remedy = "server.failed", Remedy.BISECT if doubtful else Remedy.WAIT
    return ServerError(code, remedy, number, **_params(code, number, text))


def _params(code: str, number: int, text: str) -> dict[str, str | int | float]:
    if code in ("server.lost", "server.permission"):
        return {"detail": text}
    if code == "server.failed":
        return {"number": number, "reason": text}
    if code == "server.version":
        return {"version": text}
    return {}


def _failed(number: int, text: str) -> ServerError:
    return ServerError("server.failed", Remedy.WAIT, number, number=number, reason=text)


def _parts(error: BaseException) -> tuple[int | None, str]:
    """The number and the text of a driver's error."""
    arguments = error.args
    if isinstance(error, pymysql.err.MySQLError) and arguments and isinstance(arguments[0], int):
        return arguments[0], str(arguments[1]) if len(arguments) > 1 else ""
    return None, str(error)


def _system_error(error: BaseException) -> OSError | None:
    """The operating system's error that tells more than the driver's own.

    What ended an open connection tells nothing more, unless it was the time limit.
    """
    original = getattr(error, "original_exception", None)
    for candidate in (error, original):
        if isinstance(candidate, OSError):
            return candidate
    return error.__context__ if isinstance(error.__context__, TimeoutError) else None


def _of_system(error: OSError, host: str, port: int, waited_s: float) -> ServerError:
    text = (error.strerror or str(error) or type(error).__name__)[:_DETAIL_CHARS]
    if isinstance(error, gaierror):
        return ServerError("server.dns", Remedy.RECONNECT, host=host)
    if isinstance(error, ssl.SSLError):
        return ServerError("server.tls", Remedy.ASK, cause=_tls_cause(error), detail=text)
    if isinstance(error, TimeoutError):
        return ServerError("server.silent", Remedy.RECONNECT, seconds=round(waited_s))
    if isinstance(error, (ConnectionResetError, BrokenPipeError, ConnectionAbortedError)):
        return ServerError("server.lost", Remedy.RECONNECT, detail=text)
    return ServerError("server.unreachable", Remedy.RECONNECT, host=host, port=port, detail=text)


def _tls_cause(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE_CAUSES.get(error.verify_code, "untrusted")
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return "not_tls"
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"):
        return "not_tls"
    return "other"
