"""The small file that remembers broker sessions: bounded, and never in the way."""

from pathlib import Path

import pytest

from harit_desktop.transport.session_memory import SessionMemory, session_key

KEY = session_key("broker.farm", 1883, "harit-1")


def test_the_first_connection_is_no_loss_and_a_later_one_without_a_session_is(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sessions.json"
    assert not SessionMemory(path).connected(KEY, session_present=False, now_us=1)
    assert not SessionMemory(path).connected(KEY, session_present=True, now_us=2)
    assert SessionMemory(path).connected(KEY, session_present=False, now_us=3)
    other = session_key("broker.farm", 1883, "harit-2")
    assert not SessionMemory(path).connected(other, session_present=False, now_us=4)


def test_it_works_without_a_file() -> None:
    memory = SessionMemory()
    assert not memory.connected(KEY, session_present=False, now_us=1)
    assert memory.connected(KEY, session_present=False, now_us=2)
    memory.save()


def test_the_rise_of_the_dropped_messages_survives_a_restart_of_either_side(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sessions.json"
    memory = SessionMemory(path)
    assert memory.dropped(KEY, 700, 1) == 0  # nothing to compare it with
    assert memory.dropped(KEY, 705, 2) == 5
    memory.save()
    again = SessionMemory(path)
    assert again.dropped(KEY, 715, 3) == 10
    assert again.dropped(KEY, 4, 4) == 4  # the broker counts from 0 again
    assert again.dropped(KEY, 4, 5) == 0


def test_what_the_probe_showed_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    memory = SessionMemory(path)
    assert not memory.probe_worked(KEY)
    memory.note_probe_worked(KEY, 1)
    memory.save()
    assert SessionMemory(path).probe_worked(KEY)


def test_it_keeps_the_fifty_sessions_seen_last(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    memory = SessionMemory(path)
    for number in range(60):
        memory.connected(session_key("b", 1, str(number)), session_present=False, now_us=number)
    assert memory.connected(session_key("b", 1, "59"), session_present=False, now_us=60)
    assert not memory.connected(session_key("b", 1, "0"), session_present=False, now_us=61)
    assert path.read_text().count("last_seen_us") == 50


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\x00", b"[]", b'{"version":1}', b'{"version":1,"sessions":{"a":7}}'],
)
def test_a_damaged_file_counts_as_empty_and_is_replaced(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "sessions.json"
    path.write_bytes(damage)
    memory = SessionMemory(path)
    assert not memory.connected(KEY, session_present=False, now_us=1)
    assert "starts anew" in caplog.text
    assert SessionMemory(path).connected(KEY, session_present=False, now_us=2)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    path.write_bytes(b" " * 10_000_000)
    assert not SessionMemory(path).connected(KEY, session_present=False, now_us=1)


def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = SessionMemory(tmp_path / "missing" / "sessions.json")
    assert not memory.connected(KEY, session_present=False, now_us=1)
    assert memory.connected(KEY, session_present=False, now_us=2)
    assert caplog.text.count("cannot be written") == 1


def test_hostile_names_and_numbers_stay_bounded(tmp_path: Path) -> None:
    path = tmp_path / "sessions.json"
    memory = SessionMemory(path)
    for number in range(50):
        key = session_key("h" * 300, 1883, f"{number}" + "\u20ac" * 70_000)
        memory.connected(key, session_present=False, now_us=number)
        memory.dropped(key, 10**17, number)
    memory.save()
    assert path.stat().st_size < 64 * 1024 * 4
    SessionMemory(path).connected(KEY, session_present=False, now_us=1)
