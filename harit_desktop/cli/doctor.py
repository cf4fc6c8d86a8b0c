"""`harit-desktop doctor`: looks at broker, store and API one by one, and says what is wrong."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from harit_desktop.cli.doctor_checks import Chain, Result
from harit_desktop.cli.doctor_passed import passed
from harit_desktop.cli.doctor_texts import finding
from harit_desktop.cli.setup import data_paths, open_settings, stop_on_signals
from harit_desktop.observability.redact import MASK, Redactor

LONGEST_WAIT_S = 3600.0

ENDS_WITHIN_S = 40.0
"""From the start of the program to its end; a longer `--wait` comes on top of it."""

AROUND_S = 2.5
"""Of it, what is left for the start of Python before, and for its end."""

GOODBYE_S = 1.0
"""Of it, how long the chains may take to say farewell."""

_LOOK_S = 0.05
_NAME_WIDTH = 17


def run_doctor(options: argparse.Namespace) -> int:
    """Prints what each step found; 1 where one failed, else 0.

    Changes nothing, and may run beside the program. Everything ends within
    `ENDS_WITHIN_S`, and what `--wait` has beyond the usual.
    """
    until_s = time.monotonic() + ENDS_WITHIN_S - AROUND_S - GOODBYE_S
    # A library's warning would stand between the lines.
    logging.getLogger().addHandler(logging.NullHandler())
    paths = data_paths(options)
    store = open_settings(options, paths)
    stop = stop_on_signals()
    redactor = Redactor()
    from harit_desktop.app import plan_diagnosis

    wait_s = min(options.wait, LONGEST_WAIT_S)
    planned = plan_diagnosis(
        paths, store.current, store.problems, redactor, wait_s, listen=options.listen
    )
    finds = partial(finding, builtin=store.current.broker.mode == "builtin")
    chains = [Chain(checks, passed, until_s + checks.longer_s, finds) for checks in planned]
    results: list[Result] = []
    for result in run_chains(chains, stop):
        shown = msgspec.structs.replace(result, text=_without_secrets(result.text, redactor))
        results.append(shown)
        if not options.json:
            print(line(shown), flush=True)
    if options.json:
        sys.stdout.write(msgspec.json.encode({"steps": results}).decode() + "\n")
        sys.stdout.flush()
    else:
        print(summary(results), flush=True)
    return 1 if any(result.state == "fail" for result in results) else 0


def run_chains(chains: Sequence[Chain], stop: threading.Event) -> Iterator[Result]:
    """Runs all chains side by side; their results in order, each as soon as it is known.

    With `stop` the rest is left undone, and said to be.
    """
    for chain in chains:
        chain.start()
    for chain in chains:
        given = 0
        while True:
            if stop.is_set():
                chain.stop()
            for each in chains:
                each.look()
            # Asked before the results, so that none is missed.
            done = chain.done
            found = chain.results
            yield from found[given:]
            given = len(found)
            if done:
                break
            stop.wait(_LOOK_S)
    until_s = time.monotonic() + GOODBYE_S
    for chain in chains:
        chain.join(max(0.0, until_s - time.monotonic()))


def _without_secrets(text: str, redactor: Redactor) -> str:
    """The text as it may be shown; a word such as a user name can be a password as well."""
    shown = redactor.clean(text)
    if MASK in shown and MASK not in text:
        shown += f" ({MASK} stands for a password or token)"
    return shown


def line(result: Result) -> str:
    """One step for a person."""
    state = "FAIL" if result.state == "fail" else result.state
    return f"{result.name:<{_NAME_WIDTH}} {state:<4}  {result.text}"


def summary(results: Sequence[Result]) -> str:
    """What came of it all."""
    count = {state: sum(r.state == state for r in results) for state in ("pass", "skip", "fail")}
    if not count["fail"]:
        return f"Nothing is wrong: {count['pass']} steps passed, {count['skip']} were skipped."
    first = next(result.name for result in results if result.state == "fail")
    return (
        f"{count['fail']} failed, {count['pass']} passed, {count['skip']} were skipped; "
        f"begin with {first}."
    )
