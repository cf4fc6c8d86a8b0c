"""Broker profiles as files: complete, private, checked, and theirs alone."""

from __future__ import annotations

import os
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.profiles import (
    MAX_PROFILES,
    PROFILE_KEYS,
    ProfileBook,
    check_name,
    complete_values,
    profile_values,
)
from harit_desktop.settings.store import build_settings
from tests.faults.certificates import Authority

FARM = {
    "broker.host": "farm-hub.lan",
    "broker.port": 9001,
    "broker.transport": "websockets",
    "broker.ws_path": "/ws",
    "broker.protocol": "3.1.1",
    "broker.topics": ("a/+/b", "c/#"),
    "broker.timezone": "Asia/Kolkata",
    "broker.client_id": "harit-1",
    "broker.username": "technician",
}


@pytest.fixture
def book(tmp_path: Path) -> ProfileBook:
    return ProfileBook(tmp_path / "broker_profiles")


def code_of(error: pytest.ExceptionInfo[KnownError]) -> str:
    return error.value.code


def test_a_profile_keeps_every_setting_of_a_broker(book: ProfileBook) -> None:
    made = book.create("Krishi farm broker", FARM)
    back = book.get(made.slug)
    assert (back.slug, back.name) == ("krishi-farm-broker", "Krishi farm broker")
    assert dict(back.values) == {**profile_values(build_settings({})), **FARM}
    assert set(back.values) == set(PROFILE_KEYS)
    settings = build_settings(back.changes)
    assert settings.broker.topics == ("a/+/b", "c/#")
    assert settings.broker.profile == made.slug
    assert settings.broker.mode == "external"


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
def test_only_the_owner_reads_a_profile_and_its_files(book: ProfileBook, tmp_path: Path) -> None:
    os.umask(0o022)
    authority = Authority(tmp_path)
    cert, key = authority.certificate("probe")
    made = book.create("Farm", {**FARM, **files_of(authority, cert, key)})
    for path in (book.folder, book.folder / made.slug):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in [*book.folder.glob("*.toml"), *(book.folder / made.slug).iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def files_of(authority: Authority, cert: Path, key: Path) -> dict[str, Any]:
    return {
        "broker.tls": True,
        "broker.ca_file": str(authority.file),
        "broker.cert_file": str(cert),
        "broker.key_file": str(key),
    }


def test_certificates_stay_when_the_stick_they_came_from_goes(
    book: ProfileBook, tmp_path: Path
) -> None:
    stick = tmp_path / "usb"
    stick.mkdir()
    authority = Authority(stick)
    cert, key = authority.certificate("probe")
    contents = {cert.read_bytes(), key.read_bytes(), authority.file.read_bytes()}
    made = book.create("Farm", {**FARM, **files_of(authority, cert, key)})
    for file in stick.iterdir():
        file.unlink()
    values = book.get(made.slug).values
    kept = [Path(values[f"broker.{name}_file"]) for name in ("ca", "cert", "key")]
    assert {path.read_bytes() for path in kept} == contents
    assert all(path.parent == book.folder / made.slug for path in kept)
    assert str(tmp_path) not in (book.folder / f"{made.slug}.toml").read_text()


def test_a_file_that_is_no_longer_used_leaves_the_folder(book: ProfileBook, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.certificate("probe")
    made = book.create("Farm", {**FARM, **files_of(authority, cert, key)})
    without = {**made.values, "broker.cert_file": "", "broker.key_file": ""}
    book.update(made.slug, without)
    assert sorted(p.name for p in (book.folder / made.slug).iterdir()) == ["ca.pem"]


@pytest.mark.parametrize(
    ("key", "content"),
    [
        ("broker.ca_file", b"no certificate"),
        ("broker.ca_file", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("broker.cert_file", b"\x00" * 300_000),
        ("broker.key_file", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ],
)
def test_what_is_no_certificate_is_refused(
    book: ProfileBook, tmp_path: Path, key: str, content: bytes
) -> None:
    file = tmp_path / "file.pem"
    file.write_bytes(content)
    with pytest.raises(KnownError) as error:
        book.create("Farm", {**FARM, key: str(file)})
    assert code_of(error) == "broker_profile.bad_file"
    assert error.value.params["setting"] == key
    assert book.load()[0] == []


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in folders there")
def test_a_pipe_is_no_certificate(book: ProfileBook, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.pem"
    os.mkfifo(pipe)
    with pytest.raises(KnownError, match="bad_file"):
        book.create("Farm", {**FARM, "broker.ca_file": str(pipe)})


@pytest.mark.parametrize(
    "text",
    [
        'name = "x"\ncommand = "rm"\n[broker]\nhost = "h"\n',
        'name = "x"\n[broker]\nhost = "h"\nexec = "rm"\n',
        'name = "x"\n[broker]\nhost = "h"\npassword = "p"\n',
        'name = "x"\n[broker]\nhost = "h"\nmode = "builtin"\n',
        'name = "x"\n[broker]\nhost = "h"\nprofile = "other"\n',
        'name = "x"\n[broker]\nhost = "user@h"\n',
        'name = "x"\n[broker]\nport = 70000\n',
        'name = "x"\n[broker]\nws_path = "/a\\r\\nX: y"\n',
        'name = "x"\n[broker]\ntopics = ["a\\nb"]\n',
        'name = "x"\n[broker]\nca_file = "../../secret.pem"\n',
        'name = "a\\u202eb"\n[broker]\nhost = "h"\n',
        'name = 5\n[broker]\nhost = "h"\n',
        '[broker]\nhost = "h"\n',
        "name = ",
        "\udcff",
    ],
)
def test_a_file_that_is_no_profile_is_named_and_left_alone(book: ProfileBook, text: str) -> None:
    book.create("Good", FARM)
    file = book.folder / "odd.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    profiles, problems = book.load()
    assert [profile.name for profile in profiles] == ["Good"]
    assert [(p.code, p.params["file"]) for p in problems] == [
        ("broker_profile.unreadable", "odd.toml")
    ]
    assert file.exists()


def test_the_id_stays_when_the_name_changes(book: ProfileBook) -> None:
    made = book.create("Farm", FARM)
    renamed = book.rename(made.slug, "  North farm ")
    assert (renamed.slug, renamed.name) == ("farm", "North farm")
    assert book.find("north FARM").slug == "farm"
    assert book.find("farm").name == "North farm"


def test_names_and_ids_never_collide(book: ProfileBook) -> None:
    book.create("Farm", FARM)
    with pytest.raises(KnownError) as error:
        book.create("FARM", FARM)
    assert code_of(error) == "broker_profile.name_taken"
    assert book.free_name("Farm") == "Farm (2)"
    assert book.create("Farm!", FARM).slug == "farm-2"
    assert book.create("खेत", FARM).slug == "profile"
    assert book.create("con", FARM).slug == "profile-con"
    assert book.create("../../etc/passwd", FARM).slug == "etc-passwd"


@pytest.mark.parametrize("name", ["", "   ", "a" * 61, "a\nb", "a\u200bb", "\u202e"])
def test_names_that_hide_something_are_refused(name: str) -> None:
    with pytest.raises(KnownError, match="bad_name"):
        check_name(name)


def test_a_copy_is_another_client_of_the_broker(book: ProfileBook) -> None:
    made = book.create("Farm", FARM)
    copy = book.duplicate(made.slug, "Farm 2")
    assert copy.values["broker.client_id"] not in ("", made.values["broker.client_id"])
    same = {k for k in PROFILE_KEYS if copy.values[k] == made.values[k]}
    assert same == set(PROFILE_KEYS) - {"broker.client_id"}


def test_a_deleted_profile_leaves_nothing(book: ProfileBook, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.certificate("probe")
    made = book.create("Farm", {**FARM, **files_of(authority, cert, key)})
    book.delete(made.slug)
    assert list(book.folder.iterdir()) == []
    with pytest.raises(KnownError, match="not_found"):
        book.get(made.slug)


@pytest.mark.parametrize("slug", ["../settings", "", "A", "a/b", "a" * 60])
def test_an_id_is_no_path(book: ProfileBook, slug: str) -> None:
    with pytest.raises(KnownError, match="not_found"):
        book.delete(slug)


def test_a_write_that_fails_changes_nothing(
    book: ProfileBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = book.create("Farm", FARM)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(KnownError, match="not_saved"):
        book.rename(made.slug, "Other")
    monkeypatch.undo()
    assert book.get(made.slug).name == "Farm"
    assert sorted(p.name for p in book.folder.iterdir()) == ["farm.toml"]


def test_values_are_those_of_the_settings_and_no_others() -> None:
    for key in ("broker.password", "ui.theme", "broker.mode", "broker.nothing"):
        with pytest.raises(KnownError, match="unknown_key"):
            complete_values({key: "x"})


def test_no_profile_file_can_hold_a_password(book: ProfileBook) -> None:
    book.create("Farm", FARM)
    tree = tomllib.loads((book.folder / "farm.toml").read_text())
    assert set(tree) == {"name", "broker"}
    assert not {"password", "key_passphrase"} & set(tree["broker"])


def test_a_file_that_python_cannot_read_costs_only_itself(book: ProfileBook) -> None:
    book.create("Farm", FARM)
    (book.folder / "evil.toml").write_text("n = " + "9" * 5000)
    profiles, problems = book.load()
    assert [profile.name for profile in profiles] == ["Farm"]
    assert [(p.code, p.params["file"]) for p in problems] == [
        ("broker_profile.unreadable", "evil.toml")
    ]


def test_more_files_than_are_read_are_told(book: ProfileBook) -> None:
    book.folder.mkdir(parents=True)
    for number in range(MAX_PROFILES + 2):
        (book.folder / f"p{number:03}.toml").write_text(f'name = "P {number}"\n')
    profiles, problems = book.load()
    assert len(profiles) == MAX_PROFILES
    (problem,) = problems
    assert problem.code == "broker_profile.unreadable"
    assert problem.params["file"] == f"p{MAX_PROFILES}.toml"
