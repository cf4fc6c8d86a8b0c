"""What a broker's certificate says of itself, read for a person who looks for a fault.

Nothing here decides whether to trust it: that is done by the handshake of `diagnosis_tls`.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harit_desktop.transport.diagnosis_line import Line
from harit_desktop.transport.endpoint import MqttEndpoint

if TYPE_CHECKING:
    from cryptography import x509

_SHOWN_NAMES = 3
_NAME_CHARS = 80
_FILE_BYTES = 65_536


@dataclass(frozen=True)
class Certificate:
    """Whom it is for, who signed it, and when it holds (seconds since 1970). The texts are
    the other side's own and may be anything."""

    issuer: str
    names: str
    not_before_s: float
    not_after_s: float


def shown_certificate(
    endpoint: MqttEndpoint, given_up: threading.Event, within_s: float
) -> Certificate | None:
    """The certificate that a broker shows, trusted or not; None where there is none to read.

    Sends nothing after the handshake, and not our own certificate in it.
    """
    context = unverified_context()
    try:
        with Line(given_up, within_s) as line:
            line.open(endpoint.host, endpoint.port)
            shown = line.secure(context, endpoint.host).getpeercert(binary_form=True)
    except (OSError, ValueError):
        return None
    return None if shown is None else read_certificate(shown)


def unverified_context() -> ssl.SSLContext:
    """For a look at a broker that the verified handshake refused. Nothing secret may follow."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def read_certificate(der: bytes) -> Certificate | None:
    """None where it cannot be read, which a hostile one may be."""
    from cryptography import x509

    try:
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            issuer=_common_name(found.issuer),
            names=_names(found),
            not_before_s=found.not_valid_before_utc.timestamp(),
            not_after_s=found.not_valid_after_utc.timestamp(),
        )
    except (ValueError, x509.DuplicateExtension):
        return None


def end_of_file_s(path: str) -> float | None:
    """When the first certificate of a file ends; None where that cannot be read."""
    from cryptography import x509

    try:
        with Path(path).open("rb") as file:
            found = x509.load_pem_x509_certificate(file.read(_FILE_BYTES))
        return found.not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None


def is_encrypted(path: str) -> bool:
    """Whether a key file needs a pass phrase."""
    try:
        with Path(path).open("rb") as file:
            return b"ENCRYPTED" in file.read(_FILE_BYTES)
    except OSError:
        return False


def _names(certificate: x509.Certificate) -> str:
    """The hosts it is for, as a browser would name them."""
    from cryptography import x509

    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return _common_name(certificate.subject)
    found = [str(name.value) for name in held if isinstance(name, x509.DNSName | x509.IPAddress)]
    more = "" if len(found) <= _SHOWN_NAMES else ", …"
    return ", ".join(name[:_NAME_CHARS] for name in found[:_SHOWN_NAMES]) + more


def _common_name(name: x509.Name) -> str:
    from cryptography.x509.oid import NameOID

    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    found = found or name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value)[:_NAME_CHARS] if found else ""
