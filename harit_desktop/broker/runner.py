"""The broker child's main function."""

from __future__ import annotations

from collections.abc import Sequence

from harit_desktop.broker.child_protocol import (
    AMQTT,
    AUTO,
    CRASHED,
    ENGINE_FAILED,
    ENGINE_MISSING,
    FOLDER,
    NO_PASSWORD,
    ChildOptions,
    EngineFailure,
    announce_failure,
    note,
)
from harit_desktop.broker.lifeline import StopRequest, watch
from harit_desktop.broker.login import Login, read_login
from harit_desktop.broker.ports import is_loopback_address, listen_address

_EXIT_OK = 0
_EXIT_FAILED = 1


def run_child(argv: Sequence[str]) -> int:
    """Be the broker until stdin closes. `argv` is what follows the role's name.

    Returns the process's exit code: 0 after a wanted stop, 1 after a failure that has
    been announced on stdout.
    """
    stop = StopRequest()
    try:
        options = ChildOptions.from_arguments(argv)
        # Before anything else reads stdin.
        login = read_login() if options.login else None
        watch(stop)
        address = listen_address(options.host, allow_network=bool(options.allow_network))
        if login is None and not is_loopback_address(address):
            raise EngineFailure(NO_PASSWORD, "a listener on the network needs a login")
        _run_engine(options, address, login, stop)
    except EngineFailure as failure:
        announce_failure(failure)
        return _EXIT_FAILED
    except Exception as error:  # the last frame of the process: say it, then end
        announce_failure(EngineFailure(CRASHED, f"{type(error).__name__}: {error}"))
        raise
    return _EXIT_OK


def _run_engine(
    options: ChildOptions, address: str, login: Login | None, stop: StopRequest
) -> None:
    if options.engine != AMQTT:
        # Each engine is imported when it is its turn: the import is part of the wait.
        from harit_desktop.broker import mosquitto_engine

        try:
            mosquitto_engine.run(options, address, login, stop)
        except EngineFailure as failure:
            fall_back = failure.code in (ENGINE_MISSING, ENGINE_FAILED, FOLDER)
            if options.engine != AUTO or not fall_back or stop.requested:
                raise
            note(f"amqtt is used instead of mosquitto: {failure.detail}")
        else:
            return
    from harit_desktop.broker import amqtt_engine

    amqtt_engine.run(options, address, login, stop)
