"""What `doctor` says: what is wrong, and what to do about it.

The sentences of `texts` speak of a program that goes on trying; these speak to a person who
looks for a fault.
"""

from __future__ import annotations

from harit_desktop.cli.doctor_texts_broker import (
    BROKER,
    BROKER_CAUSES,
    BROKER_NOT_A_FAULT,
    BUILTIN,
)
from harit_desktop.cli.texts import printable, sentence
from harit_desktop.cli.texts_tls import worded
from harit_desktop.domain.diagnosis import variant_of
from harit_desktop.domain.errors import Problem

NOT_A_FAULT: dict[str, str] = {
    "doctor.not_reached": "not tried, because {step} stands in the way",
    "doctor.interrupted": "not tried, because you stopped the check",
    "doctor.api_only": "the API alone is used (api.mode = api_only)",
    "doctor.no_tls": "TLS is off",
    "doctor.builtin_stopped": "the built-in broker runs only while Harit Desktop does; start it, "
    "or look in its window for the port in use",
    "doctor.no_database": "there are no readings in {path} yet; the first start makes the store",
    "doctor.no_api": "no API is set (api.url); it is needed only as a way beside the broker",
    "doctor.no_token": "no token is set (api.token), and none is wanted",
    "doctor.api_empty": "the API holds no readings yet",
    "doctor.no_local_api": "the local API is off (local_api.enabled)",
    **BROKER_NOT_A_FAULT,
}
"""Why a step was not run, or found nothing; each of them leaves the exit code alone."""

ENDS_A_CHAIN = frozenset({"doctor.builtin_stopped"})
"""Nothing is wrong, but what comes after needs it."""

_PROGRAM = {
    "doctor.no_answer": "no answer in {seconds} s; look whether a firewall or a proxy is in "
    "between, and try again",
    "doctor.out_of_time": "the time for all checks was over before this one ended, because those "
    "before it were slow; look whether the network or a server is overloaded, and try again",
    "doctor.fault": "the check itself failed ({error}); please report it",
    "doctor.little_room": "only {free_mb} MB are free where {path} lies; make room, or move the "
    "data folder with --data-dir",
    "doctor.damaged": "the database {path} is damaged ({reason}); restore a backup, or start "
    "the program: it keeps the damaged file and begins a new one",
    "doctor.token_kept": "api.token is set, but is never sent to {host} without https; use an "
    "https address",
    "doctor.token_wanted": "the API at {host} wants a token; set api.token",
    "doctor.api_unreadable": "{count} readings of the API cannot be understood; check api.url",
    "settings.unreadable": "the settings file cannot be opened ({reason}); give yourself the "
    "right to read it",
    "settings.damaged": "the settings file was damaged and is kept as {kept_as}; put it right, "
    "or set up the program again",
    "data_dir.unusable": "the data folder {path} cannot be written ({reason}); give yourself "
    "the right to, or choose another one with --data-dir",
    "store.locked": "another program holds the database; close it",
    "store.foreign": "{path} is a database of another program; choose another data folder",
    "store.newer_version": "{path} was written by a newer version of this program; use that one",
    "store.read_only": "the database cannot be written; give yourself the right to",
    "store.full": "the disk is full; make room",
    "store.failed": "the database reported an error ({reason}); look at the disk, and have a "
    "backup at hand",
}

_SERVER = {
    "server.unreachable": "no database server answers at {host}:{port} ({detail}); check "
    "storage.mysql_host and storage.mysql_port, and whether it runs",
    "server.dns": "no computer named {host!r} was found; check storage.mysql_host",
    "server.silent": "the database server does not answer; look whether it is overloaded",
    "server.lost": "the connection to the database server was lost ({detail}); try again",
    "server.auth": "the database server refused the user {user!r} or the password; check "
    "storage.mysql_user and the password",
    "server.auth_or_tls": "the database server refused the user {user!r} or the password, or "
    "takes this user only with TLS; check these and storage.mysql_tls",
    "server.no_credentials": "storage.mysql_user is not set; name the user of the database",
    "server.no_database": "the database server has no database {database!r}; create it, or "
    "check storage.mysql_database",
    "server.permission": "the database user lacks a right ({detail}); grant SELECT, INSERT, "
    "UPDATE, DELETE, CREATE, ALTER and INDEX on the database",
    "server.tls": "TLS with the database server failed ({cause}); check storage.mysql_tls and "
    "storage.mysql_ca_file",
    "server.plain_password": "the database server asked for the password in clear text; use "
    "TLS, or another way of login for this user",
    "server.read_only": "the database server is read-only; choose the one that takes rows",
    "server.too_many_connections": "the database server takes no more connections; raise its "
    "limit, or end other ones",
    "server.failed": "the database server reported error {number}: {reason}",
    "server.adoption_needed": "the database {database!r} of the earlier system holds {rows} "
    "readings and needs {columns} more columns; say yes in the window, or start with --yes",
    "server.migration_needed": "the database {database!r} needs {columns} more columns; say yes "
    "in the window, or start with --yes",
    "server.newer_version": "the database was last used by a newer version of this program; "
    "use that one",
    "server.wrong_column": "the column {column} of {table} is {type}, which cannot hold its "
    "values; change it",
}

_API = {
    "api.bad_url": "{url!r} is not an address of an API ({why}); it looks like "
    "http://192.168.1.20:5000",
    "api.not_private": "http to {host} would be readable on the way; use https",
    "api.dns": "no computer named {host!r} was found; check api.url and the network",
    "api.unreachable": "nothing answers at {host}:{port} ({detail}); check api.url, and whether "
    "the API runs",
    "api.timeout": "the API at {host} does not answer in {seconds} s; look whether it is "
    "overloaded, or raise api.timeout_s",
    "api.tls": "TLS with {host} failed ({cause}); check the certificate, or the address",
    "api.http": "the API at {host} answers with the error {status}; look into its log",
    "api.busy": "the API at {host} takes no requests now ({status}); try again later",
    "api.auth": "the API at {host} refused the token ({status}); set the right api.token",
    "api.not_found": "the API at {host} has no {path}; check the path in api.url",
    "api.redirected": "{host} sends on to another address ({status}); give that one as api.url",
    "api.too_big": "the answer of {host} has more than {limit_mb} MB; check api.url",
    "api.not_json": "what answers at {host} is not this system's API; check api.url",
    "api.refused": "the API at {host} refused the request ({status}: {reason})",
    "api.lost": "{host} broke the connection off ({detail}); look into its log",
    "local_api.port_busy": "another program uses {host}:{port}; close it, or choose another "
    "local_api.port",
    "local_api.cannot_listen": "{host}:{port} cannot be used ({reason}); check local_api.host",
    "local_api.no_consent": "other computers may not reach the local API at {host} yet; allow "
    "it with local_api.allow_network, or use 127.0.0.1",
    "local_api.no_token": "beyond this computer the local API needs a token; set local_api.token",
}

_FAULTS = {**_PROGRAM, **BROKER, **_SERVER, **_API}


def finding(problem: Problem, *, builtin: bool = False) -> str:
    """The problem and what to do, in English and on one line; `builtin` where the broker is
    the program's own."""
    known = NOT_A_FAULT.get(problem.code) or _FAULTS.get(problem.code)
    variant = variant_of(problem)
    template = BROKER_CAUSES.get(variant, known)
    if builtin:
        template = BUILTIN.get(variant, template)
    if template is None:
        return sentence(problem)
    try:
        return printable(template.format(**worded(problem.code, problem.params)))
    except (KeyError, IndexError):
        return sentence(problem)
