"""A real mosquitto on a free loopback port, and an observer that keeps what it hears."""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

HOST = "127.0.0.1"
#: A broker that does not answer after this is broken.
READY_S = 30.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


class Broker:
    """A mosquitto that remembers nothing between starts; its port stays the same."""

    def __init__(
        self,
        folder: Path,
        *,
        users: dict[str, str] | None = None,
        tls: tuple[Path, Path] | None = None,
        more: tuple[str, ...] = (),
    ) -> None:
        """`users` have passwords, nobody else is let in; `tls`: certificate and key; `more`: lines for its file."""
        self._program = _mosquitto()
        self._folder = folder
        self._users = users
        self._tls = tls
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        config = self._folder / "mosquitto.conf"
        config.write_text("\n".join(self._lines()) + "\n")
        with (self._folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + READY_S
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mosquitto did not start:\n{(self._folder / 'mosquitto.log').read_text()}")
            time.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        """End it, politely or not; its clients lose their connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self._process.wait(READY_S)
            self._process = None

    def freeze(self) -> None:
        """Let it hear and answer nothing any more, with all connections open; `stop` with `kill` ends it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def restart(self, *, kill: bool = False) -> None:
        """Stop and start it on the same port; what was retained is gone."""
        self.stop(kill=kill)
        self.start()

    def clients(self) -> set[str]:
        """The ids of those who are connected now; those of observers begin with `auto-`."""
        found: set[str] = set()
        for line in (self._folder / "mosquitto.log").read_text().splitlines():
            if line.endswith(" starting"):
                found.clear()
            elif match := re.search(r": New client connected from \S+ as (\S+) ", line):
                found.add(match[1])
            elif match := re.search(r": Client (\S+) (?:disconnected|closed|has exceeded)", line):
                found.discard(match[1])
        return found

    def observer(self, *filters: str, **login: str) -> Observer:
        """A client of this broker that is subscribed to the filters, by default to everything."""
        return Observer(self.port, filters or ("#",), **login)

    def _lines(self) -> Iterator[str]:
        yield f"listener {self.port} {HOST}"
        if self._users is None:
            yield "allow_anonymous true"
        else:
            passwords = self._folder / "passwords"
            passwords.touch(mode=0o600)
            for user, password in self._users.items():
                maker = shutil.which("mosquitto_passwd") or "/usr/bin/mosquitto_passwd"
                subprocess.run([maker, "-b", str(passwords), user, password], check=True, capture_output=True)
            yield from ("allow_anonymous false", f"password_file {passwords}")
        if self._tls is not None:
            yield from (f"certfile {self._tls[0]}", f"keyfile {self._tls[1]}")
        yield "persistence false"
        yield from self._more
        yield "user root"  # it must read files that only the test's user may read

    def _accepts(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message as the observer got it."""

    topic: str
    payload: bytes
    retained: bool
    at: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        """The payload as text."""
        return self.payload.decode()


class Observer:
    """Keeps every message in the order in which it came, and publishes; a context manager."""

    def __init__(self, port: int, filters: tuple[str, ...], *, username: str = "", password: str = "") -> None:
        """Nothing is connected before `open` or `with`."""
        self._port = port
        self._filters = filters
        self._changed = threading.Condition()
        self._subscribed = threading.Event()
        self.heard: list[Heard] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        if username:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(0.05, 0.2)  # type: ignore[arg-type]
        self._client.on_connect = lambda client, *_: client.subscribe([(name, 1) for name in self._filters])
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._hear

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect; it hears everything from when this returns."""
        self._client.connect_async(HOST, self._port)
        self._client.loop_start()
        assert self._subscribed.wait(READY_S), "the observer was not let in"

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(READY_S)

    def wait(self, condition: Callable[[list[Heard]], bool], timeout_s: float = READY_S) -> list[Heard]:
        """Wait until what was heard fulfils the condition; all of it."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.heard), timeout_s):
                told = "\n".join(f"{message.topic} {message.payload[:200]!r}" for message in self.heard)
                pytest.fail(f"not heard within {timeout_s} s; heard was:\n{told}")
            return list(self.heard)

    def on(self, topic: str) -> list[Heard]:
        """What was heard on one topic."""
        with self._changed:
            return [message for message in self.heard if message.topic == topic]

    def clear(self) -> None:
        """Forget what was heard."""
        with self._changed:
            self.heard.clear()

    def _hear(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        with self._changed:
            self.heard.append(Heard(topic=message.topic, payload=bytes(message.payload), retained=message.retain))
            self._changed.notify_all()


def _mosquitto() -> str:
    path = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if path is None:
        pytest.skip("mosquitto is not installed: run script/bootstrap")
    return path
