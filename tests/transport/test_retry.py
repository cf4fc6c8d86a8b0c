"""When to try again, and with which protocol version."""

import pytest

from harit_desktop.transport.retry import BackOff, KickCounter, ProtocolChoice


def test_pauses_grow_from_one_second_to_a_minute_and_never_repeat_exactly() -> None:
    back_off = BackOff()
    pauses = [back_off.next_pause_s() for _ in range(12)]
    for number, pause_s in enumerate(pauses):
        full_s = min(60.0, 2.0**number)
        assert 0.75 * full_s <= pause_s <= full_s
    assert len(set(pauses)) == len(pauses)


def test_only_a_connection_that_lasted_starts_the_pauses_over() -> None:
    back_off = BackOff()
    for _ in range(5):
        back_off.next_pause_s()
    back_off.connection_lasted(2.0)
    assert back_off.next_pause_s() >= 20.0
    back_off.connection_lasted(11.0)
    assert back_off.next_pause_s() <= 1.0


def test_a_broker_without_mqtt_5_is_found_at_once_and_remembered() -> None:
    choice = ProtocolChoice("auto")
    assert (choice.version, choice.answer_timeout_s) == ("5", 3.0)
    assert choice.not_spoken(refused=False)
    assert (choice.version, choice.answer_timeout_s) == ("3.1.1", 10.0)
    choice.worked()
    choice.unreachable()
    assert choice.version == "3.1.1"


def test_a_server_that_answers_neither_version_is_not_hammered() -> None:
    choice = ProtocolChoice("auto")
    assert choice.not_spoken(refused=False)
    assert not choice.not_spoken(refused=False)
    assert choice.version == "5"


def test_a_broker_that_hangs_for_a_moment_keeps_mqtt_5() -> None:
    choice = ProtocolChoice("auto")
    choice.worked()
    for _ in range(4):
        assert not choice.not_spoken(refused=False)
        assert choice.version == "5"
    assert choice.not_spoken(refused=False)
    assert choice.version == "3.1.1"


def test_an_unproven_fallback_is_forgotten_when_the_broker_goes_away() -> None:
    choice = ProtocolChoice("auto")
    choice.not_spoken(refused=False)
    choice.unreachable()
    assert choice.version == "5"


@pytest.mark.parametrize("setting", ["5", "3.1.1"])
def test_a_fixed_version_stays(setting: str) -> None:
    choice = ProtocolChoice(setting)  # type: ignore[arg-type]  # a literal
    for refused in (True, False, True):
        assert not choice.not_spoken(refused=refused)
        choice.unreachable()
    assert choice.version == setting


def test_three_quick_orderly_ends_of_a_known_session_are_a_fight() -> None:
    kicks = KickCounter()
    assert not kicks.ended(orderly=True, session_present=False, lasted_s=3600.0)
    assert not kicks.ended(orderly=True, session_present=True, lasted_s=1.0)
    assert kicks.ended(orderly=True, session_present=True, lasted_s=2.0)


def test_other_ends_are_no_fight() -> None:
    kicks = KickCounter()
    for _ in range(5):
        # A network that cuts connections, a broker that forgets us at each restart, and
        # connections that last.
        assert not kicks.ended(orderly=False, session_present=True, lasted_s=1.0)
        assert not kicks.ended(orderly=True, session_present=False, lasted_s=1.0)
        assert not kicks.ended(orderly=True, session_present=True, lasted_s=20.0)
    kicks.clear()
    assert not kicks.ended(orderly=True, session_present=True, lasted_s=1.0)
