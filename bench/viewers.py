"""Measures what viewers cost: the share of a core for each, and pictures analysed a second while twenty look on."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import selectors
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

import av

from edge_detector.app import parts
from edge_detector.app.node import Node
from edge_detector.config import Config
from tests.broker import free_port
from tests.paths import SHARED

WIDTH, HEIGHT, FPS = 1280, 720, 10
#: What a camera makes of such a picture.
BITS_PER_S = 2_000_000
#: One minute of somebody walking through, again and again.
PICTURES = 600
VIDEO, MODEL = SHARED / "media" / "one-by-one-person-detection.mp4", SHARED / "models" / "yolov5n-fp32.onnx"
STREAMS = ("live.ts", "live.mjpeg")
#: Until a new viewer has got the first pictures.
SETTLE_S = 3.0


def make_video(path: Path) -> None:
    """The sample video in 720p, as a camera would send it: a key frame every two seconds."""
    with av.open(str(VIDEO)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate, stream.gop_size = BITS_PER_S, 2 * FPS
        for n, frame in enumerate(source.decode(video=0)):
            if n == PICTURES:
                break
            picture = frame.reformat(WIDTH, HEIGHT, "yuv420p")
            picture.pts, picture.time_base = n, Fraction(1, FPS)
            target.mux(stream.encode(picture))
        target.mux(stream.encode(None))


def watch(port: int, count: int, path: str) -> int:
    """So many viewers in this process, until the standard input is closed; the exit status."""
    head = f"GET {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {os.environ['TOKEN']}\r\n\r\n".encode()
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for _ in range(count):
            viewer = socket.create_connection(("127.0.0.1", port))
            viewer.sendall(head)
            selector.register(viewer, selectors.EVENT_READ)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        begun, taken = time.monotonic(), 0
        while True:
            for key, _ in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    sys.stdout.write(f"{taken / count / (time.monotonic() - begun)}\n")
                    return 0
                data = key.fileobj.recv(1 << 20)
                if not data:
                    return 1
                taken += len(data)


@asynccontextmanager
async def viewers(port: int, token: str, count: int, stream: str, rates: list[float]) -> AsyncIterator[None]:
    """Viewers in a process of their own, whose work is not this one's; adds what each took, in bytes a second."""
    if not count:
        yield
        return
    command = [sys.executable, "-m", "bench.viewers", "--watch", str(port), str(count)]
    program = await asyncio.create_subprocess_exec(
        *command,
        f"/api/v1/cameras/door/{stream}",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "TOKEN": token},
    )
    try:
        if program.stdin is None or program.stdout is None or await program.stdout.readline() != b"ready\n":
            raise RuntimeError("The viewers did not start")
        await asyncio.sleep(SETTLE_S)
        yield
        program.stdin.close()
        rates.append(float(await program.stdout.readline()))
        if await program.wait():
            raise RuntimeError("A stream came to an end")
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


async def observe(node: Node, seconds: float) -> tuple[float, float]:
    """The program's share of one core in percent, and pictures analysed a second."""
    stage = node._cameras["door"]._analyse  # noqa: SLF001 - nobody but a benchmark asks
    analysed, cpu, begun = stage.analysed, time.process_time(), time.monotonic()
    await asyncio.sleep(seconds)
    spent = time.monotonic() - begun
    return 100 * (time.process_time() - cpu) / spent, (stage.analysed - analysed) / spent


async def measure(folder: Path, seconds: float, rounds: int, model: Path) -> dict[str, object]:
    """All figures of one camera."""
    video = folder / "camera.mp4"
    await asyncio.to_thread(make_video, video)
    config = Config.model_validate(
        {
            "node": {"data_dir": folder / "data"},
            "cameras": {"door": {"source": str(video), "loop": True}},
            "detection": {"backend": "onnx", "model": str(model), "threads": 1},
            "mqtt": {"enabled": False},
            "web": {"port": free_port()},
        }
    )
    node = Node(config, detector=await asyncio.to_thread(parts.build_detector, config, folder / "data"))
    await node.start()
    try:
        await asyncio.sleep(SETTLE_S)
        token = (folder / "data" / "api-token").read_text(encoding="ascii").strip()
        return {stream: await _stream(node, config.web.port, token, stream, seconds, rounds) for stream in STREAMS}
    finally:
        await node.stop()


async def _stream(node: Node, port: int, token: str, stream: str, seconds: float, rounds: int) -> dict[str, object]:
    """Alternate between nobody and twenty, so that what else the machine does counts for both."""
    seen: dict[int, list[tuple[float, float]]] = {0: [], 1: [], 20: []}
    rates: list[float] = []
    for _ in range(rounds):
        for count, found in seen.items():
            async with viewers(port, token, count, stream, rates):
                found.append(await observe(node, seconds))
    cpu = {count: sum(share for share, _ in found) / rounds for count, found in seen.items()}
    fps = {count: sum(rate for _, rate in found) / rounds for count, found in seen.items()}
    return {
        "cpu_percent": {str(count): round(share, 1) for count, share in cpu.items()},
        "kbit_s_per_viewer": round(sum(rates) / len(rates) * 8 / 1000),
        "cpu_percent_per_viewer": round((cpu[20] - cpu[0]) / 20, 2),
        "analysed_fps": {str(count): round(rate, 2) for count, rate in fps.items()},
        "slowed_percent": round(100 * (1 - fps[20] / fps[0]), 1),
    }


def main() -> int:
    """Print one line a figure, or all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="how long each look is")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path, default=MODEL)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watch", nargs=3, metavar=("PORT", "COUNT", "PATH"), help="be the viewers")
    arguments = parser.parse_args()
    if arguments.watch:
        port, count, path = arguments.watch
        return watch(int(port), int(count), path)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), arguments.seconds, arguments.rounds, arguments.model))
    if arguments.json:
        print(json.dumps(figures))
        return 0
    for stream, found in figures.items():
        print(stream, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
