"""The one login of a built-in broker that asks for it: how the child gets it, how it is kept.

The password reaches the child through its stdin: arguments and environment of a process can
be read by others. On disk stands a salted hash alone, in mosquitto's own format.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from harit_desktop.broker.child_protocol import BAD_ARGUMENTS, EngineFailure

PASSWORD_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Easily typed on a sensor's page or a phone; nothing that is taken for something else."""
PASSWORD_LENGTH = 16
"""79 bits: nobody finds it by trying."""
LEAST_PASSWORD_LENGTH = 8
"""Of a password that a person chooses."""
MOST_USERNAME_LENGTH = 64

_ITERATIONS = 5000
_SALT_BYTES = 12
_LINE_LIMIT = 8192
_STDIN = 0


class Login(NamedTuple):
    """Whom the broker lets in."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r})"

    def to_line(self) -> bytes:
        """For the child's stdin."""
        return json.dumps(list(self)).encode("ascii") + b"\n"


def make_password() -> str:
    """A new random password."""
    import secrets  # not needed by the child, whose start is waited for

    return "".join(secrets.choice(PASSWORD_CHARACTERS) for _ in range(PASSWORD_LENGTH))


def usable_username(name: str) -> bool:
    """Whether a password file can hold it: one word, in any alphabet, without a colon."""
    return (
        0 < len(name) <= MOST_USERNAME_LENGTH
        and name.isprintable()
        and not any(char.isspace() or char == ":" for char in name)
        and not name.startswith("#")
    )


def read_login() -> Login:
    """What the program wrote on our stdin, which stays open.

    Raises EngineFailure `bad_arguments` when that is no login.
    """
    line = b""
    while not line.endswith(b"\n") and len(line) < _LINE_LIMIT:
        piece = os.read(_STDIN, 1)
        if not piece:
            break
        line += piece
    try:
        sent = json.loads(line)
    except ValueError:
        sent = None
    texts = isinstance(sent, list) and all(isinstance(text, str) for text in sent)
    if not texts or len(sent) != len(Login._fields) or not sent[1]:
        # Not a word of what was read: it could be a part of the password.
        raise EngineFailure(BAD_ARGUMENTS, "no login came on stdin")
    return Login(*sent)


def password_line(login: Login, salt: bytes | None = None) -> str:
    """A line of mosquitto's password file: PBKDF2 with SHA-512, read by 2.0 and newer.

    Written here because mosquitto_passwd would take the password as an argument, or from a
    file that holds it in clear.
    """
    import hashlib
    from base64 import b64encode

    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", login.password.encode(), salt, _ITERATIONS)
    parts = (str(_ITERATIONS), b64encode(salt).decode(), b64encode(digest).decode())
    return f"{login.username}:$7${'$'.join(parts)}\n"


def connect_packet(login: Login | None) -> bytes:
    """MQTT 3.1.1 CONNECT with a clean session and an empty client id."""
    flags = 0x02 if login is None else 0xC2
    body = b"\0\4MQTT\4" + bytes([flags]) + b"\0\x0a\0\0"
    for text in login or ():
        encoded = text.encode()
        body += len(encoded).to_bytes(2, "big") + encoded
    return b"\x10" + _length(len(body)) + body


def _length(number: int) -> bytes:
    """MQTT 3.1.1, section 2.2.3."""
    encoded = bytearray()
    while True:
        number, rest = divmod(number, 128)
        encoded.append(rest | (0x80 if number else 0))
        if not number:
            return bytes(encoded)
