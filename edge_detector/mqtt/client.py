"""The connection to the broker: paho-mqtt on a network thread of its own, told as six callbacks."""

from __future__ import annotations

import contextlib
import logging
import ssl
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_detector.config.mqtt import MqttConfig, TlsConfig
from edge_detector.core.errors import BrokerError
from edge_detector.mqtt.connection import Listener
from edge_detector.mqtt.topics import Message

_LOG = logging.getLogger(__name__)

#: Between tries to connect: from about a second, doubled up to half a minute.
RECONNECT_MIN_S = 1.0
RECONNECT_MAX_S = 30.0
#: Nodes that a power cut stopped together do not come back in step.
RECONNECT_SPREAD = 0.5

#: Nobody has a reason to send more; a broker of MQTT 5 keeps it from us.
MAX_INCOMING_BYTES = 65536

#: More than what a message has around its payload: topic, numbers, properties.
PACKET_OVERHEAD_BYTES = 512

#: What a reason of the broker's means for the user.
_HINTS = {"Session taken over": "another client has the same mqtt.client_id"}

#: How long the farewell may take when the program ends.
FAREWELL_S = 2.0

#: How long a first connection may take.
CHECK_S = 5.0


class MqttClient:
    """A `Connection` that comes back by itself; nothing here raises after the constructor."""

    def __init__(
        self,
        config: MqttConfig,
        *,
        client_id: str,
        random01: float = 0.0,
        reconnect_min_s: float = RECONNECT_MIN_S,
        reconnect_max_s: float = RECONNECT_MAX_S,
    ) -> None:
        """`client_id` holds where the configuration has none; raises BrokerError for what can never work."""
        self._config = config
        self._where = f"{config.host}:{config.port}"
        self._listener: Listener = _Deaf()
        self._will: Message | None = None
        self._connected = False
        self._refused = False
        self._stopping = False
        self._limit_bytes = sys.maxsize
        #: Why there is no connection, as one sentence; None while there is one.
        self.problem: str | None = f"not connected to the MQTT broker at {self._where} yet"
        self._paho = _paho_client(config, client_id)
        delay_s = min(reconnect_min_s * (1 + RECONNECT_SPREAD * random01), reconnect_max_s)
        # paho takes fractions of a second, whatever its signature says.
        self._paho.reconnect_delay_set(delay_s, reconnect_max_s)  # type: ignore[arg-type]
        self._paho.on_connect = self._on_connect
        self._paho.on_connect_fail = self._on_connect_fail
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message
        self._paho.on_publish = self._on_publish
        self._paho.on_subscribe = self._on_subscribe

    @property
    def connected(self) -> bool:
        """Whether the broker accepted us and the line stands."""
        return self._connected

    def start(self, listener: Listener, *, will: Message | None) -> None:
        """Connect in the background; the listener is called from the network thread."""
        self._listener = listener
        self._will = will
        if will:
            self._paho.will_set(will.topic, will.payload, will.qos, will.retain)
        more: dict[str, Any] = {}
        if self._config.protocol == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = MAX_INCOMING_BYTES
            more = {"clean_start": True, "properties": properties}
        self._paho.connect_async(self._config.host, self._config.port, keepalive=self._config.keepalive_s, **more)
        self._paho.loop_start()

    def publish(self, topic: str, payload: bytes | str, *, qos: int, retain: bool) -> int | None:
        """Send at once when connected, else drop; the number that `on_ack` will tell, None when dropped."""
        if not self._connected:
            return None
        if len(payload) + PACKET_OVERHEAD_BYTES > self._limit_bytes:
            _LOG.warning("A message on %s is too large for the MQTT broker at %s", topic, self._where)
            return None  # it would hang up, and again on every connect
        info = self._paho.publish(topic, payload, qos=qos, retain=retain)
        return info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def subscribe(self, filters: Sequence[tuple[str, int]]) -> int | None:
        """Ask for topics, each with its quality of service; the number that `on_ack` will tell."""
        _, mid = self._paho.subscribe(list(filters))
        return mid

    def stop(self) -> None:
        """Publish the will when connected, hang up and end the thread; takes a second or two."""
        if self._connected and self._will:
            info = self._paho.publish(self._will.topic, self._will.payload, self._will.qos, self._will.retain)
            with contextlib.suppress(RuntimeError):  # the line broke meanwhile: the broker says it for us
                info.wait_for_publish(FAREWELL_S)
        self._stopping = True
        self._connected = False
        self._paho.disconnect()
        self._paho.loop_stop()

    # --- paho's callbacks, on the network thread --------------------------------------------------------------------

    def _on_connect(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, more: Properties | None
    ) -> None:
        self._refused = code.is_failure
        if self._refused:
            self._failed(_refusal(code, self._where, self._config.username))
            return
        # What was under way when the line broke is old now: states are sent anew, events wait in the journal.
        self._paho.drop_out_messages()
        self._limit_bytes = getattr(more, "MaximumPacketSize", sys.maxsize)
        self._connected = True
        self.problem = None
        _LOG.info("Connected to the MQTT broker at %s", self._where)
        self._listener.on_connected()

    def _on_connect_fail(self, _client: object, _data: object) -> None:
        # paho calls this while it handles the error, and does not hand it over.
        self._failed(f"the MQTT broker at {self._where} cannot be reached: {_plain(sys.exception())}")

    def _on_disconnect(
        self, _client: object, _data: object, flags: paho.DisconnectFlags, code: ReasonCode, _more: object
    ) -> None:
        if not self._connected:
            if not self._refused and not self._stopping:  # a refusal was told when it came
                self._failed(f"the MQTT broker at {self._where} hangs up at once: check mqtt.port and mqtt.tls")
            self._refused = False
            return
        self._connected = False
        reason = f"the connection to the MQTT broker at {self._where} was lost"
        if flags.is_disconnect_packet_from_server:
            reason += f": {_HINTS.get(str(code), code)}"
        self.problem = reason
        _LOG.warning("%s", reason)
        self._listener.on_disconnected(reason)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self._listener.on_message(message.topic, bytes(message.payload), retained=message.retain)

    def _on_publish(self, _client: object, _data: object, mid: int, code: ReasonCode, _more: object) -> None:
        if code.is_failure:
            _LOG.warning("The MQTT broker at %s refused a message: %s", self._where, code)
        else:
            self._listener.on_ack(mid)

    def _on_subscribe(self, _client: object, _data: object, mid: int, codes: list[ReasonCode], _more: object) -> None:
        for code in codes:
            if code.is_failure:
                _LOG.warning("The MQTT broker at %s refused a subscription: %s", self._where, code)
        self._listener.on_ack(mid)

    def _failed(self, problem: str) -> None:
        """Tell a failure once as a warning, and its repetitions to whoever debugs."""
        level = logging.DEBUG if self.problem == problem else logging.WARNING
        self.problem = problem
        _LOG.log(level, "%s", problem)
        self._listener.on_disconnected(problem)


class _Deaf:
    """A listener that hears nothing."""

    def on_connected(self) -> None:
        """Not heard."""

    def on_disconnected(self, reason: str) -> None:
        """Not heard."""

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Not heard."""

    def on_ack(self, mid: int) -> None:
        """Not heard."""


class _Waiter(_Deaf):
    """Waits for the first word of a connection."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def on_connected(self) -> None:
        self.told.set()

    def on_disconnected(self, reason: str) -> None:
        del reason  # the client keeps it
        self.told.set()


def check(config: MqttConfig, *, client_id: str, timeout_s: float = CHECK_S) -> str:
    """Connect once, beside a node that may be connected: a sentence on success, BrokerError with the remedy."""
    client = MqttClient(config.model_copy(update={"client_id": None}), client_id=f"{client_id}-check")
    waiter = _Waiter()
    client.start(waiter, will=None)
    told = waiter.told.wait(timeout_s)
    problem = client.problem if told else f"{config.host}:{config.port} does not answer as an MQTT broker"
    client.stop()
    if problem:
        raise BrokerError(problem)
    user = f"as {config.username}" if config.username else "without a user"
    return f"the MQTT broker at {config.host}:{config.port} takes us {user}"


def _paho_client(config: MqttConfig, client_id: str) -> paho.Client:
    """A client that is set up and not connected."""
    _check_host(config.host)
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=config.client_id or client_id,
        protocol=MQTTProtocolVersion.MQTTv5 if config.protocol == "5" else MQTTProtocolVersion.MQTTv311,
    )
    if config.username is not None:
        client.username_pw_set(config.username, config.password.get_secret_value() if config.password else None)
    if config.tls.enabled:
        client.tls_set_context(_tls_context(config.tls))
    return client


def _check_host(host: str) -> None:
    """A name that the resolver cannot even take would end the network thread."""
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise BrokerError(f"mqtt.host {host!r} is no host name: {error}") from error


def _tls_context(tls: TlsConfig) -> ssl.SSLContext:
    """Raises BrokerError when a file is missing or is none of its kind."""
    context = ssl.create_default_context()
    if tls.ca is not None:
        with _told(f"mqtt.tls.ca {tls.ca}"):
            context.load_verify_locations(tls.ca)
    if tls.certificate is not None:
        beside = f" with mqtt.tls.key {tls.key}" if tls.key is not None else ""
        with _told(f"mqtt.tls.certificate {tls.certificate}{beside}"):
            # Without a password OpenSSL would ask for one on the terminal, where nobody may sit.
            context.load_cert_chain(tls.certificate, tls.key, password="")
    context.check_hostname = not tls.insecure
    return context


@contextlib.contextmanager
def _told(files: str) -> Iterator[None]:
    """Turn a fault of these files into BrokerError."""
    try:
        yield
    except OSError as error:
        raise BrokerError(f"{files} cannot be used: {_plain(error)}") from error


def _plain(error: BaseException | None) -> str:
    """What an error says, without its number."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _refusal(code: ReasonCode, where: str, username: str | None) -> str:
    """A refused connection as a sentence with the remedy."""
    who = f"user {username!r}" if username else "a client without a user"
    text = str(code)
    if text in {"Bad user name or password", "Not authorized"}:
        return f"the MQTT broker at {where} refuses {who}: check mqtt.username and mqtt.password"
    if text == "Unsupported protocol version":
        return f"the MQTT broker at {where} does not speak this version: try mqtt.protocol: '3.1.1'"
    return f"the MQTT broker at {where} refuses the connection: {text}"
