"""The store's checks, on sound, locked, damaged and foreign files, and on a real server."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from harit_desktop.domain.clock import US_PER_S
from harit_desktop.domain.errors import KnownError
from harit_desktop.storage.diagnosis import StoreDiagnosis
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.storage.mysql import connection
from harit_desktop.storage.mysql.address import ServerAddress
from harit_desktop.storage.mysql.diagnosis import ServerDiagnosis
from harit_desktop.storage.mysql.forwarder import Forwarder
from tests.faults.peers import ScriptedServer, silent
from tests.mariadb_server import DATABASE, PASSWORD, USER, MariaDbServer
from tests.servers import free_port, wait_until
from tests.storage.builders import START_US, make_items
from tests.storage.mysql.forwarding import make_old_database


def code_of(step: Callable[[], object]) -> str:
    with pytest.raises(KnownError) as raised:
        step()
    return raised.value.code


@pytest.fixture
def look(db_path: Path) -> StoreDiagnosis:
    return StoreDiagnosis(db_path, lambda: START_US + 100 * US_PER_S)


def test_a_folder_that_is_not_there_yet_is_not_made(look: StoreDiagnosis, db_path: Path) -> None:
    facts = look.look_at_folder()
    assert facts["new"] == 1
    assert not db_path.parent.exists()
    assert code_of(look.look_at_database) == "doctor.no_database"
    assert code_of(look.look_at_writing) == "doctor.no_database"


def test_a_sound_store_beside_the_running_program(
    look: StoreDiagnosis, journal: SqliteJournal
) -> None:
    journal.commit(make_items(0, 20))
    assert look.look_at_folder()["new"] == 0
    facts = look.look_at_database()
    assert (facts["readings"], facts["whole"], facts["age_s"]) == (20, 1, 81)
    assert facts["version"] == facts["supported"]
    look.look_at_writing()
    journal.commit(make_items(20, 5))
    assert look.look_at_database()["readings"] == 25


def test_nothing_of_the_store_is_changed(look: StoreDiagnosis, db_path: Path) -> None:
    opened = SqliteJournal(db_path, lambda: START_US)
    opened.open()
    opened.commit(make_items(0, 3))
    opened.close()
    before = db_path.read_bytes()
    look.look_at_folder()
    look.look_at_database()
    look.look_at_writing()
    assert db_path.read_bytes() == before
    names = {path.name for path in db_path.parent.iterdir()}
    assert names <= {"harit.db", "harit.db-wal", "harit.db-shm"}


def test_a_lock_of_another_program_is_named(
    look: StoreDiagnosis, journal: SqliteJournal, db_path: Path
) -> None:
    with closing(sqlite3.connect(db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert code_of(look.look_at_writing) == "store.locked"
        assert look.look_at_database()["readings"] == 0
        other.execute("ROLLBACK")
    look.look_at_writing()


def test_a_damaged_file_is_named_and_left_alone(
    look: StoreDiagnosis, journal: SqliteJournal, db_path: Path
) -> None:
    journal.commit(make_items(0, 2000))
    journal.close()
    content = bytearray(db_path.read_bytes())
    content[4096 * 8 : 4096 * 30] = b"\xa5" * (4096 * 22)
    db_path.write_bytes(content)
    assert code_of(look.look_at_database) == "doctor.damaged"
    assert db_path.read_bytes() == bytes(content)
    db_path.write_bytes(b"no database" * 500)
    assert code_of(look.look_at_database) == "doctor.damaged"


def test_files_of_others_are_named(look: StoreDiagnosis, db_path: Path) -> None:
    db_path.parent.mkdir()
    with closing(sqlite3.connect(db_path)) as other:
        other.execute("CREATE TABLE theirs (id)")
    assert code_of(look.look_at_database) == "store.foreign"
    db_path.unlink()
    journal = SqliteJournal(db_path, lambda: START_US)
    journal.open()
    journal.close()
    with closing(sqlite3.connect(db_path)) as later:
        later.execute("PRAGMA user_version = 999")
    assert code_of(look.look_at_database) == "store.newer_version"


def test_a_folder_that_cannot_be_written_is_named(read_only: tuple[Path, Path]) -> None:
    _, refusing = read_only
    look = StoreDiagnosis(refusing / "harit.db", lambda: START_US)
    assert code_of(look.look_at_folder) == "data_dir.unusable"


def test_little_room_is_named(small_disk: Path) -> None:
    look = StoreDiagnosis(small_disk / "harit.db", lambda: START_US)
    assert code_of(look.look_at_folder) == "doctor.little_room"


# The server.


@pytest.fixture(scope="module")
def shared_server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture
def server(shared_server: MariaDbServer) -> MariaDbServer:
    shared_server.drop_database()
    return shared_server


@pytest.fixture
def diagnose() -> Iterator[Callable[..., ServerDiagnosis]]:
    made: list[ServerDiagnosis] = []

    def make(address: ServerAddress, password: str | None = PASSWORD) -> ServerDiagnosis:
        made.append(ServerDiagnosis(address, lambda: password))
        return made[-1]

    yield make
    for diagnosis in made:
        diagnosis.close()


Diagnose = Callable[..., ServerDiagnosis]


def tables_by_forwarder(server: MariaDbServer, journal: SqliteJournal, db_path: Path) -> None:
    forwarder = Forwarder(db_path, server.address, lambda: START_US, approved=True)
    forwarder.start()
    journal.commit(make_items(0, 1))
    forwarder.wake(1)
    wait_until(lambda: forwarder.status().forwarded == 1)
    assert forwarder.stop(5.0)


def test_a_server_that_is_well(
    server: MariaDbServer, diagnose: Diagnose, journal: SqliteJournal, db_path: Path
) -> None:
    tables_by_forwarder(server, journal, db_path)
    look = diagnose(server.address)
    assert look.find_name()["addresses"] == "127.0.0.1"
    assert look.reach_port()["port"] == server.port
    assert str(look.log_in()["version"]).startswith("MariaDB")
    assert look.look_at_database() == {"database": DATABASE, "ready": 1}
    assert look.look_at_rights()["rights"] == "SELECT, INSERT, UPDATE, DELETE"
    assert server.scalar("SELECT count(*) FROM sensor_readings") == 1


def test_an_empty_database_is_well_and_stays_empty(
    server: MariaDbServer, diagnose: Diagnose
) -> None:
    look = diagnose(server.address)
    look.log_in()
    assert look.look_at_database()["ready"] == 0
    look.look_at_rights()
    assert server.query("SHOW TABLES") == []


def test_a_database_of_the_earlier_system_needs_a_yes(
    server: MariaDbServer, diagnose: Diagnose
) -> None:
    make_old_database(server, 3)
    look = diagnose(server.address)
    look.log_in()
    assert code_of(look.look_at_database) == "server.adoption_needed"


def test_each_wrong_thing_shows_at_its_step(server: MariaDbServer, diagnose: Diagnose) -> None:
    wrong = diagnose(server.address, "not it")
    wrong.reach_port()
    assert code_of(wrong.log_in) == "server.auth"
    nowhere = diagnose(dataclasses.replace(server.address, database="absent"))
    nowhere.log_in()
    assert code_of(nowhere.look_at_database) == "server.permission"
    nobody = diagnose(dataclasses.replace(server.address, user=""))
    assert code_of(nobody.log_in) == "server.no_credentials"
    plain = diagnose(dataclasses.replace(server.address, tls=True))
    assert code_of(plain.secure) == "server.tls"
    away = diagnose(dataclasses.replace(server.address, port=free_port()))
    assert code_of(away.reach_port) == "server.unreachable"
    unnamed = diagnose(dataclasses.replace(server.address, host="nobody.invalid"))
    assert code_of(unnamed.find_name) == "server.dns"


def test_tls_with_a_peer_that_is_silent_is_not_proven(
    diagnose: Diagnose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HANDSHAKE_TIMEOUT_S", 0.5)
    with ScriptedServer(silent) as peer:
        address = ServerAddress("127.0.0.1", peer.port, DATABASE, USER, None, tls=True)
        look = diagnose(address)
        look.reach_port()
        assert code_of(look.secure) == "server.silent"


def test_a_missing_right_is_named(
    server: MariaDbServer, diagnose: Diagnose, journal: SqliteJournal, db_path: Path
) -> None:
    tables_by_forwarder(server, journal, db_path)
    server.query("CREATE OR REPLACE USER 'reader'@'%' IDENTIFIED BY 'reads'")
    server.query(f"GRANT SELECT ON {DATABASE}.* TO 'reader'@'%'")
    look = diagnose(dataclasses.replace(server.address, user="reader"), "reads")
    look.log_in()
    look.look_at_database()
    assert code_of(look.look_at_rights) == "server.permission"


def test_tls_with_a_server_that_has_it(diagnose: Diagnose) -> None:
    with MariaDbServer(tls=True) as server:
        look = diagnose(server.address)
        look.secure()
        assert look.log_in()["user"] == USER
        untrusted = diagnose(dataclasses.replace(server.address, ca_file=""))
        assert code_of(untrusted.secure) == "server.tls"
