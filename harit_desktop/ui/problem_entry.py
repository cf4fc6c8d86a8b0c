"""The shape of one entry in the tables of problem texts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """English source texts with the problem's parameters as placeholders.

    `severity` is info, warn, question or crit. `{time}` is when the connection's present
    state began. `retries` adds when the next attempt is due; `spools` that new readings wait
    on this computer, before everything else. `actions` names the buttons: retry,
    broker_settings, builtin_settings, publisher_settings, storage_settings, api_settings,
    local_api_settings, map, show_messages, review_change, back_up, restore, dismiss.
    """

    severity: str
    headline: str
    doing: str = ""
    advice: str = ""
    actions: tuple[str, ...] = ()
    retries: bool = False
    spools: bool = False
