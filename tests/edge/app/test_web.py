"""The API of a whole node: real cameras, real packets, and what happens when it cannot listen."""

import asyncio
import json
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

import av
import pytest
from websockets.asyncio.client import connect

from edge_detector.app.node import Node
from edge_detector.app.system import local_zone
from edge_detector.app.web import announced_url, archive_reader
from edge_detector.archive.folder import FolderStore
from edge_detector.config import Config
from edge_detector.core.types import Bgr, Box, Detection, Packet
from edge_detector.testing import FakeDetector
from tests.broker import free_port
from tests.edge.web.client import Client


def config(folder: Path, *, source: str = "scene://door?size=320x240&fps=15", **sections: object) -> Config:
    everything = {
        "node": {"data_dir": folder},
        "cameras": {"door": {"source": source}},
        "mqtt": {"enabled": False},
        "web": {"port": free_port()},
    }
    return Config.model_validate(everything | sections)


def nobody(_: Bgr) -> tuple[Detection, ...]:
    return ()


@asynccontextmanager
async def running(settings: Config, seen: Callable[[Bgr], tuple[Detection, ...]] = nobody) -> AsyncIterator[Node]:
    node = Node(settings, detector=FakeDetector(seen))
    await node.start()
    try:
        async with asyncio.timeout(60):
            while node._cameras["door"].frame_tap.newest is None:  # noqa: ASYNC110 - the camera tells nobody here
                await asyncio.sleep(0.02)
        yield node
    finally:
        await node.stop()


def client_of(settings: Config, folder: Path) -> Client:
    return Client(port=settings.web.port, token=(folder / "api-token").read_text().strip())


def played(port: int, token: str, packets: int) -> list[bytes]:
    """Packets of the live stream as a player that knows only user and password gets them."""
    address = f"http://anybody:{token}@127.0.0.1:{port}/api/v1/cameras/door/live.ts"
    options = {"probesize": "200000", "analyzeduration": "500000"}
    with av.open(address, "r", options=options, timeout=60) as container:
        demuxed = (packet for packet in container.demux(video=0) if packet.size)
        return [bytes(next(demuxed)) for _ in range(packets)]


async def test_player_gets_the_very_packets_of_the_camera(tmp_path: Path) -> None:
    settings = config(tmp_path)
    sent: list[Packet] = []
    async with running(settings) as node:
        listener = node._cameras["door"].packet_tap.listen(lambda: None)
        assert listener is not None
        token = client_of(settings, tmp_path).token
        got = await asyncio.to_thread(played, settings.web.port, token, 40)
        sent += listener.take()
        listener.leave()
    start = next(i for i, packet in enumerate(sent) if got[0].endswith(packet.data))
    assert sent[start].keyframe
    expected = sent[start : start + len(got)]
    assert len(expected) == 40
    assert all(one.endswith(packet.data) for one, packet in zip(got, expected, strict=True))


async def test_visits_appear_with_the_state(tmp_path: Path) -> None:
    settings = config(tmp_path)
    async with running(settings):
        client = client_of(settings, tmp_path)
        async with asyncio.timeout(60):  # facts come a moment after what they tell of
            while (await client.get("/health")).status != HTTPStatus.OK:  # noqa: ASYNC110 - they come from other threads
                await asyncio.sleep(0.02)
            while not (await client.get("/cameras")).json[0]["online"]:  # noqa: ASYNC110 - they come from other threads
                await asyncio.sleep(0.02)
        (door,) = (await client.get("/cameras")).json
        assert (door["online"], door["width"], door["height"]) == (True, 320, 240)
        assert (await client.get("/health")).json["detector"]["backend"] == "fake"
        assert (await client.get("/visits")).json == {"visits": [], "next": None}
        assert (await client.get("/cameras/door/frame.jpg")).body.startswith(b"\xff\xd8")
    with pytest.raises(ConnectionRefusedError):
        client.ask("/cameras")


async def test_port_that_is_taken_costs_the_api_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = config(tmp_path, web={"port": other.getsockname()[1]})
        async with running(settings) as node:
            assert node._web.url is None
    assert "already in use; check web.host and web.port; going on without it" in caplog.text


async def test_api_that_is_switched_off_makes_no_token(tmp_path: Path) -> None:
    async with running(config(tmp_path, web={"enabled": False})):
        pass
    assert not (tmp_path / "api-token").exists()


@pytest.mark.parametrize(
    ("host", "web", "expected"),
    [
        ("127.0.0.1", {}, None),  # this machine alone
        ("::1", {}, None),
        ("192.0.2.7", {}, "http://192.0.2.7:8099"),
        ("2001:db8::7", {}, "http://[2001:db8::7]:8099"),
        ("fe80::7%eth0", {}, "http://[fe80::7]:8099"),
        ("127.0.0.1", {"url": "https://edge.example/porch/"}, "https://edge.example/porch"),  # behind a proxy
    ],
)
def test_announced_url(tmp_path: Path, host: str, web: dict[str, str], expected: str | None) -> None:
    assert announced_url(config(tmp_path, web=web), host, 8099) == expected


class FakeWay:
    """A datagram socket of a machine with these ways out: target to own address."""

    def __init__(self, ways: dict[str, str]) -> None:
        self._ways = ways
        self._address = ""

    def __call__(self, *_: object) -> "FakeWay":
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self, target: tuple[str, int]) -> None:
        if target[0] not in self._ways:
            raise OSError("Network is unreachable")
        self._address = self._ways[target[0]]

    def getsockname(self) -> tuple[str, int]:
        return self._address, 40000


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ({"10.0.0.9": "10.0.0.2"}, "http://10.0.0.2:8099"),  # as the broker sees it
        ({"10.0.0.9": "127.0.0.1", "192.0.2.1": "10.0.0.2"}, "http://10.0.0.2:8099"),  # the broker is here
        ({"192.0.2.1": "10.0.0.2"}, "http://10.0.0.2:8099"),  # the broker has no address
        ({}, None),  # no network
    ],
)
def test_announced_url_of_all_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ways: dict[str, str], expected: str | None
) -> None:
    monkeypatch.setattr(socket, "socket", FakeWay(ways))
    settings = Config.model_validate({"cameras": {"door": {"source": "scene://door"}}, "mqtt": {"host": "10.0.0.9"}})
    assert announced_url(settings, "0.0.0.0", 8099) == expected  # noqa: S104 - nobody listens


@pytest.mark.parametrize(
    ("prefix", "uri"), [("", "s3://bucket/clips/x.mp4"), ("porch/", "s3://bucket/porch/clips/x.mp4")]
)
def test_bucket_tells_where_and_gives_nothing(tmp_path: Path, prefix: str, uri: str) -> None:
    reader = archive_reader(config(tmp_path, archive={"type": "s3", "bucket": "bucket", "prefix": prefix}), tmp_path)
    assert reader.uri("clips/x.mp4") == uri
    assert reader.locate("clips/x.mp4") is None


def test_folder_is_read_where_it_is_written(tmp_path: Path) -> None:
    settings = config(tmp_path, archive={"prefix": "porch"})
    target = tmp_path / "archive" / "porch" / "clips" / "x.mp4"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"clip")
    reader = archive_reader(settings, tmp_path)
    assert isinstance(reader, FolderStore)
    assert reader.locate("clips/x.mp4") == target
    assert reader.uri("clips/x.mp4") == target.as_uri()
    for key in ("clips/y.mp4", "../api-token", "/etc/passwd", "", "clips"):
        assert reader.locate(key) is None, key


@asynccontextmanager
async def viewers(client: Client, count: int) -> AsyncIterator[None]:
    """Browsers in a process of their own, each of which has shown a picture."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("viewers.py")),
        str(client.port),
        str(count),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TOKEN": client.token},
    )
    try:
        assert program.stdin is not None
        assert program.stdout is not None
        async with asyncio.timeout(60):
            assert await program.stdout.readline() == b"ready\n"
        yield
        program.stdin.close()
        assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


@pytest.mark.serial
async def test_twenty_viewers_do_not_slow_the_analysis(tmp_path: Path) -> None:
    settings = config(tmp_path, source="scene://door?size=1280x720&fps=10")

    async def analysed(node: Node, seconds: float) -> float:
        """Frames analysed a second."""
        stage = node._cameras["door"]._analyse
        before, begun = stage.analysed, time.monotonic()
        await asyncio.sleep(seconds)
        return (stage.analysed - before) / (time.monotonic() - begun)

    async with running(settings) as node:
        await asyncio.sleep(1)
        alone = await analysed(node, 8)
        async with viewers(client_of(settings, tmp_path), 20):
            watched = await analysed(node, 8)
    assert watched > 0.9 * alone, f"{watched:.2f} instead of {alone:.2f} frames a second"


@pytest.mark.parametrize(
    ("variables", "linked", "name"),
    [
        ({"TZ": "Asia/Tokyo"}, "Europe/Berlin", "Asia/Tokyo"),
        ({"TZ": ":Asia/Tokyo"}, "Europe/Berlin", "Asia/Tokyo"),
        ({"TZ": ""}, "Europe/Berlin", "Europe/Berlin"),
        ({"TZ": "Mars/Phobos"}, "Europe/Berlin", "Europe/Berlin"),
        ({}, None, "UTC"),  # a container that sets nothing
    ],
)
def test_time_zone_of_the_machine(tmp_path: Path, variables: dict[str, str], linked: str | None, name: str) -> None:
    file = tmp_path / "localtime"
    if linked:
        data = tmp_path / "zoneinfo" / linked
        data.parent.mkdir(parents=True)
        data.write_bytes((Path("/usr/share/zoneinfo") / linked).read_bytes())
        file.symlink_to(data)
    assert str(local_zone(variables, file)) == name


def somebody(_: Bgr) -> tuple[Detection, ...]:
    return (Detection(box=Box(0.4, 0.3, 0.6, 0.9), score=0.9),)


async def test_drawn_zones_hold_at_once_and_after_a_restart_until_they_are_erased(tmp_path: Path) -> None:
    settings = config(tmp_path)
    zone = {"id": "mat", "name": "Mat", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    async with running(settings, somebody):
        client = client_of(settings, tmp_path)
        first = await client.send("PUT", "/zones/door", {"zones": [zone], "lines": []})
        assert (first.status, first.json["origin"]) == (200, "drawn")
        async with asyncio.timeout(60):
            while (await client.get("/cameras")).json[0]["state"]["zones"].get("mat", {}).get("count") != 1:  # noqa: ASYNC110 - from other threads
                await asyncio.sleep(0.05)
    async with running(settings, somebody):
        again = (await client.get("/zones/door")).json
        assert again == first.json
        assert (await client.get("/zones/door", method="DELETE")).json["origin"] == "file"
        async with asyncio.timeout(60):
            while (await client.get("/cameras")).json[0]["state"]["zones"]:  # noqa: ASYNC110 - from other threads
                await asyncio.sleep(0.05)
    async with running(settings):
        assert (await client.get("/zones/door")).json["zones"] == []


async def test_people_and_visits_are_told_live_and_counted(tmp_path: Path) -> None:
    settings = config(tmp_path, visits={"hold_s": 1.0})
    async with running(settings, somebody):
        client = client_of(settings, tmp_path)
        headers = {"Authorization": f"Bearer {client.token}"}
        url = f"ws://127.0.0.1:{client.port}/api/v1/ws"
        seen: dict[str, dict[str, Any]] = {}
        async with asyncio.timeout(60), connect(url, additional_headers=headers, proxy=None) as socket:
            while not {"hello", "people", "visit_updated"} <= seen.keys():
                message = json.loads(await socket.recv())
                if message["type"] != "people" or message["people"]:
                    seen[message["type"]] = message
        (person,) = seen["people"]["people"]
        assert person["box"] == pytest.approx([0.4, 0.3, 0.6, 0.9], abs=0.05)
        visit = (await client.get("/visits")).json["visits"][0]
        assert visit["visit_id"] == seen["visit_updated"]["visit_id"]
        assert (await client.get("/traffic")).json["total"]["visits"] == 1
        assert isinstance((await client.get("/log")).json["lines"], list)
        answer = await client.get("//statusWatch")
        assert answer.json["1"]["watching"] is True
