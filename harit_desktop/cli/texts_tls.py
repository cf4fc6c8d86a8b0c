"""Why TLS failed, as lines for the terminal: by cause, with what can be done."""

from __future__ import annotations

from collections.abc import Mapping

_CAUSES = {
    "untrusted": "the certificate is not trusted",
    "expired": "the certificate has expired",
    "not_yet_valid": "the certificate is not valid yet",
    "hostname": "the certificate is for another name",
    "not_tls": "TLS is not spoken there",
    "protocol": "the TLS version is outdated",
    "client_certificate": "a client certificate is wanted, or ours was refused",
    "ca_file": "the CA file cannot be read",
    "cert_file": "the client certificate or its key cannot be used",
    "required": "TLS is required",
    "other": "the cause is not known",
}

BROKER_TLS = {
    "broker.tls:untrusted": "the certificate of {host}:{port} is not trusted; set broker.ca_file "
    "to the file of its authority (harit-desktop doctor says who signed it)",
    "broker.tls:expired": "the certificate of {host}:{port} has expired; have it renewed, or set "
    "this computer's clock if that is wrong",
    "broker.tls:not_yet_valid": "the certificate of {host}:{port} is not valid yet; look at this "
    "computer's date and time",
    "broker.tls:hostname": "the certificate of {host}:{port} is for another name; set broker.host "
    "to a name in it (harit-desktop doctor lists them)",
    "broker.tls:not_tls": "{host}:{port} does not speak TLS; set broker.tls to false, or "
    "broker.port to the one for TLS, often 8883",
    "broker.tls:protocol": "{host}:{port} offers only an outdated version of TLS; have the broker "
    "brought up to date",
    "broker.tls:client_certificate": "{host}:{port} wants a client certificate, or refused ours; "
    "set broker.cert_file and broker.key_file to those that its owner gave you",
    "broker.tls:ca_file": "broker.ca_file cannot be read ({detail}); choose a file of "
    "certificates (PEM)",
    "broker.tls:cert_file": "broker.cert_file or broker.key_file cannot be used ({detail}); "
    "choose files in the PEM format",
    "broker.tls:key_mismatch": "broker.key_file does not belong to broker.cert_file; choose the "
    "two that were made together",
    "broker.tls:passphrase": "the pass phrase does not open broker.key_file; enter it again",
    "broker.tls:passphrase_missing": "broker.key_file is locked with a pass phrase and none is "
    "known; enter it in the settings, or in HARIT_BROKER__KEY_PASSPHRASE",
}
"""By code and cause."""


def worded(code: str, params: Mapping[str, str | int | float]) -> dict[str, str | int | float]:
    """The parameters of a problem with TLS, its cause in words where there are some."""
    shown = dict(params)
    if code.endswith((".tls", "_tls")) and "cause" in shown:
        shown["cause"] = _CAUSES.get(str(shown["cause"]), shown["cause"])
    return shown
