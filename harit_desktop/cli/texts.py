"""Known errors as one line for the terminal: what happened and what can be done."""

from __future__ import annotations

from harit_desktop.domain.errors import Problem

TEXTS: dict[str, str] = {
    "settings.bad_assignment": "--set needs key=value, not {text!r}",
    "settings.unknown_key": "there is no setting {key!r}",
    "settings.secret_key": "{key} is a secret and not for the command line; set {variable} instead",
    "settings.bad_value": "{value!r} is not possible for {key}: {reason}",
    "settings.not_saved": "the settings could not be saved in {path}: {reason}",
    "settings.damaged": "the settings file was damaged; it is kept as {kept_as}, "
    "and the defaults are used",
    "data_dir.unusable": "the data folder {path} cannot be used: {reason}. "
    "Choose another one with --data-dir",
    "data_dir.in_use": "Harit Desktop already runs with the data folder {path}",
    "time.unreadable": "{text!r} is not a time like 2026-11-23T14:30:00",
    "store.absent": "there are no readings in {path} yet",
    "store.locked": "another program holds the database; readings wait, nothing is lost",
    "store.full": "the disk is full; readings wait with the broker until there is room",
    "store.read_only": "the data folder cannot be written; readings wait with the broker",
    "store.mysql_unsupported": "this version stores in SQLite only; "
    "leave storage.backend at sqlite",
    "broker.refused": "nothing answers at {host}:{port}; trying again",
    "broker.dns": "no computer named {host!r} was found; trying again",
    "broker.auth": "the broker refused the user name or password",
    "broker.tls": "the broker's certificate was not accepted",
    "broker.timeout": "the broker at {host}:{port} does not answer; trying again",
    "broker.lost": "the connection to the broker was lost; trying again",
    "builtin_broker.port_busy": "no free port for the built-in broker from {port} to {last_port}",
}


def sentence(problem: Problem) -> str:
    """The problem in English; an unknown code with its details."""
    template = TEXTS.get(problem.code)
    if template is None:
        return str(problem)
    try:
        return template.format(**problem.params)
    except (KeyError, IndexError):
        return str(problem)
