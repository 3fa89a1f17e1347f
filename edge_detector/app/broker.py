"""The demo's own broker on a free loopback port: mosquitto where it is installed, else an embedded one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_detector.core.errors import BrokerError

HOST = "127.0.0.1"
#: Debian puts it where only root's PATH leads.
_SYSTEM_PATH = "/usr/sbin:/usr/local/sbin"
#: Another program may take the port between its choice and its use.
_TRIES = 3
_READY_S = 10.0
_STOP_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnBroker:
    """A broker that runs for us alone."""

    name: Literal["mosquitto", "amqtt"]
    port: int
    #: What it speaks at best.
    protocol: Literal["5", "3.1.1"]


def find_mosquitto() -> str | None:
    """The path of mosquitto, None where it is not installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SYSTEM_PATH)


@asynccontextmanager
async def own_broker(program: str | None) -> AsyncIterator[OwnBroker]:
    """A broker for as long as the context lasts: this mosquitto, or the embedded one; raises BrokerError."""
    async with _mosquitto(program) if program else _embedded() as broker:
        yield broker


@asynccontextmanager
async def _mosquitto(program: str) -> AsyncIterator[OwnBroker]:
    with tempfile.TemporaryDirectory(prefix="porchlight-broker-") as folder:
        process, port = await _start(program, Path(folder))
        try:
            yield OwnBroker(name="mosquitto", port=port, protocol="5")
        finally:
            await asyncio.to_thread(_end, process)


async def _start(program: str, folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    config, log = folder / "mosquitto.conf", folder / "mosquitto.log"
    for _ in range(_TRIES):
        port = _free_port()
        config.write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence false\n", encoding="utf-8")
        with log.open("ab") as out:
            # In a session of its own, so that Ctrl-C at the terminal ends us first and we end it.
            process = await asyncio.to_thread(
                subprocess.Popen, [program, "-c", str(config)], stdout=out, stderr=out, start_new_session=True
            )
        if await _answers(process, port):
            return process, port
        await asyncio.to_thread(_end, process)
    raise BrokerError(f"{program} does not start: {log.read_text(encoding='utf-8', errors='replace').strip()[-300:]}")


async def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Does it accept connections before it ends or the time is up?"""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_READY_S):
            while process.poll() is None:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@asynccontextmanager
async def _embedded() -> AsyncIterator[OwnBroker]:
    try:
        from amqtt.broker import Broker  # noqa: PLC0415 - an extra, and seldom needed
        from amqtt.contexts import BrokerConfig, ListenerConfig  # noqa: PLC0415 - the same
    except ImportError as error:
        raise BrokerError(
            "There is no broker for the demo: install mosquitto, or `pip install 'porchlight-edge[demo]'`"
        ) from error
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it tells every packet
    port = _free_port()
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker(BrokerConfig(listeners={"default": ListenerConfig(bind=f"{HOST}:{port}")}, plugins=plugins))
    await broker.start()
    try:
        yield OwnBroker(name="amqtt", port=port, protocol="3.1.1")
    finally:
        await broker.shutdown()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
