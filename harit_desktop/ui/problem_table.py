"""The table behind `problem_texts`: one entry a problem code.

A key `code:variant` is chosen by the parameter named in `VARIANT_PARAMS`.
"""

from harit_desktop.ui.problem_entry import Entry
from harit_desktop.ui.problem_table_alerts import ALERT_ENTRIES
from harit_desktop.ui.problem_table_api import API_ENTRIES
from harit_desktop.ui.problem_table_broker import BROKER_ENTRIES, BUILTIN_IN_USE
from harit_desktop.ui.problem_table_profiles import PROFILE_ENTRIES
from harit_desktop.ui.problem_table_program import PROGRAM_ENTRIES
from harit_desktop.ui.problem_table_server import SERVER_ENTRIES
from harit_desktop.ui.problem_table_store import STORE_ENTRIES
from harit_desktop.ui.problem_table_templates import TEMPLATE_ENTRIES
from harit_desktop.ui.translation_marks import QT_TRANSLATE_NOOP

__all__ = ["BUILTIN_IN_USE", "ENTRIES", "GENERIC", "VARIANT_PARAMS"]

VARIANT_PARAMS = {
    "broker_profile.bad_file": "setting",
    "alerts.email_bad_address": "why",
    "broker.tls": "cause",
    "broker.no_mqtt": "cause",
    "broker.auth": "cause",
    "broker.websocket": "cause",
    "broker.lost": "cause",
    "broker.timeout": "phase",
    "broker.not_authorized": "topic",
    "api.bad_url": "why",
    "api.tls": "cause",
    "server.auth": "password",
    "server.silent": "now",
    "server.tls": "cause",
    "server.table_missing": "now",
    "store.restored": "place",
    "template.invalid": "why",
}

ENTRIES: dict[str, Entry] = {
    **BROKER_ENTRIES,
    **SERVER_ENTRIES,
    **STORE_ENTRIES,
    **API_ENTRIES,
    **ALERT_ENTRIES,
    **PROFILE_ENTRIES,
    **PROGRAM_ENTRIES,
    **TEMPLATE_ENTRIES,
}

GENERIC = Entry(
    "warn",
    QT_TRANSLATE_NOOP("Problems", "Something went wrong."),
    "",
    QT_TRANSLATE_NOOP("Problems", "Details say what; copy them if you ask for help."),
    ("dismiss",),
)
