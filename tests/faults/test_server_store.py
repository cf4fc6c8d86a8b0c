"""A real MariaDB as the store, and everything that may happen to it: F19-F23, F42, many
programs with one server."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.end_to_end.programs import Window, wait_for
from tests.faults.fake_mysql import (
    asks_for_a_file,
    asks_for_the_password,
    sends_without_end,
    shouts,
)
from tests.faults.history import check_history, wait_for_more
from tests.faults.peers import ScriptedServer, Talk
from tests.faults.program import STOP_S, Program, at
from tests.faults.sensors import Plan, Sensors, send
from tests.faults.server_store import MariaDbStore, server_options, server_program
from tests.faults.test_kills import SEED
from tests.faults.test_window_load import SEEN_S, STALL_S, StallProbe
from tests.mariadb_server import DATABASE, PASSWORD, USER, MariaDbServer
from tests.servers import MosquittoServer
from tests.tcp_proxy import TcpProxy

pytestmark = [pytest.mark.e2e, pytest.mark.broker]

READ_TIMEOUT_S = 15.0
BACK_S = 40.0
"""After this long away the next attempt may be up to 30 s off."""


@pytest.fixture(scope="module")
def running_server() -> Iterator[MariaDbServer]:
    with MariaDbServer() as server:
        yield server


@pytest.fixture
def server(running_server: MariaDbServer) -> MariaDbServer:
    running_server.drop_database()
    return running_server


def check_both(
    program: Program,
    server: MariaDbServer,
    confirmed: set[int],
    *plans: Plan,
    late_s: float = 1.0,
) -> None:
    """The server holds each reading once, and so does the journal; nothing waits."""
    check_history(MariaDbStore(server), confirmed, *plans, timeout_s=BACK_S, late_s=late_s)
    check_history(program.store, confirmed, *plans, timeout_s=1, late_s=0)
    program.wait_for_report(lambda r: r["waiting"] == 0 and r["store"] == "ok", 10)


def ready(program: Program) -> None:
    program.wait_for_state("connected")
    program.wait_for_report(lambda r: r["store"] == "ok" and r["waiting"] == 0, 15)


@pytest.mark.slow
def test_a_frozen_server(broker: MosquittoServer, server: MariaDbServer, tmp_path: Path) -> None:
    """F19: noticed while the call still hangs, spooled meanwhile, and nothing lost or doubled;
    closed in time while it is frozen (F32)."""
    plan = Plan(1500, rate=250)
    with (
        server_program(tmp_path / "a", broker, server) as program,
        server_program(tmp_path / "b", broker, server) as closes,
    ):
        ready(program)
        ready(closes)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            wait_for_more(MariaDbStore(server), 100)
            server.freeze()
            try:
                program.wait_for_report(lambda r: r["store"] == "spooling", READ_TIMEOUT_S)
                program.wait_until_says("has not answered for", READ_TIMEOUT_S)
                assert program.report["waiting"] > 0
                closes.stop_in_time()
                confirmed = sensors.finish()
                wait_for(lambda: program.store.count() == plan.count, 10)
            finally:
                server.thaw()
        check_both(program, server, confirmed, plan)
        program.stop_in_time()


@pytest.mark.slow
def test_kills_of_server_and_program(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F20: the server dies under load, a clean restart comes in between, and the
    program dies as often (F01 with a server)."""
    print(f"seed {SEED}")
    moments = random.Random(SEED)
    plan = Plan(2600, rate=420, repeats=2)
    with server_program(tmp_path / "data", broker, server) as program:
        ready(program)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            for number in range(3):
                time.sleep(moments.uniform(0.5, 1.5))
                (server.restart if number == 1 else server.kill)()
                time.sleep(moments.uniform(0.0, 0.5))
                if number != 1:
                    server.start()
                program.kill()
                program.__exit__(None, None, None)
                program.__init__(  # type: ignore[misc]  # the same program, started again
                    program.data_dir,
                    *at(broker),
                    *server_options(server.host, server.port),
                    HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD,
                )
                time.sleep(moments.uniform(0.8, 1.5))
            confirmed = sensors.finish()
        check_both(program, server, confirmed, plan, late_s=5.0)
        program.stop_in_time()


@pytest.mark.slow
def test_a_server_that_is_killed_under_a_program_that_lives(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F20, F21: kill -9 of the server, then each connection killed again and again."""
    plan = Plan(2000, rate=220)
    with server_program(tmp_path / "data", broker, server) as program:
        ready(program)
        with Sensors(broker.port, tmp_path, plan) as sensors:
            wait_for_more(MariaDbStore(server), 50)
            server.kill()
            program.wait_for_report(lambda r: r["store"] == "spooling", SEEN_S)
            server.start()
            program.wait_for_report(lambda r: r["store"] == "ok", 15)
            ends = time.monotonic() + 4
            killed = 0
            while time.monotonic() < ends:
                killed += server.kill_connections()
                time.sleep(0.5)
            assert killed >= 2
            confirmed = sensors.finish()
        check_both(program, server, confirmed, plan)
        program.stop_in_time()


@pytest.mark.slow
def test_locks_read_only_and_no_connection_left(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F22: each trouble has its own words; nothing is lost."""
    plans = [Plan(60, first=1000 * number) for number in range(3)]
    with server_program(tmp_path / "data", broker, server) as program, ExitStack() as stack:
        ready(program)
        admin = stack.enter_context(server.connect_as_root())
        store = MariaDbStore(server)

        def spools(plan: Plan, words: str) -> None:
            send(broker.port, [plan.payload(n) for n in plan.numbers])
            program.wait_until_says(words, READ_TIMEOUT_S + SEEN_S)
            assert program.report["waiting"] >= plan.count

        with admin.cursor() as cursor:
            cursor.execute("LOCK TABLES sensor_readings WRITE")
            spools(plans[0], "readings wait on this computer")
            cursor.execute("UNLOCK TABLES")
            wait_for(lambda: store.count() == 60, BACK_S)
            try:
                cursor.execute("SET GLOBAL read_only = 1")
                spools(plans[1], "the database server is read-only")
            finally:
                cursor.execute("SET GLOBAL read_only = 0")
            wait_for(lambda: store.count() == 120, BACK_S)
            cursor.execute("SELECT @@max_connections")
            ((before,),) = cursor.fetchall()
            cursor.execute("SET GLOBAL max_connections = 10")
            others = take_all_connections(server, cursor)
            spools(plans[2], "takes no more connections")
            for other in others:
                other.close()
            cursor.execute(f"SET GLOBAL max_connections = {before}")
        confirmed = {number for plan in plans for number in plan.numbers}
        check_both(program, server, confirmed, *plans)
        program.stop_in_time()


def take_all_connections(server: MariaDbServer, cursor: Any) -> list[Any]:
    """Holds every connection that the server gives to users, also the program's own."""
    held: list[Any] = []
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        try:
            held.append(
                pymysql.connect(
                    host=server.host, port=server.port, user=USER, password=PASSWORD.encode(),
                    database=DATABASE, ssl_disabled=True,
                )
            )  # fmt: skip
        except pymysql.err.OperationalError as error:
            if error.args[0] != 1040:
                raise
            cursor.execute(f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'")
            theirs = {number for (number,) in cursor} - {each.thread_id() for each in held}
            if not theirs:
                return held
            cursor.execute(f"KILL {theirs.pop()}")
    raise AssertionError("the server always had another connection")


@pytest.mark.slow
def test_tables_and_columns_that_vanish(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F23: the table is dropped under the running program; later a column is missing."""
    first, second, third = Plan(200), Plan(200, first=1000), Plan(50, first=2000)
    with server_program(tmp_path / "data", broker, server) as program:
        ready(program)
        send(broker.port, [first.payload(n) for n in first.numbers])
        wait_for(lambda: MariaDbStore(server).count() == 200, 15)
        server.query("DROP TABLE sensor_readings")
        send(broker.port, [second.payload(n) for n in second.numbers])
        program.wait_until_says("was gone from the server and was made again", 15)
        check_both(program, server, {*first.numbers, *second.numbers}, first, second)
        server.query("ALTER TABLE sensor_readings DROP COLUMN profile")
        send(broker.port, [third.payload(n) for n in third.numbers])
        confirmed = {*first.numbers, *second.numbers, *third.numbers}
        check_history(MariaDbStore(server), confirmed, first, second, third, late_s=1)
        program.stop_in_time()


OLD_TABLE = """
CREATE TABLE sensor_readings (
    id INT AUTO_INCREMENT PRIMARY KEY, timestamp DATETIME DEFAULT CURRENT_TIMESTAMP,
    N FLOAT, P FLOAT, K FLOAT, CO2 FLOAT, temperature FLOAT, moisture FLOAT, pH FLOAT,
    health_index INT, health_status VARCHAR(20), is_anomalous BOOLEAN, anomaly_score FLOAT,
    critical_factors JSON, INDEX idx_timestamp (timestamp))
"""


def test_the_database_of_the_earlier_system_is_changed_with_consent_only(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F23: readings wait until somebody says yes; then all are there beside the old ones."""
    plan = Plan(50)
    server.query(OLD_TABLE)
    server.query("INSERT INTO sensor_readings (N, pH) VALUES (1.5, 7)")
    columns = server.query("SHOW COLUMNS FROM sensor_readings")
    options = [*at(broker), *server_options(server.host, server.port)]
    secret = {"HARIT_STORAGE__MYSQL_PASSWORD": PASSWORD}
    with Program(tmp_path / "data", *options, **secret) as program:
        program.wait_until_says("start with --yes to allow it", 20)
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        program.wait_for_report(lambda r: r["waiting"] == 50, 10)
        assert server.query("SHOW COLUMNS FROM sensor_readings") == columns
        program.stop_in_time()
    with Program(tmp_path / "data", *options, "--yes", **secret) as program:
        ours = "SELECT count(*) FROM sensor_readings WHERE source = 'mqtt'"
        program.wait_for_report(lambda r: r["waiting"] == 0 and r["store"] == "ok", 20)
        assert server.scalar(ours) == 50
        assert server.query("SELECT N, pH FROM sensor_readings WHERE id = 1") == [(1.5, 7.0)]
        program.stop_in_time()


@pytest.mark.slow
def test_the_way_to_the_server_is_bad(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path
) -> None:
    """F24 for the database: cuts inside packets, resets, and answers that never come."""
    moments = random.Random(SEED)
    plan = Plan(1500, rate=180)
    with TcpProxy(server.host, server.port) as proxy:
        options = [*at(broker), *server_options(proxy.host, proxy.port)]
        with Program(
            tmp_path / "data", *options, HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD
        ) as program:
            ready(program)
            with Sensors(broker.port, tmp_path, plan) as sensors:
                for number in range(5):
                    time.sleep(moments.uniform(0.3, 1.0))
                    proxy.cut_after(
                        moments.randrange(1, 20_000),
                        "server" if number % 2 else "client",
                        reset=moments.random() < 0.5,
                    )
                time.sleep(0.5)
                proxy.reset()
                proxy.delay_s = 0.2
                time.sleep(1)
                proxy.heal()
                confirmed = sensors.finish()
            assert proxy.connections >= 3
            check_both(program, server, confirmed, plan)
            program.stop_in_time()


@pytest.mark.slow
def test_hostile_servers(broker: MosquittoServer, tmp_path: Path) -> None:
    """F42: the password is never sent in clear, no file is given away, memory stays bounded,
    and readings go on into the journal."""
    plan = Plan(50)
    given = tmp_path / "given-away"
    given.write_text("secret file content 4711")
    heard: dict[str, list[bytes]] = {}

    def hears(name: str) -> list[bytes]:
        return heard.setdefault(name, [])

    talks: dict[str, tuple[Talk, str]] = {
        "clear": (
            asks_for_the_password(hears("clear"), b"mysql_clear_password"),
            "asked for the password in clear",
        ),
        "dialog": (asks_for_the_password(hears("dialog"), b"dialog"), "the database server"),
        "file": (asks_for_a_file(hears("file"), str(given).encode()), "the database server"),
        "endless": (sends_without_end(hears("endless")), "the database server"),
        "shouts": (shouts(hears("shouts")), "the database server"),
    }
    with ExitStack() as stack:
        programs: dict[str, Program] = {}
        for name, (talk, _) in talks.items():
            fake = stack.enter_context(ScriptedServer(talk, speaks_first=True))
            options = [*at(broker), *server_options("127.0.0.1", fake.port)]
            programs[name] = stack.enter_context(
                Program(tmp_path / name, *options, HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD)
            )
        for program in programs.values():
            program.wait_for_state("connected", 20)
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        for name, program in programs.items():
            program.wait_until_says(talks[name][1], READ_TIMEOUT_S + 10)
            check_history(program.store, set(plan.numbers), plan, late_s=0)
            assert program.rss_mb < (700 if name == "endless" else 250), name
            assert max(map(len, program.lines)) < 2000, name
            assert all(line.isprintable() for line in program.lines), name
            program.stop_in_time()
    everything = b"".join(piece for pieces in heard.values() for piece in pieces)
    assert PASSWORD.encode() not in everything
    assert b"4711" not in everything
    assert all(heard.values()), "a server was never asked"


@pytest.mark.slow
def test_the_window_lives_while_the_server_is_frozen(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path, display: str
) -> None:
    """F19 with the window: shown, no stall, closes in time."""
    plan = Plan(200)
    options = [*at(broker), *server_options(server.host, server.port)]
    with Window(
        tmp_path / "data", display, options, HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD
    ) as window:
        window.wait("conn.broker.state", state="live")
        window.wait("conn.database.state", state="live")
        send(broker.port, [plan.payload(n) for n in plan.numbers])
        wait_for(lambda: MariaDbStore(server).count() == plan.count, 15)
        probe = StallProbe(window)
        server.freeze()
        try:
            later = Plan(50, first=1000)
            send(broker.port, [later.payload(n) for n in later.numbers])
            probe.watch_until(
                lambda: window.state("conn.database.state").get("state") == "stale", SEEN_S
            )
            probe.watch_for(2)
            assert probe.worst_s <= STALL_S
            started = time.monotonic()
            assert window.close(STOP_S + 10) == 0
            assert time.monotonic() - started <= STOP_S
        finally:
            server.thaw()
    with server_program(tmp_path / "data", broker, server) as last:
        check_both(last, server, {*plan.numbers, *later.numbers}, plan, later)
        last.stop_in_time()


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False], ids=["one share group", "separate sessions"])
def test_many_programs_write_into_one_server(
    broker: MosquittoServer, server: MariaDbServer, tmp_path: Path, shared: bool
) -> None:
    """Each reading is one row, whoever of them received it; one of them dies on the way."""
    plans = [Plan(600, first=1000 * n, rate=150, devices=20) for n in range(3)]
    group = ["broker.share_group=farm"] if shared else []
    with ExitStack() as stack:
        programs = [
            stack.enter_context(server_program(tmp_path / f"p{n}", broker, server, *group))
            for n in range(3)
        ]
        for program in programs:
            ready(program)
        sensors = [
            stack.enter_context(Sensors(broker.port, tmp_path, plan, f"s{n}"))
            for n, plan in enumerate(plans)
        ]
        wait_for_more(MariaDbStore(server), 200)
        programs[0].kill()
        confirmed = set().union(*(each.finish() for each in sensors))
        again = stack.enter_context(server_program(tmp_path / "p0", broker, server, *group))
        check_history(MariaDbStore(server), confirmed, *plans, timeout_s=BACK_S, late_s=3)
        received = [program.store.count() for program in (again, *programs[1:])]
        assert sum(received) >= len(confirmed)
        assert min(received) > 0, "one of them never got anything"
        if not shared:
            assert received == [len(confirmed)] * 3
        for program in (again, *programs[1:]):
            program.wait_for_report(lambda r: r["waiting"] == 0, 10)
            program.stop_in_time()
