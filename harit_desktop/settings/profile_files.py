"""Certificates and keys of a profile: copied in, so that a USB stick may go away."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.atomic_file import replacing

FILE_NAMES = {
    "broker.ca_file": "ca.pem",
    "broker.cert_file": "client.pem",
    "broker.key_file": "client.key",
}
"""What a profile's copy of a chosen file is called, by the setting that names it."""

MAX_BYTES = 256_000
_OWNER_FILE, _OWNER_FOLDER = 0o600, 0o700
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def make_folder(folder: Path) -> None:
    """A folder that only its owner may look into. Raises OSError."""
    folder.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
    os.chmod(folder, _OWNER_FOLDER)


@contextmanager
def replacing_private(target: Path) -> Iterator[BinaryIO]:
    """As `replacing`, for a file that only its owner may read. Raises OSError."""
    with replacing(target) as file:
        if hasattr(os, "fchmod"):
            # Windows has none before Python 3.13; the user's folder is private there.
            os.fchmod(file.fileno(), _OWNER_FILE)
        yield file


def copy_in(key: str, source: Path, folder: Path) -> Path:
    """Copies the file that a setting names into a profile's folder; where it is now.

    Raises KnownError: broker_profile.bad_file (setting, file, reason), or
    broker_profile.not_saved (path, reason).
    """
    content = read_checked(key, source)
    target = folder / FILE_NAMES[key]
    try:
        make_folder(folder)
        with replacing_private(target) as file:
            file.write(content)
    except OSError as error:
        reason = error.strerror or str(error)
        raise KnownError("broker_profile.not_saved", path=str(target), reason=reason) from error
    return target


def read_checked(key: str, source: Path) -> bytes:
    """A certificate or key as PEM. Raises KnownError(broker_profile.bad_file)."""
    try:
        if not source.is_file():
            # A pipe in its place would make the program wait for somebody.
            raise FileNotFoundError(2, "no such file")
        with source.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(key, source, error.strerror or str(error)) from error
    if len(content) > MAX_BYTES:
        raise _bad(key, source, "it is too large for a certificate or key")
    if key == "broker.key_file":
        if b"PRIVATE KEY-----" not in content:
            raise _bad(key, source, "it holds no private key in PEM form")
        return content
    if key == "broker.ca_file" and content[:1] == b"\x30":
        import ssl

        content = ssl.DER_cert_to_PEM_cert(content).encode()
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise _bad(key, source, "it holds no certificate in PEM form")
    if key == "broker.ca_file":
        content = certificates_alone(content)
        try:
            check_authorities(content.decode("ascii"))
        except ValueError as error:
            raise _bad(key, source, str(error)) from error
    return content


def certificates_alone(content: bytes) -> bytes:
    """The certificates of a PEM text, and nothing else that may stand there (a key)."""
    return b"".join(found + b"\n" for found in _CERTIFICATE.findall(content))


def check_authorities(text: str) -> None:
    """Raises ValueError where OpenSSL cannot use these certificates to verify a broker."""
    # Loaded when needed: the window must not wait for it at the start.
    import ssl

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise ValueError("it holds no usable certificate") from error


def key_is_encrypted(path: str) -> bool:
    """Whether a private key asks for a pass phrase; False where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return b"ENCRYPTED" in file.read(MAX_BYTES)
    except OSError:
        return False


def _bad(key: str, source: Path, reason: str) -> KnownError:
    return KnownError("broker_profile.bad_file", setting=key, file=source.name, reason=reason)
