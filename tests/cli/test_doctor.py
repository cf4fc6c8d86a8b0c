"""`doctor` as a person or a script runs it, and how it runs its steps."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harit_desktop.cli.doctor import line, run_chains, summary
from harit_desktop.cli.doctor_checks import Chain, Result
from harit_desktop.cli.doctor_passed import SAYS, passed
from harit_desktop.cli.doctor_texts import NOT_A_FAULT, finding
from harit_desktop.cli.doctor_texts_broker import BROKER_CAUSES
from harit_desktop.domain.diagnosis import Checks, Facts, Step
from harit_desktop.domain.errors import KnownError, Problem
from harit_desktop.settings.paths import DataPaths
from harit_desktop.storage.journal import SqliteJournal
from harit_desktop.transport.diagnosis_tls import CAUSES
from harit_desktop.transport.mqtt_errors import CODES
from tests.end_to_end.programs import CANONICAL, PROGRAM, REPOSITORY, environment
from tests.flask_backend import FlaskBackend
from tests.mariadb_server import PASSWORD, USER, MariaDbServer
from tests.servers import MosquittoServer, free_port
from tests.storage.builders import START_US, make_items

TOPIC = "harit-samarth/sensor/data"
NUMBERS: tuple[str, ...] = (
    "days",
    "port",
    "milliseconds",
    "count",
    "others",
    "messages",
    "named",
    "client",
)
NUMBERS += ("receive_maximum", "maximum_packet_bytes", "maximum_qos", "keepalive_s", "session_s")
NUMBERS += ("retain", "wildcards", "shared", "own", "mqtt")
TEXTS_OF_A_BROKER: tuple[str, ...] = (
    "topic",
    "topics",
    "publisher_id",
    "problem",
    "issuer",
    "version",
    "path",
)
TEXTS_OF_A_BROKER += ("assigned_id", "host", "addresses", "username", "protocol", "seconds")
TEXTS_OF_A_BROKER += ("client_id",)
VALUES = {"N": 22.5, "P": 17.8, "K": 152.3, "CO2": 498.2, "Temperature": 22.1}
VALUES |= {"Moisture": 54.8, "pH": 7.18}


@pytest.fixture
def paths(tmp_path: Path) -> DataPaths:
    paths = DataPaths(tmp_path / "data")
    journal = SqliteJournal(paths.database, lambda: START_US)
    journal.open()
    journal.commit(make_items(0, 20))
    journal.close()
    return paths


@pytest.fixture(scope="module")
def broker() -> Iterator[MosquittoServer]:
    with MosquittoServer() as server:
        yield server


def doctor(paths: DataPaths, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "--data-dir", str(paths.root), "doctor", *arguments],
        env=environment(**variables),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def settings(**values: object) -> list[str]:
    return [
        part
        for name, value in values.items()
        for part in ("--set", f"{name.replace('__', '.')}={value}")
    ]


def steps_of(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    assert done.stderr == ""
    steps = json.loads(done.stdout)["steps"]
    assert all(set(step) == {"name", "state", "code", "text"} for step in steps)
    assert all(step["text"] and "\n" not in step["text"] for step in steps)
    return {step["name"]: step for step in steps}


def test_everything_is_well(paths: DataPaths, broker: MosquittoServer) -> None:
    stop = threading.Event()

    def publish() -> None:
        while not stop.wait(0.2):
            broker.publish(TOPIC, CANONICAL.decode())

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        with FlaskBackend() as api:
            api.add(VALUES)
            done = doctor(
                paths,
                "--json",
                *settings(broker__port=broker.port, api__url=api.url),
                *settings(local_api__enabled="true", local_api__port=free_port()),
            )
    finally:
        stop.set()
        thread.join()
    assert done.returncode == 0
    steps = steps_of(done)
    skipped = {name for name, step in steps.items() if step["state"] != "pass"}
    not_asked = {"broker.websocket", "broker.topics", "broker.client_id"}
    assert skipped == {"broker.tls", "api.tls", "api.token", *not_asked}
    assert {step["code"] for step in steps.values() if step["state"] == "pass"} == {"ok"}
    assert "a reading of sensor-publisher-01" in steps["broker.message"]["text"]
    assert "20 readings" in steps["store.database"]["text"]
    assert "1 readings" in steps["api.history"]["text"]


def test_silence_and_an_unset_api_are_no_faults(paths: DataPaths, broker: MosquittoServer) -> None:
    began_s = time.monotonic()
    done = doctor(paths, "--json", "--wait", "0.5", *settings(broker__port=broker.port))
    assert time.monotonic() - began_s < 10
    assert done.returncode == 0
    steps = steps_of(done)
    assert (steps["broker.message"]["state"], steps["broker.message"]["code"]) == (
        "skip",
        "doctor.no_message",
    )
    assert steps["api.url"]["code"] == "doctor.no_api"
    assert steps["local_api.port"]["code"] == "doctor.no_local_api"


def test_what_needs_a_failed_step_is_skipped(paths: DataPaths) -> None:
    port, api_port = free_port(), free_port()
    arguments = settings(broker__port=port, api__url=f"http://127.0.0.1:{api_port}")
    done = doctor(paths, "--json", *arguments)
    assert done.returncode == 1
    steps = steps_of(done)
    failed = {name: step["code"] for name, step in steps.items() if step["state"] == "fail"}
    assert failed == {"broker.port": "broker.refused", "api.port": "api.unreachable"}
    after = [steps[f"broker.{name}"] for name in ("login", "subscribe", "message")]
    assert {step["code"] for step in after} == {"doctor.not_reached"}
    assert "broker.port" in after[0]["text"]


def test_a_person_reads_one_line_a_step(paths: DataPaths) -> None:
    done = doctor(paths, *settings(broker__port=free_port()))
    assert done.returncode == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[-1].endswith("begin with broker.port.")
    states = {text.split()[0]: text.split()[1] for text in lines[:-1]}
    assert states["broker.port"] == "FAIL"
    assert states["store.write"] == "pass"
    assert len({text.index(text.split(maxsplit=2)[2]) for text in lines[:-1]}) == 1


def test_a_server_is_checked_where_there_is_one(paths: DataPaths, broker: MosquittoServer) -> None:
    with MariaDbServer() as server:
        arguments = settings(
            broker__port=broker.port,
            storage__backend="mysql",
            storage__mysql_port=server.port,
            storage__mysql_user=USER,
        )
        good = doctor(
            paths, "--json", "--wait", "0.1", *arguments, HARIT_STORAGE__MYSQL_PASSWORD=PASSWORD
        )
        bad = doctor(
            paths, "--json", "--wait", "0.1", *arguments, HARIT_STORAGE__MYSQL_PASSWORD="not-it"
        )
    assert good.returncode == 0
    assert steps_of(good)["server.rights"]["state"] == "pass"
    assert bad.returncode == 1
    assert steps_of(bad)["server.login"]["code"] == "server.auth"


def test_no_secret_is_ever_printed(paths: DataPaths) -> None:
    secret = "corr3ct-horse"
    with FlaskBackend(token="another-token") as api:
        done = doctor(
            paths,
            "--json",
            *settings(broker__port=free_port(), api__url=api.url, storage__backend="mysql"),
            *settings(storage__mysql_port=api.port, storage__mysql_user="harit"),
            HARIT_API__TOKEN=secret,
            HARIT_STORAGE__MYSQL_PASSWORD=secret,
            HARIT_BROKER__PASSWORD=secret,
        )
        url = api.url.replace("//", f"//me:{secret}@")
        broken = doctor(paths, *settings(broker__port=free_port(), api__url=url))
    assert steps_of(done)["api.token"]["code"] == "api.auth"
    assert secret not in done.stdout + done.stderr + broken.stdout + broken.stderr
    assert "api.url           FAIL" in broken.stdout


def test_a_stopped_check_ends_in_order(paths: DataPaths, broker: MosquittoServer) -> None:
    arguments = settings(broker__port=broker.port)
    process = subprocess.Popen(
        [*PROGRAM, "--data-dir", str(paths.root), "doctor", "--wait", "30", *arguments],
        env=environment(),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for text in process.stdout:
        if text.startswith("broker.subscribe"):
            break
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=20)
    assert time.monotonic() - began_s < 5
    assert (process.returncode, errors) == (0, "")
    assert "you stopped the check" in rest


def test_settings_that_cannot_be_used_are_told(paths: DataPaths, broker: MosquittoServer) -> None:
    paths.settings.write_text("[broker]\nport = 'many'\n")
    done = doctor(paths, "--json", "--wait", "0.1", *settings(broker__port=broker.port))
    assert done.returncode == 1
    assert steps_of(done)["settings.file"]["code"] == "settings.bad_value"


def test_an_unset_folder_is_not_made(tmp_path: Path, broker: MosquittoServer) -> None:
    fresh = DataPaths(tmp_path / "fresh")
    done = doctor(fresh, "--json", "--wait", "0.1", *settings(broker__port=broker.port))
    assert done.returncode == 0
    assert steps_of(done)["store.database"]["code"] == "doctor.no_database"
    assert not fresh.root.exists()


def test_a_built_in_broker_that_does_not_run_is_no_fault(paths: DataPaths) -> None:
    done = doctor(
        paths, "--json", *settings(broker__mode="builtin", builtin_broker__port=free_port())
    )
    assert done.returncode == 0
    steps = steps_of(done)
    assert steps["broker.port"]["code"] == "doctor.builtin_stopped"
    assert steps["broker.message"]["code"] == "doctor.not_reached"


def test_a_broker_that_is_not_wanted_is_left_alone(paths: DataPaths) -> None:
    done = doctor(paths, "--json", *settings(api__mode="api_only", broker__port=free_port()))
    assert done.returncode == 0
    steps = steps_of(done)
    codes = {step["code"] for name, step in steps.items() if name.startswith("broker.")}
    assert codes == {"doctor.api_only"}


# How the steps are run.


def passing(chain: str, step: str, facts: Facts) -> str:
    return f"{chain}.{step} is good"


def step(name: str, run: Callable[[], Facts], deadline_s: float = 5.0, **options: Any) -> Step:
    return Step(name, run, deadline_s, **options)


def chain_of(name: str, *steps: Step, until_s: float = math.inf, **options: Any) -> Chain:
    return Chain(Checks(name, steps, **options), passing, until_s)


def fails() -> Facts:
    raise KnownError("broker.refused", host="h", port=1)


def run(*chains: Chain) -> list[Result]:
    return list(run_chains(chains, threading.Event()))


def test_a_step_that_hangs_fails_at_its_deadline() -> None:
    released, given_up = threading.Event(), threading.Event()

    def hangs() -> Facts:
        released.wait(20)
        return {}

    steps = (step("x", dict), step("y", hangs, 0.3), step("z", dict))
    chain = chain_of("a", *steps, give_up=given_up.set)
    began_s = time.monotonic()
    results = run(chain, chain_of("b", step("x", dict)))
    assert time.monotonic() - began_s < 5
    released.set()
    chain.join(5)
    assert [(r.name, r.state, r.code) for r in results] == [
        ("a.x", "pass", "ok"),
        ("a.y", "fail", "doctor.no_answer"),
        ("a.z", "skip", "doctor.not_reached"),
        ("b.x", "pass", "ok"),
    ]
    assert given_up.is_set()
    # What the hanging step says in the end changes nothing any more.
    assert len(chain.results) == 3


def test_slow_steps_together_end_at_the_deadline_of_all() -> None:
    def slow() -> Facts:
        time.sleep(0.3)
        return {}

    began_s = time.monotonic()
    steps = [step(str(number), slow, 1.0) for number in range(20)]
    chain = chain_of("a", *steps, until_s=began_s + 1.0)
    results = run(chain)
    assert time.monotonic() - began_s < 3
    codes = [result.code for result in results]
    reached = codes.index("doctor.out_of_time")
    assert codes[:reached] == ["ok"] * reached
    assert 1 <= reached <= 4
    assert results[reached].state == "fail"
    assert set(codes[reached + 1 :]) == {"doctor.not_reached"}
    assert f"a.{reached}" in results[-1].text
    chain.join(5)


def test_a_step_without_need_is_skipped_and_stops_nothing() -> None:
    results = run(chain_of("a", step("x", fails, skip="doctor.no_tls"), step("y", dict)))
    assert [(r.state, r.code) for r in results] == [("skip", "doctor.no_tls"), ("pass", "ok")]


def test_a_fault_of_a_check_is_a_finding() -> None:
    def broken() -> Facts:
        raise RuntimeError("oh")

    (result,) = run(chain_of("a", step("x", broken)))
    assert (result.state, result.code) == ("fail", "doctor.fault")
    assert "oh" in result.text


def test_a_sum_of_all() -> None:
    good, bad = Result("a.x", "pass", "ok", "fine"), Result("a.y", "fail", "c", "do this")
    assert line(bad) == "a.y               FAIL  do this"
    assert summary([good]) == "Nothing is wrong: 1 steps passed, 0 were skipped."
    assert summary([good, bad]).endswith("begin with a.y.")


@pytest.mark.parametrize("cause", sorted(BROKER_CAUSES))
def test_each_cause_has_a_text_of_its_own(cause: str) -> None:
    code, _, variant = cause.partition(":")
    told = ("cause", "host", "port", "detail", "issuer", "names", "begins", "ends", "now")
    params = dict.fromkeys((*told, "username", "path", "status"), "x") | {"cause": variant}
    text = finding(Problem(code, params))
    assert text != finding(Problem(code, params | {"cause": "other"}))


def test_every_cause_that_tls_can_have_has_a_text() -> None:
    assert {f"broker.tls:{cause}" for cause in CAUSES} - BROKER_CAUSES.keys() == {
        "broker.tls:other"
    }


@pytest.mark.parametrize("code", sorted(CODES))
def test_what_the_broker_can_say_has_a_text(code: str) -> None:
    params = dict.fromkeys(("host", "port", *CODES[code]), "x")
    assert "trying again" not in finding(Problem(code, params))


@pytest.mark.parametrize("step", sorted(SAYS["broker"]))
def test_what_a_hostile_broker_says_of_itself_is_one_short_line(step: str) -> None:
    facts: Facts = dict.fromkeys(TEXTS_OF_A_BROKER, "\x1b]0;\n" + "x" * 5000)
    facts |= dict.fromkeys(NUMBERS, 9)
    text = passed("broker", step, facts)
    assert text.isprintable()
    assert len(text) < 1000


def test_foreign_text_stays_on_its_line() -> None:
    text = finding(Problem("broker.rejected", {"host": "h", "port": 1, "reason": "a\n\x1b[2Jb"}))
    assert text.isprintable()


def test_every_reason_to_skip_can_be_said() -> None:
    params = {"step": "a.b", "seconds": "5", "path": "/p", "topic": "a/b"}
    for code, template in NOT_A_FAULT.items():
        assert finding(Problem(code, params)) == template.format(**params)


@pytest.mark.parametrize("cause", ["", "anonymous", "no_password"])
def test_the_password_of_the_built_in_broker_has_a_place_of_its_own(cause: str) -> None:
    params: Facts = {"host": "h", "port": 1, "username": "u", "cause": cause}
    problem = Problem("broker.auth", params)
    assert "HARIT_BUILTIN_BROKER__PASSWORD" in finding(problem, builtin=True)
    assert "BUILTIN" not in finding(problem)


def test_a_small_database_and_settings_of_the_command_line() -> None:
    facts: Facts = {"whole": 1, "readings": 3, "size_mb": 0, "version": 1, "supported": 1}
    assert passed("store", "database", facts) == "sound; 3 readings (less than 1 MB)"
    assert "every setting" not in passed("settings", "file", {"path": "/p", "there": 0})


def test_a_user_name_that_is_the_password_is_said_to_be_hidden(
    paths: DataPaths, broker: MosquittoServer
) -> None:
    arguments = settings(broker__port=broker.port, broker__username="same-word")
    done = doctor(paths, "--wait", "0.1", *arguments, HARIT_BROKER__PASSWORD="same-word")
    assert "same-word" not in done.stdout
    assert "lets us in as *** (MQTT 5) (*** stands for a password or token)" in done.stdout
