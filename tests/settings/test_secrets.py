"""What opens one broker is never sent to another, and nothing is written in the open."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import keyring.backends.fail
import pytest

from harit_desktop.domain.errors import KnownError
from harit_desktop.settings.secrets import SecretStore
from tests.settings.memory_keyring import MemoryKeyring, memory_keyring

KEY = "broker.password"


class Present:
    """Which profile is in use."""

    slug = ""


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    with memory_keyring() as made:
        yield made


def store(present: Present, **environment: str) -> SecretStore:
    return SecretStore("scope", lambda _: None, environment, lambda: present.slug)


def test_each_profile_has_a_password_of_its_own(ring: MemoryKeyring) -> None:
    present = Present()
    secrets = store(present)
    assert secrets.set(KEY, "of none")
    present.slug = "farm"
    assert secrets.get(KEY) is None
    assert secrets.set(KEY, "of the farm")
    assert secrets.set("api.token", "for all")
    present.slug = "other"
    assert secrets.get(KEY) is None
    assert secrets.get("api.token") == "for all"
    assert secrets.get(KEY, "farm") == "of the farm"
    present.slug = ""
    assert secrets.get(KEY) == "of none"
    assert set(ring.kept) == {
        *("scope/broker.password", "scope/profiles/farm/broker.password", "scope/api.token"),
    }


def test_the_next_start_finds_them(ring: MemoryKeyring) -> None:
    present = Present()
    present.slug = "farm"
    store(present).set(KEY, "pw")
    assert store(present).get(KEY) == "pw"


def test_the_environments_password_is_for_the_broker_of_the_start(ring: MemoryKeyring) -> None:
    present = Present()
    present.slug = "farm"
    secrets = store(present, HARIT_BROKER__PASSWORD="for the farm")
    assert secrets.get(KEY) == "for the farm"
    present.slug = "public"
    assert secrets.get(KEY) is None


def test_forgetting_a_profile_leaves_none_of_its_secrets(ring: MemoryKeyring) -> None:
    secrets = store(Present())
    secrets.set(KEY, "pw", "farm")
    secrets.set("broker.key_passphrase", "phrase", "farm")
    secrets.copy("farm", "copy")
    secrets.forget("farm")
    assert not secrets.get(KEY, "farm")
    assert set(ring.kept) == {
        "scope/profiles/copy/broker.password",
        "scope/profiles/copy/broker.key_passphrase",
    }


def test_an_empty_password_is_a_forgotten_one(ring: MemoryKeyring) -> None:
    secrets = store(Present())
    assert secrets.set(KEY, "pw")
    assert secrets.set(KEY, "")
    assert not secrets.get(KEY)
    assert ring.kept == {}


def test_without_a_keyring_it_is_known_until_the_end() -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    try:
        secrets = store(Present())
        assert not secrets.set(KEY, "pw")
        assert secrets.get(KEY) == "pw"
        assert store(Present()).get(KEY) is None
    finally:
        keyring.set_keyring(before)


def test_a_locked_keyring_is_said_and_loses_nothing(ring: MemoryKeyring) -> None:
    ring.locked = True
    secrets = store(Present())
    with pytest.raises(KnownError, match=r"secrets\.keyring"):
        secrets.get(KEY)
    assert not secrets.set(KEY, "pw")
    assert secrets.get(KEY) == "pw"
