"""Switching between real brokers: nothing typed is lost, no password goes astray."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.app import ProductParts, build_engine
from harit_desktop.cli.arguments import parse
from harit_desktop.cli.setup import open_settings
from harit_desktop.domain.errors import KnownError
from harit_desktop.domain.status import LinkState
from harit_desktop.observability.redact import Redactor
from harit_desktop.runtime.broker_profiles import BrokerProfiles
from harit_desktop.runtime.commands import ApplySettings, StartPublisher
from harit_desktop.runtime.engine import Engine
from harit_desktop.runtime.link_parts import BrokerAddress
from harit_desktop.settings.paths import DataPaths
from harit_desktop.settings.presets import PRESETS
from harit_desktop.settings.secrets import SecretStore
from harit_desktop.settings.store import SettingsStore, build_settings
from tests.faults.certificates import Authority
from tests.servers import MosquittoServer, wait_until
from tests.settings.memory_keyring import MemoryKeyring, memory_keyring

PASSWORD = "pw-of-the-farm-3141"
PHRASE = "phrase-of-the-key-2718"


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    with memory_keyring() as made:
        yield made


MakeEngine = Callable[..., Engine]


@pytest.fixture
def make_engine(tmp_path: Path, ring: MemoryKeyring) -> Iterator[MakeEngine]:
    engines: list[Engine] = []

    def make(start: bool = True, **saved: Any) -> Engine:
        paths = DataPaths(tmp_path / "data")
        store = SettingsStore(paths.settings, {}, {})
        if saved:
            store.save({key.replace("__", "."): value for key, value in saved.items()})
        engine = build_engine(paths, store, Redactor())
        engines.append(engine)
        if start:
            engine.start()
        return engine

    yield make
    for engine in engines:
        assert engine.stop(5)


def connected_to(engine: Engine, port: int) -> None:
    def there() -> bool:
        link = engine.snapshot().link
        return link.state is LinkState.CONNECTED and link.port == port

    wait_until(there, 15, f"a connection to {port}")


def switch(engine: Engine, slug: str) -> tuple[str, ...]:
    found = engine.broker_profiles.switch(slug)
    if not found.wants:
        engine.submit(ApplySettings(found.changes))
    return found.wants


def make_profile(engine: Engine, name: str, port: int, **values: Any) -> str:
    values = {f"broker.{key}": value for key, value in values.items()}
    made = engine.broker_profiles.create(
        name, {"broker.host": "127.0.0.1", "broker.port": port, **values}
    )
    return made.slug


def test_a_switch_connects_to_the_other_broker_and_back(make_engine: MakeEngine) -> None:
    with MosquittoServer() as first, MosquittoServer() as second:
        engine = make_engine(broker__port=first.port, broker__host="127.0.0.1")
        connected_to(engine, first.port)
        slug = make_profile(engine, "Second", second.port, topics=("other/#",))
        assert switch(engine, slug) == ()
        connected_to(engine, second.port)
        assert engine.settings.broker.profile == slug
        assert engine.settings.broker.topics == ("other/#",)
        # What was set before belonged to no profile; it has one now.
        found = engine.broker_profiles.load()
        assert [profile.name for profile in found.profiles] == ["127.0.0.1", "Second"]
        assert found.present == slug
        switch(engine, found.profiles[0].slug)
        connected_to(engine, first.port)
        assert engine.settings.broker.topics == ("harit-samarth/sensor/data",)
        assert len(engine.broker_profiles.load().profiles) == 2


def test_changed_settings_are_those_of_the_profile_in_use(make_engine: MakeEngine) -> None:
    with MosquittoServer() as broker:
        engine = make_engine()
        one, two = (make_profile(engine, name, broker.port) for name in ("One", "Two"))
        switch(engine, one)
        connected_to(engine, broker.port)
        engine.submit(ApplySettings({"broker.topics": ("new/#",)}))
        wait_until(lambda: engine.settings.broker.topics == ("new/#",))
        switch(engine, two)
        wait_until(lambda: engine.settings.broker.profile == two)
        assert engine.settings.broker.topics == ("harit-samarth/sensor/data",)
        switch(engine, one)
        wait_until(lambda: engine.settings.broker.profile == one)
        assert engine.settings.broker.topics == ("new/#",)


def test_simulated_sensors_do_not_follow_to_another_broker(make_engine: MakeEngine) -> None:
    with MosquittoServer() as first, MosquittoServer() as second:
        engine = make_engine(broker__port=first.port, broker__host="127.0.0.1")
        connected_to(engine, first.port)
        engine.submit(StartPublisher())
        wait_until(lambda: engine.settings.publisher.enabled)
        switch(engine, make_profile(engine, "Second", second.port))
        connected_to(engine, second.port)
        wait_until(lambda: not engine.settings.publisher.enabled)
        assert second.retained("harit-samarth/status") is None


def password_file(server: MosquittoServer, user: str, password: str) -> None:
    file = server.folder / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(file), user, password],
        check=True,
        capture_output=True,
        timeout=10,
    )
    server.use([f"password_file {file}"])


def test_a_password_is_asked_for_kept_and_never_sent_elsewhere(
    make_engine: MakeEngine, ring: MemoryKeyring, tmp_path: Path
) -> None:
    server = MosquittoServer(anonymous=False)
    password_file(server, "farmer", PASSWORD)
    with server, MosquittoServer() as other:
        engine = make_engine()
        farm = make_profile(engine, "Farm", server.port, username="farmer")
        elsewhere = make_profile(engine, "Elsewhere", other.port, username="farmer")
        assert switch(engine, farm) == ("broker.password",)
        changes = engine.broker_profiles.switch(farm).changes
        engine.submit(ApplySettings(changes, {"broker.password": PASSWORD}))
        connected_to(engine, server.port)
        assert [key for key in ring.kept if "farm" in key and ring.kept[key] == PASSWORD]
        # The other broker has the same user name, and yet no password.
        assert switch(engine, elsewhere) == ("broker.password",)
        engine.submit(ApplySettings(engine.broker_profiles.switch(elsewhere).changes))
        connected_to(engine, other.port)
        assert not engine._bench.secrets.get("broker.password")
        assert switch(engine, farm) == ()
        connected_to(engine, server.port)
        assert engine.stop(5)
        again = make_engine()
        connected_to(again, server.port)
        assert again.broker_profiles.missing() == ()
    assert_nowhere(tmp_path, PASSWORD)


def assert_nowhere(folder: Path, *secrets: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".key":
            content = path.read_bytes()
            assert not [one for one in secrets if one.encode() in content], path


def test_a_key_with_a_pass_phrase_opens_a_broker_that_wants_a_certificate(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    stick = tmp_path / "usb"
    stick.mkdir()
    authority = Authority(stick)
    cert, key = authority.certificate("localhost")
    mine, my_key = authority.certificate("probe", passphrase=PHRASE.encode())
    lines = [f"cafile {authority.file}", f"certfile {cert}", f"keyfile {key}"]
    with MosquittoServer([*lines, "require_certificate true"]) as server:
        engine = make_engine()
        values = {"ca_file": authority.file, "cert_file": mine, "key_file": my_key}
        files = {name: str(path) for name, path in values.items()}
        slug = make_profile(engine, "TLS", server.port, tls=True, **files)
        for file in (mine, my_key):
            file.unlink()
        assert switch(engine, slug) == ("broker.key_passphrase",)
        changes = engine.broker_profiles.switch(slug).changes
        engine.submit(ApplySettings(changes, {"broker.key_passphrase": "wrong"}))
        wait_until(lambda: engine.snapshot().link.state is LinkState.REFUSED, 15)
        problem = engine.snapshot().link.problem
        assert problem is not None
        assert problem.params["cause"] == "passphrase"
        engine.submit(ApplySettings({}, {"broker.key_passphrase": PHRASE}))
        connected_to(engine, server.port)
        assert engine.snapshot().link.tls
        assert switch(engine, slug) == ()
        assert PHRASE not in repr(engine.snapshot())
        assert engine.stop(5)
    assert_nowhere(tmp_path / "data", PHRASE)


def test_a_file_chosen_in_the_settings_is_copied_into_the_profile_in_use(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    engine = make_engine()
    slug = make_profile(engine, "Farm", 1)
    switch(engine, slug)
    wait_until(lambda: engine.settings.broker.profile == slug)
    engine.submit(ApplySettings({"broker.ca_file": str(authority.file)}))
    copied = engine.paths.broker_profiles / slug / "ca.pem"
    wait_until(lambda: engine.settings.broker.ca_file == str(copied))
    authority.file.unlink()
    assert copied.exists()
    engine.submit(ApplySettings({"broker.ca_file": str(tmp_path / "gone.pem"), "ui.text_size": 90}))
    wait_until(lambda: "broker_profile.bad_file" in [p.code for p in engine.snapshot().problems])
    assert engine.settings.ui.text_size == 100


def test_a_changed_address_takes_no_password_with_it(
    make_engine: MakeEngine, ring: MemoryKeyring
) -> None:
    engine = make_engine(start=False)
    slug = make_profile(engine, "Farm", 1883, username="farmer")
    engine.broker_profiles._secrets.set("broker.password", PASSWORD, slug)
    engine.broker_profiles.update(slug, {"broker.keepalive_s": 60})
    assert PASSWORD in ring.kept.values()
    made = engine.broker_profiles.save_as("Copy", {"broker.host": "thief.example"}, slug)
    assert not engine.broker_profiles._secrets.get("broker.password", made.slug)
    engine.broker_profiles.update(slug, {"broker.host": "thief.example"})
    assert PASSWORD not in ring.kept.values()


def test_the_profile_in_use_is_not_deleted_and_another_goes_with_its_password(
    make_engine: MakeEngine, ring: MemoryKeyring
) -> None:
    engine = make_engine()
    one, two = (make_profile(engine, name, 1) for name in ("One", "Two"))
    engine.broker_profiles._secrets.set("broker.password", PASSWORD, two)
    switch(engine, one)
    wait_until(lambda: engine.settings.broker.profile == one)
    with pytest.raises(KnownError, match="in_use"):
        engine.broker_profiles.delete(one)
    engine.broker_profiles.delete(two)
    assert ring.kept == {}
    # Another one of the same name starts without it.
    assert make_profile(engine, "Two", 1) == two
    assert not engine.broker_profiles._secrets.get("broker.password", two)


def test_presets_and_imports_get_names_and_client_ids_of_their_own(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    engine = make_engine(start=False)
    profiles = engine.broker_profiles
    made = [profiles.add_preset(PRESETS[0], "This computer") for _ in range(2)]
    assert [profile.name for profile in made] == ["This computer", "This computer (2)"]
    file = tmp_path / "out.toml"
    profiles.export(made[0].slug, file)
    imported = profiles.add_import(profiles.read_import(file))
    assert imported.name == "This computer (3)"
    ids = {profile.values["broker.client_id"] for profile in (*made, imported)}
    assert len(ids) == 3
    assert "" not in ids


def opened(folder: Path, *arguments: str) -> SettingsStore:
    options = parse(["--data-dir", str(folder), *arguments])
    return open_settings(options, DataPaths(folder))


def test_a_profile_can_be_named_on_the_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    store = opened(folder)
    store.save({"broker.host": "usual", "publisher.enabled": True})
    profiles = BrokerProfiles(DataPaths(folder).broker_profiles, store, SecretStore("x", print, {}))
    profiles.create("North farm", {"broker.host": "north", "broker.port": 1884})
    profiles.add_preset(next(p for p in PRESETS if p.public), "Public")
    current = opened(folder, "--profile", "north FARM", "--set", "broker.port=99").current
    assert (current.broker.host, current.broker.port) == ("north", 99)
    assert (current.broker.profile, current.publisher.enabled) == ("north-farm", True)
    assert opened(folder, "doctor", "--profile", "north-farm").current.broker.host == "north"
    # Nobody agreed that simulated readings go where everyone reads them.
    assert not opened(folder, "--profile", "Public").current.publisher.enabled
    assert opened(folder).current.broker.host == "usual"
    with pytest.raises(KnownError) as error:
        opened(folder, "--profile", "nowhere")
    assert error.value.code == "broker_profile.not_found"


def test_a_profile_of_one_run_does_not_mix_with_the_saved_one(
    make_engine: MakeEngine, tmp_path: Path
) -> None:
    engine = make_engine(start=False)
    one = make_profile(engine, "One", 1111)
    make_profile(engine, "Two", 2222)
    engine._bench.settings_store.save(engine.broker_profiles.switch(one).changes)
    store = opened(engine.paths.root, "--profile", "Two")
    run = BrokerProfiles(engine.paths.broker_profiles, store, engine._bench.secrets)
    whole = run.complete({"broker.host": "changed"})
    assert whole["broker.profile"] == "two"
    assert whole["broker.port"] == 2222
    assert run.complete({"ui.theme": "dark"}) == {"ui.theme": "dark"}
    run.load()
    kept = engine.broker_profiles.load().named(one)
    assert kept is not None
    assert kept.values["broker.port"] == 1111


@pytest.mark.parametrize(("host", "sent"), [("127.0.0.1", True), ("Broker.HiveMQ.com", False)])
def test_analyses_are_not_sent_to_a_broker_that_everyone_reads(
    tmp_path: Path, host: str, sent: bool
) -> None:
    settings = build_settings({"broker.host": host, "analysis.publish": True})
    part = ProductParts(DataPaths(tmp_path)).analysis_publisher(
        settings, BrokerAddress(host, 1883, "5"), None
    )
    assert (part is not None) is sent
