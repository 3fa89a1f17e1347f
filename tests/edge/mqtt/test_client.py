"""The connection itself, on real brokers: TLS, log-in, refusals, and coming back."""

from __future__ import annotations

import logging
import queue
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from pydantic import SecretStr

from edge_detector.config.mqtt import MqttConfig, TlsConfig
from edge_detector.core.errors import BrokerError
from edge_detector.mqtt.client import MqttClient, check
from edge_detector.mqtt.topics import Message
from tests.broker import HOST, Broker, free_port

WILL = Message(topic="porchlight/pi/status", payload="offline", qos=1, retain=True)

#: paho leaves the socket of a failed handshake to the garbage collector.
LEFT_OPEN = pytest.mark.filterwarnings("ignore:.*SSLSocket.*:pytest.PytestUnraisableExceptionWarning")


class Ears:
    """A listener that keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[object, ...]] = queue.Queue()

    def on_connected(self) -> None:
        self.told.put(("connected",))

    def on_disconnected(self, reason: str) -> None:
        self.told.put(("disconnected", reason))

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        self.told.put(("message", topic, payload, retained))

    def on_ack(self, mid: int) -> None:
        self.told.put(("ack", mid))

    def next(self) -> tuple[object, ...]:
        return self.told.get(timeout=60)


@contextmanager
def connection(port: int, **config: Any) -> Iterator[tuple[MqttClient, Ears]]:  # noqa: ANN401 - any setting
    client = MqttClient(
        MqttConfig(port=port, **config), client_id="porchlight-pi", reconnect_min_s=0.05, reconnect_max_s=0.1
    )
    ears = Ears()
    client.start(ears, will=WILL)
    try:
        yield client, ears
    finally:
        client.stop()


@pytest.fixture
def certificates(tmp_path: Path, program: Callable[[str], str]) -> Callable[[str], tuple[Path, Path]]:
    """Make a certificate for a host, signed by itself, and its key."""

    def make(name: str) -> tuple[Path, Path]:
        certificate, key = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
        command = [program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{name}"]
        subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    return make


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_messages_go_both_ways(broker: Broker, protocol: str) -> None:
    with connection(broker.port, protocol=protocol) as (client, ears):
        assert ears.next() == ("connected",)
        assert client.connected
        assert client.problem is None
        subscribed = client.subscribe((("a/b", 1),))
        assert ears.next() == ("ack", subscribed)
        published = client.publish("a/b", "text", qos=1, retain=False)
        assert {ears.next(), ears.next()} == {("ack", published), ("message", "a/b", b"text", False)}
        client.publish("c/d", b"\xff", qos=1, retain=True)
        ears.next()
        client.subscribe((("c/+", 0),))
        assert ("message", "c/d", b"\xff", True) in {ears.next(), ears.next()}


def test_nothing_is_sent_late(broker: Broker) -> None:
    client = MqttClient(MqttConfig(port=broker.port), client_id="x")
    assert client.publish("a/b", "before the first connection", qos=1, retain=True) is None
    with connection(broker.port) as (client, ears):
        assert ears.next() == ("connected",)
        broker.stop(kill=True)
        assert ears.next()[0] == "disconnected"
        assert client.publish("a/b", "while the broker is away", qos=1, retain=True) is None
        assert not client.connected
        assert "cannot be reached" in str(ears.next()[1])
        broker.start()
        while ears.next() != ("connected",):
            pass
        assert client.publish("a/b", "now", qos=1, retain=True)
        with broker.observer("a/b") as observer:
            assert [message.text for message in observer.wait(bool)] == ["now"]


def test_what_was_under_way_when_the_line_broke_is_not_sent_again(broker: Broker) -> None:
    with connection(broker.port) as (client, ears):
        assert ears.next() == ("connected",)
        client._paho._out_message_mutex.acquire()  # the network thread cannot take in the acknowledgement
        try:
            broker.stop(kill=True)
        finally:
            client._paho._out_message_mutex.release()
        client._connected = True  # the line is down, and nobody has noticed yet
        client.publish("a/b", "old", qos=1, retain=True)
        broker.start()
        while ears.next() != ("connected",):
            pass
        client.publish("a/c", "new", qos=1, retain=True)
        with broker.observer() as observer:
            observer.wait(lambda heard: any(message.text == "new" for message in heard))
            assert observer.on("a/b") == []


def test_a_wrong_password_is_told_once_as_a_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Broker(tmp_path, users={"door": "right"}) as broker:
        sentence = f"the MQTT broker at {HOST}:{broker.port} refuses user 'door': check mqtt.username and mqtt.password"
        with (
            caplog.at_level(logging.WARNING),
            connection(broker.port, username="door", password="wrong") as (  # noqa: S106
                client,
                ears,
            ),
        ):
            assert [ears.next() for _ in range(3)] == [("disconnected", sentence)] * 3
            assert client.problem == sentence
        assert [record.getMessage() for record in caplog.records] == [sentence]
        with connection(broker.port, username="door", password="right") as (client, ears):  # noqa: S106
            assert ears.next() == ("connected",)


@LEFT_OPEN
def test_tls_with_an_own_certificate(tmp_path: Path, certificates: Callable[[str], tuple[Path, Path]]) -> None:
    certificate, key = certificates(HOST)
    with Broker(tmp_path, tls=(certificate, key)) as broker:
        with connection(broker.port, tls={"enabled": True, "ca": certificate}) as (client, ears):
            assert ears.next() == ("connected",)
            assert client.connected
        with connection(broker.port, tls={"enabled": True}) as (client, ears):
            assert "its certificate is not trusted: self-signed certificate" in str(ears.next()[1])
        with connection(broker.port) as (client, ears):  # without TLS
            assert "hangs up at once: check mqtt.port and mqtt.tls" in str(ears.next()[1])
    with Broker(tmp_path) as plain, connection(plain.port, tls={"enabled": True}) as (client, ears):
        assert "cannot be reached" in str(ears.next()[1])


def test_tls_with_a_certificate_of_ours(tmp_path: Path, certificates: Callable[[str], tuple[Path, Path]]) -> None:
    certificate, key = certificates(HOST)
    wanted = (f"cafile {certificate}", "require_certificate true")
    with Broker(tmp_path, tls=(certificate, key), more=wanted) as broker:
        tls = {"enabled": True, "ca": certificate}
        with connection(broker.port, tls=tls) as (_, ears):
            assert ears.next()[0] == "disconnected"
        with connection(broker.port, tls=tls | {"certificate": certificate, "key": key}) as (_, ears):
            assert ears.next() == ("connected",)


def test_a_key_with_a_password_is_told(tmp_path: Path, certificates: Callable[[str], tuple[Path, Path]]) -> None:
    certificate, key = certificates("127.0.0.1")
    locked = tmp_path / "locked.key"
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:hunter2", "-in", str(key), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    config = MqttConfig(tls=TlsConfig(enabled=True, certificate=certificate, key=locked))
    with pytest.raises(BrokerError, match=r"^mqtt\.tls\.certificate .* mqtt\.tls\.key .*locked\.key cannot be used: "):
        check(config, client_id="x")


@LEFT_OPEN
def test_tls_with_a_certificate_of_another_host(
    tmp_path: Path, certificates: Callable[[str], tuple[Path, Path]]
) -> None:
    certificate, key = certificates("192.0.2.7")
    with Broker(tmp_path, tls=(certificate, key)) as broker:
        with connection(broker.port, tls={"enabled": True, "ca": certificate}) as (_, ears):
            assert "IP address mismatch" in str(ears.next()[1])
        with connection(broker.port, tls={"enabled": True, "ca": certificate, "insecure": True}) as (_, ears):
            assert ears.next() == ("connected",)


def test_a_broker_that_refuses_topics(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = tmp_path / "acl"
    rules.write_text("topic readwrite porchlight/#\n")
    rules.chmod(0o600)
    with Broker(tmp_path, more=(f"acl_file {rules}",)) as broker, connection(broker.port) as (client, ears):
        assert ears.next() == ("connected",)
        client.publish("forbidden/topic", "x", qos=1, retain=False)
        allowed = client.publish("porchlight/pi/status", "online", qos=1, retain=True)
        assert ears.next() == ("ack", allowed)  # a refused message is never acknowledged
        # mosquitto's list lets everybody subscribe and keeps the messages back, others refuse.
        refusals = [ReasonCode(PacketTypes.SUBACK, "Granted QoS 1"), ReasonCode(PacketTypes.SUBACK, "Not authorized")]
        client._on_subscribe(None, None, 77, refusals, None)
        assert ears.next() == ("ack", 77)
    assert "refused a message: Not authorized" in caplog.text
    assert "refused a subscription: Not authorized" in caplog.text


def test_a_message_that_is_too_large_is_dropped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Broker(tmp_path, more=("max_packet_size 2000",)) as broker, connection(broker.port) as (client, ears):
        assert ears.next() == ("connected",)
        assert client.publish("a/image", b"x" * 2000, qos=0, retain=True) is None
        sent = client.publish("a/state", b"x" * 1000, qos=1, retain=True)
        assert ears.next() == ("ack", sent)
    assert "A message on a/image is too large" in caplog.text


def test_reasons_of_the_broker_are_told() -> None:
    # What this mosquitto does not say by itself.
    client, ears = MqttClient(MqttConfig(), client_id="x"), Ears()
    client._listener = ears
    for reason, sentence in (
        ("Session taken over", "was lost: another client has the same mqtt.client_id"),
        ("Server shutting down", "was lost: Server shutting down"),
    ):
        client._connected = True
        client._on_disconnect(None, None, DisconnectFlags(True), ReasonCode(PacketTypes.DISCONNECT, reason), None)
        assert str(ears.next()[1]).endswith(sentence)
    for reason, sentence in (
        ("Unsupported protocol version", "does not speak this version: try mqtt.protocol: '3.1.1'"),
        ("Server busy", "refuses the connection: Server busy"),
    ):
        client._on_connect(None, None, None, ReasonCode(PacketTypes.CONNACK, reason), None)
        assert str(ears.next()[1]).endswith(sentence)


def test_check_says_what_is_there(broker: Broker, tmp_path: Path) -> None:
    with connection(broker.port) as (client, ears):
        assert ears.next() == ("connected",)
        # Beside a node that is connected, which stays so.
        told = check(MqttConfig(port=broker.port, client_id="porchlight-pi"), client_id="porchlight-pi")
        assert told == f"the MQTT broker at {HOST}:{broker.port} takes us without a user"
        assert client.connected
    guarded = tmp_path / "guarded"
    guarded.mkdir()
    with Broker(guarded, users={"door": "right"}) as other:
        config = MqttConfig(port=other.port, username="door", password=SecretStr("right"))
        assert check(config, client_id="x").endswith("takes us as door")
        with pytest.raises(BrokerError, match="refuses a client without a user: check"):
            check(MqttConfig(port=other.port), client_id="x")


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"port": free_port()}, "cannot be reached: Connection refused"),  # nobody is there
        ({"host": "a" * 70}, "is no host name"),  # a name that no resolver takes
        ({"tls": {"enabled": True, "ca": "missing.pem"}}, "tls.ca missing.pem cannot be used: No such file"),  # a typo
    ],
)
def test_check_says_what_is_wrong(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BrokerError, match=sentence):
        check(MqttConfig(**config), client_id="x")


def test_a_silent_host_does_not_hold_the_check() -> None:
    with socket.socket() as deaf:
        deaf.bind((HOST, 0))
        deaf.listen()
        with pytest.raises(BrokerError, match="does not answer as an MQTT broker"):
            check(MqttConfig(port=deaf.getsockname()[1]), client_id="x", timeout_s=0.2)
