"""Where a remote API is, and whether it may be spoken to in the open."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, quote, urlsplit

from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.hosts import is_loopback, is_private

MAX_LENGTH = 500
_SHOWN_LENGTH = 200
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# The resolver of the system reads "2130706433" and "0x7f.1" as addresses, unlike `ipaddress`.
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_ENDPOINT = re.compile(r"/api/soil-health(/.*)?$")
_IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class ApiAddress:
    """One API: `base_path` is what comes before `/health` and `/api/...`, empty or "/farm"."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    base_path: str = ""

    @property
    def shown(self) -> str:
        """ "host:port", for people."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there cannot leave this computer."""
        return is_loopback(self.host)

    @property
    def is_this_computer(self) -> bool:
        """Whether the host is this computer, by whatever address or name; asks no name server."""
        if self.is_loopback:
            return True
        address = _ip(self.host)
        if address is None:
            own = socket.gethostname().lower()
            return self.host in {own, own.split(".")[0] + ".local"}
        return _is_own(address)

    def url(self, path: str) -> str:
        """The full address of `path`, which begins with a slash."""
        return f"{self.scheme}://{self.shown}{self.base_path}{path}"


def parse_api_url(text: str) -> ApiAddress:
    """The API that `text` names; the address of one of its endpoints names it, too.

    Raises KnownError: api.bad_url{url,why} with why scheme, host, credentials, query or port;
    api.not_private{host} for http to a host that is not surely on the local network.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH or not text.isprintable():
        raise _bad_url(text, "host")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise _bad_url(text, "host") from error
    if parts.scheme not in _DEFAULT_PORTS or not text.lower().startswith(f"{parts.scheme}://"):
        raise _bad_url(text, "scheme")
    if "@" in parts.netloc:
        raise _bad_url(text, "credentials")
    if "?" in text or "#" in text:
        raise _bad_url(text, "query")
    host = _host(text, parts)
    scheme: Literal["http", "https"] = "https" if parts.scheme == "https" else "http"
    if scheme == "http" and not is_private(host):
        raise KnownError("api.not_private", host=host)
    path = _ENDPOINT.sub("", parts.path.rstrip("/")).rstrip("/")
    return ApiAddress(scheme, host, _port(text, parts), quote(path, safe="/%:@!$&'()*+,;=~"))


def _bad_url(text: str, why: str) -> KnownError:
    # A password may be in any text with an "@", however it is broken.
    shown = "***" if "@" in text else text[:_SHOWN_LENGTH]
    return KnownError("api.bad_url", url=shown, why=why)


def _port(text: str, parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError as error:
        raise _bad_url(text, "port") from error
    if port == 0 or (port is None and parts.netloc.endswith(":")):
        raise _bad_url(text, "port")
    return _DEFAULT_PORTS[parts.scheme] if port is None else port


def _host(text: str, parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if _ip(host) is not None:
        return host
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise _bad_url(text, "host") from error
    labels = host.split(".")
    good = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    if not good or _NUMERIC_LABEL.fullmatch(labels[-1]):
        raise _bad_url(text, "host")
    return host


def _ip(host: str) -> _IpAddress | None:
    """The address that `host` is written as; None for a name, and for one with a zone."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_own(address: _IpAddress) -> bool:
    """Whether an interface of this computer has the address: only then it can be bound to."""
    if address.is_unspecified:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
