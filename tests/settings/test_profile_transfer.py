"""A profile for another computer: what goes with it, what never does, and what is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.presets import PRESETS, is_public_test_broker
from harit_desktop.settings.profile_transfer import FORMAT, export_profile, read_import
from harit_desktop.settings.profiles import ProfileBook, complete_values
from tests.faults.certificates import Authority


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "farm.toml"


def test_another_computer_gets_all_but_what_is_secret_or_of_this_one(
    tmp_path: Path, file: Path
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.certificate("probe")
    # Many keep certificate and key in one file.
    cert.write_bytes(cert.read_bytes() + key.read_bytes())
    authority.file.write_bytes(authority.file.read_bytes() + key.read_bytes())
    book = ProfileBook(tmp_path / "here")
    made = book.create(
        "Farm",
        {
            "broker.host": "farm.example",
            "broker.port": 8883,
            "broker.tls": True,
            "broker.ca_file": str(authority.file),
            "broker.cert_file": str(cert),
            "broker.key_file": str(key),
            "broker.username": "technician",
            "broker.client_id": "harit-of-here",
            "broker.topics": ("a/#", "b"),
        },
    )
    export_profile(made, file)
    text = file.read_text()
    assert "PRIVATE KEY" not in text
    assert "harit-of-here" not in text
    assert str(tmp_path) not in text
    imported = read_import(file)
    assert imported.name == "Farm"
    assert imported.values["broker.username"] == "technician"
    assert imported.values["broker.topics"] == ("a/#", "b")
    assert (imported.cautions, imported.needs_consent) == (("own_ca", "client_key"), False)
    other = ProfileBook(tmp_path / "there").create("Farm", imported.values, imported.authority)
    ca = Path(other.values["broker.ca_file"]).read_text()
    assert ca.count("BEGIN CERTIFICATE") == 1
    assert "PRIVATE KEY" not in ca
    assert other.values["broker.cert_file"] == other.values["broker.key_file"] == ""


def content(broker: str = "", rest: str = "") -> str:
    return f'format = "{FORMAT}"\nname = "X"\n{rest}\n[broker]\nhost = "far.example"\n{broker}\n'


@pytest.mark.parametrize(
    "text",
    [
        content(rest='command = "rm"'),
        content('password = "p"'),
        content('key_file = "/home/me/.ssh/id_rsa"'),
        content('ca_file = "ca.pem"'),
        content('client_id = "thief"'),
        content('mode = "builtin"'),
        content("port = 0"),
        content("tls = 1"),
        content('ws_path = "/a\\r\\nb"'),
        content(rest='authority = "-----BEGIN CERTIFICATE-----\\nAA\\n-----END CERTIFICATE-----"'),
        content(rest="authority = 5"),
        content(rest='[storage]\nmysql_host = "x"'),
        'name = "X"\n[broker]\nhost = "h"\n',
        content().replace('"X"', '"\\u202eX"'),
        "a" * 600_000,
        "[" * 5000,
        content(f"port = {'9' * 5000}"),
        content(f"port = 0x{'f' * 5000}"),
    ],
)
def test_a_hostile_or_broken_file_is_refused_whole(file: Path, text: str) -> None:
    file.write_text(text)
    with pytest.raises(KnownError) as error:
        read_import(file)
    assert error.value.code == "broker_profile.unreadable"


@pytest.mark.parametrize(
    ("broker", "cautions", "asks"),
    [
        ("tls = true", (), False),
        ("", ("no_tls",), True),
        ("tls = false", ("no_tls",), True),
        ("tls = true\nverify_hostname = false", ("no_hostname_check",), True),
        ('tls = true\ntopics = ["#"]', ("all_topics",), False),
    ],
)
def test_less_safety_is_said_and_asked_for(
    file: Path, broker: str, cautions: tuple[str, ...], asks: bool
) -> None:
    file.write_text(content(broker))
    imported = read_import(file)
    assert (imported.cautions, imported.needs_consent) == (cautions, asks)


def test_this_computer_needs_no_tls(file: Path) -> None:
    file.write_text(content().replace("far.example", "127.0.0.1"))
    assert read_import(file).cautions == ()


def test_a_public_broker_is_said_to_be_one(file: Path) -> None:
    file.write_text(content("tls = true").replace("far.example", "Broker.EMQX.io."))
    assert read_import(file).cautions == ("public",)


def test_presets_are_possible_settings_with_the_published_ports() -> None:
    ports: dict[str, list[tuple[int, str, bool]]] = {}
    for preset in PRESETS:
        values = complete_values(preset.values)
        ports.setdefault(preset.host, []).append(
            (values["broker.port"], values["broker.transport"], values["broker.tls"])
        )
        assert values["broker.ws_path"] == "/mqtt"
        assert preset.public is (preset.key != "local")
    plain, tls = (1883, "tcp", False), (8883, "tcp", True)
    assert set(ports["broker.hivemq.com"]) == {
        *(plain, tls, (8000, "websockets", False), (8884, "websockets", True)),
    }
    assert set(ports["broker.emqx.io"]) == {
        *(plain, tls, (8083, "websockets", False), (8084, "websockets", True)),
    }
    assert ports["127.0.0.1"] == [plain]
    assert not is_public_test_broker("farm-hub")
