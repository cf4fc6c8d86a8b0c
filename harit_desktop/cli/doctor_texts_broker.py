"""What `doctor` says of a broker: what is wrong, and what to do about it."""

from __future__ import annotations

BROKER_NOT_A_FAULT: dict[str, str] = {
    "doctor.no_websocket": "the broker is reached without WebSockets (broker.transport = tcp)",
    "doctor.no_message": "nothing was sent in {seconds} s; that is well if your sensors send "
    "less often (--wait S waits longer; --listen tells which other topics are in use)",
    "doctor.unproved": "the subscription to {topic!r} is granted, but nothing can be proved: "
    "this user may not send a message to itself. Some brokers grant a topic and then keep it "
    "silent; if no reading comes, look at the broker's rules for this user",
    "doctor.withheld": "the broker grants subscriptions and then keeps them silent: a message "
    "of ours was taken and not given back. So {topic!r} may be forbidden too; if no reading "
    "comes, allow this user to read it in the broker's rules",
    "doctor.not_listening": "not done: with --listen everything on the broker is heard for 5 s "
    "and its topics are listed",
    "doctor.listen_denied": "the broker does not let this user hear everything; ask its owner "
    "which topics are in use",
    "doctor.all_silent": "nobody sent anything, on any topic that this user may hear, in "
    "{seconds} s; look whether the sensors are on and send to this broker",
    "doctor.limits_untold": "MQTT 3.1.1 tells no limits",
    "doctor.session_untold": "the broker did not let a second client in, so this was not seen",
    "doctor.session_forgotten": "the broker forgets a client that goes away: what is sent while "
    "Harit Desktop is off is lost; let the broker keep sessions",
    "doctor.client_id_untold": "not tried: it would throw off whoever uses the id. A running "
    "program that is thrown off says so; then give one of the two another broker.client_id",
}
"""Why a step was not run, or found nothing; each of them leaves the exit code alone."""

BROKER: dict[str, str] = {
    "broker.dns": "no computer named {host!r} was found; check broker.host and the network",
    "broker.refused": "nothing listens at {host}:{port}; check broker.port, and whether the "
    "broker runs",
    "broker.filtered": "a firewall turned the connection to {host}:{port} away; allow the port "
    "on this computer and on the broker's",
    "broker.unreachable": "{host}:{port} cannot be reached ({detail}); check the network",
    "broker.timeout": "the broker at {host}:{port} does not answer ({phase}); check the host, "
    "the port and firewalls",
    "broker.no_mqtt": "what answers at {host}:{port} is no MQTT broker, or expects TLS; check "
    "broker.port, broker.tls and broker.transport",
    "broker.websocket": "what answers at {host}:{port} takes no WebSocket; check broker.port, "
    "broker.transport and broker.ws_path",
    "broker.tls": "TLS with {host}:{port} failed ({cause}: {detail}); check broker.tls, "
    "broker.ca_file and the certificate's name and end",
    "broker.auth": "the broker refused the user {username!r} or the password; check "
    "broker.username and the password",
    "broker.not_authorized": "the broker does not let this user in; have its rules changed",
    "broker.rejected": "the broker does not take connections now ({reason}); try again later",
    "broker.client_id_rejected": "the broker takes only client ids that it knows, and a check "
    "uses one of its own ({client_id}); the program itself may be fine",
    "broker.client_id_in_use": "another program uses the client id {client_id!r}, and the two "
    "throw each other off; close the other one, or change broker.client_id",
    "broker.subscribe_denied": "the broker does not allow reading {topic!r} ({count} in all); "
    "check broker.topics and the broker's rules for this user",
    "broker.qos_lowered": "the broker grants {topic!r} only without confirmation ({count} in "
    "all), so readings can be lost; allow QoS 1 there",
    "broker.lost": "the broker closed the connection; look into the broker's log",
}

BROKER_CAUSES: dict[str, str] = {
    "broker.tls:untrusted": "the certificate of {host} is not trusted: nobody whom this computer "
    "knows has signed it (it names {issuer!r}); set broker.ca_file to the file of its authority",
    "broker.tls:self_signed": "{host} shows a certificate that it signed itself; set "
    "broker.ca_file to that certificate, after comparing it with the broker's owner",
    "broker.tls:expired": "the certificate of {host} ended on {ends}; have it renewed. This "
    "computer says it is {now}; if that is wrong, set the clock",
    "broker.tls:not_yet_valid": "the certificate of {host} holds only from {begins} on, and this "
    "computer says it is {now}; set the clock if it is behind, else have a new one made",
    "broker.tls:clock": "this computer's clock is wrong, it says {now}; so the certificate of "
    "{host} seems not to hold (it does from {begins} to {ends}). Set date, time and time zone",
    "broker.tls:hostname": "the certificate is for another name than {host!r}: {names}; set "
    "broker.host to a name in it, or have one made for {host!r}",
    "broker.tls:not_tls": "{host}:{port} does not speak TLS; set broker.tls to false, or "
    "broker.port to the one for TLS, often 8883",
    "broker.tls:protocol": "{host} offers only an outdated version of TLS ({detail}); have the "
    "broker brought up to date (TLS 1.2 or newer)",
    "broker.tls:client_certificate": "{host} wants a certificate of this computer; set "
    "broker.cert_file and broker.key_file to those that its owner gave you",
    "broker.tls:client_refused": "{host} refused the certificate in broker.cert_file ({detail}); "
    "ask the broker's owner for one that it trusts",
    "broker.tls:client_expired": "the certificate in broker.cert_file has ended; ask the "
    "broker's owner for a new one",
    "broker.tls:key_mismatch": "broker.key_file does not belong to broker.cert_file; choose the "
    "two that were made together",
    "broker.tls:passphrase": "the pass phrase does not open broker.key_file; enter it again",
    "broker.tls:passphrase_missing": "broker.key_file is locked with a pass phrase and none is "
    "known; enter it in the settings, or in HARIT_BROKER__KEY_PASSPHRASE",
    "broker.tls:ca_file": "broker.ca_file cannot be read ({detail}); choose a file of "
    "certificates (PEM)",
    "broker.tls:cert_file": "broker.cert_file or broker.key_file cannot be used ({detail}); "
    "choose files in the PEM format",
    "broker.no_mqtt:tls_port": "{host}:{port} expects TLS; set broker.tls to true",
    "broker.no_mqtt:websocket_port": "{host}:{port} is for WebSockets; set broker.transport to "
    "websockets, or broker.port to the one for MQTT, often 1883",
    "broker.no_mqtt:tls_websocket_port": "{host}:{port} is for WebSockets with TLS; set "
    "broker.transport to websockets and broker.tls to true",
    "broker.no_mqtt:web_server": "what answers at {host}:{port} is a web server; check "
    "broker.port, which for MQTT is often 1883 or 8883",
    "broker.websocket:tcp_port": "{host}:{port} speaks MQTT without WebSockets; set "
    "broker.transport to tcp, or broker.port to the one for WebSockets",
    "broker.websocket:path": "{host}:{port} has no WebSocket under {path!r} (answer {status}); "
    "check broker.ws_path, which is often /mqtt",
    "broker.websocket:login": "{host}:{port} wants a login before the WebSocket (answer "
    "{status}), which is not possible; ask for another way in",
    "broker.websocket:silent": "{host}:{port} does not answer the request for a WebSocket; check "
    "broker.port and broker.transport",
    "broker.auth:anonymous": "the broker wants a user and a password; set broker.username and "
    "the password",
    "broker.auth:no_password": "the broker refused the user {username!r}, for whom no password "
    "is known; enter it in the settings, or in HARIT_BROKER__PASSWORD",
}
"""By code and cause."""

_BUILTIN_PASSWORD = "enter it in the settings, or in HARIT_BUILTIN_BROKER__PASSWORD"

BUILTIN: dict[str, str] = {
    "broker.auth": "the built-in broker refused the user {username!r} or the password; the "
    f"running program knows another one: {_BUILTIN_PASSWORD}",
    "broker.auth:anonymous": "the built-in broker wants a user and a password; set "
    f"builtin_broker.username, and the password: {_BUILTIN_PASSWORD}",
    "broker.auth:no_password": "the built-in broker refused the user {username!r}, for whom no "
    f"password is known; {_BUILTIN_PASSWORD}",
}
"""What is said otherwise of the broker that is part of the program, by code and cause."""
