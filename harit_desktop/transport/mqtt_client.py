"""Builds one configured paho client for one connection."""

import ssl
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import msgspec
from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harit_desktop.transport.endpoint import MqttEndpoint
from harit_desktop.transport.mqtt_errors import TlsFileError

ProtocolVersion = Literal["5", "3.1.1"]

RECEIVE_MAXIMUM = 1000
"""Unacknowledged messages that an MQTT 5 broker may have under way to us."""

MAXIMUM_PACKET_BYTES = 262_144
CONNECT_TIMEOUT_S = 10.0
_READ_BYTES = 65_536
_PUBLISH = 0x30
_PUBACK = 0x40


@dataclass(frozen=True)
class Will:
    """What the broker publishes, retained, when this client vanishes.

    `delay_s` is how long an MQTT 5 broker waits for it to come back first.
    """

    topic: str
    payload: bytes
    delay_s: int = 30


@dataclass(frozen=True)
class SessionOptions:
    """What the broker keeps of this client while it is away.

    `persistent` is the MQTT 3.1.1 form (for as long as the broker likes),
    `expiry_s` the MQTT 5 form.
    """

    persistent: bool = True
    expiry_s: int = 7 * 24 * 3600
    will: Will | None = None


class Publication(msgspec.Struct, frozen=True, gc=False):
    """An incoming message with the fields of paho's `MQTTMessage` that this program reads."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    mid: int


class BufferedClient(mqtt.Client):
    """A paho client that reads its socket in large pieces and acknowledges in one write.

    paho reads the header of every packet byte by byte, one system call each, makes a list of
    some forty properties for each message and queues every acknowledgement by itself: 50 us of
    processor time a message, against 5 us with `take_publications`. The private names used
    here exist in paho 2.0 to 2.2; without them the class behaves as paho does.
    """

    _piece: bytes = b""
    _piece_at: int = 0
    peer_closed: bool = False
    """The broker closed the connection in good order."""
    received_s: float = 0.0
    """When bytes last came in, by the monotonic clock."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self.has_buffered:
            # A WebSocket wrapper must be asked for exactly what is wanted.
            size = bufsize if self.transport == "websockets" else _READ_BYTES
            self._piece, self._piece_at = super()._sock_recv(size), 0
            self.peer_closed = not self._piece
            self.received_s = time.monotonic()
        start = self._piece_at
        taken = self._piece[start : start + bufsize]
        self._piece_at = start + len(taken)
        return taken

    @property
    def has_buffered(self) -> bool:
        """Whether bytes were read from the socket that paho has not asked for yet."""
        return self._piece_at < len(self._piece)

    def take_publications(self, limit: int) -> list[Publication]:
        """Takes whole, plain messages out of what was read, at most `limit`, oldest first.

        Empty where the next bytes are anything else (another packet, one that has properties
        or more than 16 KB, only a part of one, a fault): those are for paho.
        """
        found: list[Publication] = []
        packet = getattr(self, "_in_packet", None)
        if packet is None or packet.get("command") != 0:
            return found
        at = self._piece_at
        while len(found) < limit:
            read = read_publication(self._piece, at, self.protocol is MQTTProtocolVersion.MQTTv5)
            if read is None:
                break
            publication, at = read
            found.append(publication)
        self._piece_at = at
        return found

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Sends PUBACKs in the order given; callable from any thread."""
        queue = getattr(self, "_packet_queue", None)
        if queue is None:
            for packet_id in packet_ids:
                self.ack(packet_id, 1)
        elif packet_ids:
            packets = b"".join(struct.pack("!BBH", _PUBACK, 2, each) for each in packet_ids)
            queue(_PUBACK, packets, packet_ids[-1], 1)


def read_publication(data: bytes, at: int, is_v5: bool) -> tuple[Publication, int] | None:
    """The plain PUBLISH of QoS 0 or 1 that begins at `at`, and where the next packet begins.

    None for everything that is not certainly one, whole and in order (MQTT 3.1.1 and 5, 3.3).
    """
    available = len(data)
    if at + 2 > available:
        return None
    first = data[at]
    qos = first >> 1 & 3
    if first & 0xF0 != _PUBLISH or qos > 1:
        return None
    length, body = data[at + 1], at + 2
    if length > 127:
        if body >= available or data[body] > 127:
            return None
        length, body = length & 127 | data[body] << 7, body + 1
    stop = body + length
    # The shortest body has a topic of one character.
    if stop > available or length < 3:
        return None
    topic_end = body + 2 + (data[body] << 8 | data[body + 1])
    payload_at = topic_end + 2 * qos + is_v5
    if payload_at > stop or topic_end == body + 2:
        return None
    if is_v5 and data[payload_at - 1]:
        return None
    packet_id = (data[topic_end] << 8 | data[topic_end + 1]) if qos else 0
    topic = _topic(data[body + 2 : topic_end])
    if topic is None or (qos and not packet_id):
        return None
    publication = Publication(
        topic, data[payload_at:stop], qos, bool(first & 1), bool(first & 8), packet_id
    )
    return publication, stop


@lru_cache(maxsize=256)
def _topic(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def build_client(
    endpoint: MqttEndpoint, version: ProtocolVersion, options: SessionOptions
) -> BufferedClient:
    """A client for one connection attempt; it never reconnects by itself.

    Raises TlsFileError for an unusable certificate or key file.
    """
    # MQTT 3.1.1 keeps no session for a client without a name.
    keeps_session = options.persistent and bool(endpoint.client_id)
    client = BufferedClient(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        clean_session=None if version == "5" else not keeps_session,
        protocol=MQTTProtocolVersion.MQTTv5 if version == "5" else MQTTProtocolVersion.MQTTv311,
        transport=endpoint.transport,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.suppress_exceptions = True
    client.connect_timeout = CONNECT_TIMEOUT_S
    if endpoint.username:
        client.username_pw_set(endpoint.username, endpoint.password or None)
    if endpoint.transport == "websockets":
        client.ws_set_options(path=endpoint.ws_path)
    if endpoint.tls:
        client.tls_set_context(tls_context(endpoint))
    if options.will is not None:
        _set_will(client, version, options.will)
    return client


def connect(
    client: BufferedClient,
    endpoint: MqttEndpoint,
    version: ProtocolVersion,
    options: SessionOptions,
) -> None:
    """Opens the connection and queues CONNECT. Blocks; raises what socket and ssl raise."""
    if version != "5":
        client.connect(endpoint.host, endpoint.port, keepalive=endpoint.keepalive_s)
        return
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = options.expiry_s
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    properties.MaximumPacketSize = MAXIMUM_PACKET_BYTES
    client.connect(
        endpoint.host,
        endpoint.port,
        keepalive=endpoint.keepalive_s,
        clean_start=False,
        properties=properties,
    )


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped


def _set_will(client: BufferedClient, version: ProtocolVersion, will: Will) -> None:
    properties: Properties | None = None
    if version == "5" and will.delay_s:
        properties = _properties(PacketTypes.WILLMESSAGE)
        properties.WillDelayInterval = will.delay_s
    client.will_set(will.topic, will.payload, qos=1, retain=True, properties=properties)


class _TlsSocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho drops the object and leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(endpoint: MqttEndpoint) -> ssl.SSLContext:
    """What verifies the broker and identifies us. Raises TlsFileError for an unusable file."""
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file or None)
    except (OSError, ValueError) as error:
        raise TlsFileError("ca_file", str(error)) from error
    context.sslsocket_class = _TlsSocket
    context.check_hostname = endpoint.verify_hostname
    if endpoint.cert_file:
        try:
            # A passphrase is always given: without one OpenSSL would ask on the terminal.
            context.load_cert_chain(
                endpoint.cert_file, endpoint.key_file or None, endpoint.key_passphrase
            )
        except (OSError, ValueError) as error:
            raise TlsFileError("cert_file", str(error)) from error
    return context
