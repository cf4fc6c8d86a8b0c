"""How a login reaches the child, and what of it stands on the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harit_desktop.broker import login as module
from harit_desktop.broker.child_protocol import EngineFailure
from harit_desktop.broker.login import (
    LEAST_PASSWORD_LENGTH,
    PASSWORD_LENGTH,
    Login,
    connect_packet,
    make_password,
    password_line,
    read_login,
    usable_username,
)


def test_a_made_password_is_long_easily_typed_and_never_the_same() -> None:
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    assert {len(password) for password in made} == {PASSWORD_LENGTH}
    assert not set("".join(made)) & set("ilo01IO |'\"`")
    assert all(password.isascii() and password.isalnum() for password in made)
    assert PASSWORD_LENGTH >= LEAST_PASSWORD_LENGTH


@pytest.mark.parametrize("name", ["harit", "खेत", "probe-7", "a@b"])
def test_usable_names(name: str) -> None:
    assert usable_username(name)


@pytest.mark.parametrize("name", ["", "a:b", "a b", " a", "a\n", "#a", "a\u202eb", "x" * 65])
def test_unusable_names(name: str) -> None:
    assert not usable_username(name)


def read_from(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> Login:
    ours, theirs = os.pipe()
    os.write(theirs, sent)
    os.close(theirs)
    monkeypatch.setattr(module, "_STDIN", ours)
    try:
        return read_login()
    finally:
        os.close(ours)


def test_a_login_arrives_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    login = Login("खेत", 'a"\\\n\0मिट्टी')
    assert login.to_line().count(b"\n") == 1
    assert read_from(monkeypatch, login.to_line() + b"more") == login


@pytest.mark.parametrize(
    "sent",
    [b"", b"\n", b"secret\n", b'["a"]\n', b'["a", ""]\n', b'["a", 1]\n', b'"ab"\n', b"x" * 9000],
)
def test_what_is_no_login_is_refused_without_a_word_of_it(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    with pytest.raises(EngineFailure) as caught:
        read_from(monkeypatch, sent)
    assert str(caught.value) == "bad_arguments: no login came on stdin"


def test_the_hash_is_the_one_that_mosquitto_passwd_makes(tmp_path: Path) -> None:
    """Their file with our salt and number of rounds: compared with their own program."""
    executable = shutil.which("mosquitto_passwd")
    if executable is None:
        pytest.skip("mosquitto_passwd is not installed")
    file = tmp_path / "theirs"
    subprocess.run([executable, "-c", "-b", file, "harit", "kqn4wzr8"], check=True)
    _, kind, rounds, salt, _ = file.read_text(encoding="ascii").strip().split("$")
    if kind != "7":
        pytest.skip("older than mosquitto 2.0")
    import base64

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_ITERATIONS", int(rounds))
        ours = password_line(Login("harit", "kqn4wzr8"), base64.b64decode(salt))
    assert ours == file.read_text(encoding="ascii")


def test_a_line_of_the_file_does_not_hold_the_password() -> None:
    line = password_line(Login("harit", "kqn4wzr8"))
    assert line.startswith("harit:$7$5000$")
    assert line.endswith("\n")
    assert line.count("\n") == 1
    assert "kqn4wzr8" not in line
    assert line != password_line(Login("harit", "kqn4wzr8"))


def test_a_long_login_makes_a_well_formed_packet() -> None:
    packet = connect_packet(Login("u" * 60, "p" * 200))
    assert packet[0] == 0x10
    assert packet[1] & 0x7F | (packet[2] << 7) == len(packet) - 3
    assert connect_packet(None) == bytes.fromhex("100c00044d5154540402000a0000")
