import asyncio
import signal
import socket
from pathlib import Path

import pytest

from edge_detector.config.web import WebConfig
from edge_detector.core.errors import WebError
from edge_detector.web.server import WebServer, url_of
from tests.edge.web.client import TIMEOUT_S
from tests.edge.web.conftest import Site


async def start(site: Site, host: str, port: int) -> WebServer:
    config = WebConfig(host=host, port=port)
    server = WebServer(config, folder=site.folder, sources=site.server._sources)
    await server.start()
    return server


async def test_port_that_is_taken_is_told(site: Site) -> None:
    with pytest.raises(WebError, match=r"cannot listen at http://127\.0\.0\.1:\d+: address already in use; check web"):
        await start(site, *site.server.address)


async def test_host_that_is_nobody_is_told(site: Site) -> None:
    with pytest.raises(WebError, match=r"cannot listen at .*check web\.host"):
        await start(site, "256.256.256.256", 8099)


async def test_address_of_another_machine_is_told(site: Site) -> None:
    with pytest.raises(WebError, match=r"cannot listen at http://192\.0\.2\.7:8099: .*check web\.host"):
        await start(site, "192.0.2.7", 8099)


async def test_signals_stay_with_the_program(site: Site) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    assert (await site.client.get("//healthz")).status == 200
    assert signal.getsignal(signal.SIGTERM) is handler


async def test_port_is_free_again_after_the_end(site: Site) -> None:
    await site.server.stop()
    with socket.create_server(site.server.address):
        pass


async def test_download_that_hangs_does_not_hold_up_the_end(site: Site) -> None:
    visit = site.visit(0)
    site.file(visit, bytes(20_000_000))
    connection = site.client.raw(site.client.head(f"/visits/{visit}/clip.mp4") + b"\r\n")
    await asyncio.to_thread(connection.recv, 100)
    assert site.server._server is not None
    site.server._server.config.timeout_graceful_shutdown = None  # it would wait for good
    async with asyncio.timeout(TIMEOUT_S):
        await site.server.stop()
    connection.close()


async def test_server_that_did_not_start_can_be_stopped(tmp_path: Path, site: Site) -> None:
    await WebServer(WebConfig(), folder=tmp_path, sources=site.server._sources).stop()


def test_url() -> None:
    assert url_of("127.0.0.1", 8099) == "http://127.0.0.1:8099"
    assert url_of("::1", 8099) == "http://[::1]:8099"
