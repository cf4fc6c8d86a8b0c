"""The errors of HTTP as lines for the terminal."""

from __future__ import annotations

API = {
    "api.not_set": "api.url is not set, and nothing else is allowed by api.mode",
    "api.bad_url": "{url!r} is not an address the API can have ({why}); "
    "one looks like https://farm.example:5000",
    "api.not_private": "{host} is not in this network: use https:// for its API",
    "api.unreachable": "no API answers at {host}:{port} ({detail}); trying again",
    "api.dns": "no computer named {host!r} was found; trying again",
    "api.timeout": "the API at {host} has not answered for {seconds} s; trying again",
    "api.tls": "TLS with the API at {host} failed: {cause}",
    "api.http": "the API at {host} answered with error {status}; trying again",
    "api.busy": "the API at {host} is busy (answer {status}); trying again in {seconds} s",
    "api.auth": "the API at {host} refused the key (answer {status}); set api.token",
    "api.not_found": "{host} has no {path}: is api.url right?",
    "api.redirected": "the API at {host} sends elsewhere (answer {status}), which is not followed; "
    "enter its final address in api.url",
    "api.too_big": "the API at {host} sent more than {limit_mb} MB; the answer was left unread",
    "api.not_json": "what answers at {host} is not the soil-health API; trying again",
    "api.refused": "the API at {host} refused a reading (answer {status}: {reason})",
    "api.lost": "the connection to the API at {host} was lost ({detail}); trying again",
    "api.forward_own_database": "nothing is sent on: the API writes into {database!r}, which is "
    "this program's own database",
    "api.forward_own_api": "nothing is sent on: {address} is this program's own API",
    "both.down": "neither the broker {broker} nor the API {api} can be reached; trying both",
    "local_api.port_busy": "port {port} of {host} is used by another program; "
    "free it or change local_api.port",
    "local_api.cannot_listen": "the API cannot listen at {host}:{port}: {reason}",
    "local_api.no_token": "the API is not served at {host}: set local_api.token first",
    "local_api.no_consent": "the API is not served at {host}: other computers could reach it; "
    "set local_api.allow_network=true to allow that",
    "local_api.failed": "the API stopped by a fault ({reason}) and is started again",
    "publisher.outbox_full": "the outbox was full; the {count} oldest readings were left out",
    "publisher.outbox_failed": "the outbox cannot be written: {reason}",
}
