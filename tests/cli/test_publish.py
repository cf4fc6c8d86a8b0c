"""`harit-desktop publish` as a person runs it: to its end, with a broker, an API or neither."""

import json
import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.programs import PROGRAM, REPOSITORY, environment
from tests.flask_backend import FlaskBackend
from tests.servers import MosquittoServer, free_port, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.e2e]


class Publish:
    """The command as a subprocess, with a folder that later ones may share."""

    def __init__(self, folder: Path, *arguments: str, port: int, url: str = "") -> None:
        self.folder = folder
        settings = (f"broker.port={port}", f"api.url={url}", "publisher.mqtt_retries=0")
        options = [word for each in settings for word in ("--set", each)]
        common = ["--data-dir", str(folder), "--interval", "0.1"]
        self.log = folder.with_name(f"{folder.name}.log")
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*PROGRAM, "publish", *common, *options, *arguments],
                env=environment(),
                cwd=REPOSITORY,
                stderr=log,
            )

    @property
    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()

    @property
    def waiting(self) -> int:
        """Rows in its outbox, which it must have left."""
        with closing(sqlite3.connect(self.folder / "outbox-publish.db")) as outbox:
            return int(outbox.execute("SELECT count(*) FROM outbox").fetchone()[0])

    def ends(self, timeout_s: float = 30.0) -> int:
        return self.process.wait(timeout_s)

    def says(self, text: str) -> None:
        wait_until(lambda: any(text in line for line in self.lines), 20.0, f"{text}: {self.lines}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def started() -> Iterator[list[Publish]]:
    commands: list[Publish] = []
    yield commands
    for command in commands:
        if command.process.poll() is None:
            command.process.kill()
        command.process.wait()


def test_a_count_is_published_through_the_broker(folder: Path, started: list[Publish]) -> None:
    with MosquittoServer() as broker:
        started.append(Publish(folder, "--count", "4", port=broker.port))
        assert started[0].ends() == 0
    assert started[0].lines[-1] == "stopped  published 4"
    assert started[0].waiting == 0


def test_a_count_goes_through_the_api_where_no_broker_is(
    folder: Path, started: list[Publish]
) -> None:
    with FlaskBackend() as api:
        command = Publish(folder, "--count", "4", "--devices", "2", port=free_port(), url=api.url)
        started.append(command)
        assert command.ends() == 0
        bodies: list[dict[str, Any]] = [row["posted"] for row in api.readings()]
    assert command.lines[-1] == "stopped  published 4 (4 through the API)"
    assert [body["publisher_id"] for body in bodies] == ["simulator-01", "simulator-01-2"] * 2
    assert all(body["simulated"] for body in bodies)


def test_what_is_left_stays_for_the_next_run(folder: Path, started: list[Publish]) -> None:
    first = Publish(folder, port=free_port())
    started.append(first)
    first.says("kept in the outbox")
    first.process.send_signal(signal.SIGTERM)
    assert first.ends(10.0) == 0
    left = first.waiting
    assert left > 0
    said = re.search(r"(\d+) stay in the outbox", first.lines[-1])
    assert said is not None
    assert int(said[1]) == left
    with FlaskBackend() as api:
        second = Publish(folder, "--count", "1", port=free_port(), url=api.url)
        started.append(second)
        assert second.ends() == 0
        times = [row["posted"]["timestamp"] for row in api.readings()]
    assert len(times) == left + 1
    assert times == sorted(times)
    assert second.waiting == 0


def test_a_broker_that_turns_us_away_ends_it_where_there_is_no_other_way(
    folder: Path, started: list[Publish], tmp_path: Path
) -> None:
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    with MosquittoServer([f"password_file {passwords}"], anonymous=False) as broker:
        alone = Publish(folder, "--count", "2", port=broker.port)
        started.append(alone)
        assert alone.ends() == 1
        assert alone.waiting > 0
        with FlaskBackend() as api:
            other = Publish(folder, "--count", "2", port=broker.port, url=api.url)
            started.append(other)
            assert other.ends() == 0
            assert len(api.readings()) > 2


def test_a_publisher_that_is_killed_while_nothing_answers_loses_nothing(
    folder: Path, started: list[Publish]
) -> None:
    for _ in range(2):
        command = Publish(folder, "--devices", "3", port=free_port(), url="http://127.0.0.1:9")
        started.append(command)
        command.says("kept in the outbox")
        command.process.kill()
        command.process.wait()
        command.log.unlink()
    with closing(sqlite3.connect(folder / "outbox-publish.db")) as outbox:
        rows = outbox.execute("SELECT body FROM outbox ORDER BY id").fetchall()
    kept = [json.loads(body) for (body,) in rows]
    with FlaskBackend() as api:
        last = Publish(folder, "--count", "1", port=free_port(), url=api.url)
        started.append(last)
        assert last.ends() == 0
        arrived = [row["posted"] for row in api.readings()]
    assert len(kept) > 6
    assert arrived[:-1] == kept
