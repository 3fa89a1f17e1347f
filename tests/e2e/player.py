"""Chromium as the judge of whether a clip plays."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

#: Flags that keep Chromium from calling anybody.
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PLAY = """
() => new Promise((resolve, reject) => {
  const video = document.querySelector("video");
  video.onerror = () => reject(new Error(`${video.error.code} ${video.error.message}`));
  video.onended = () => resolve(video.currentTime);
  video.muted = true;
  video.playbackRate = 16;
  video.play().catch(reject);
})
"""


def played_seconds(clip: Path, folder: Path) -> float:
    """Play a clip to its end in Chromium, 16 times as fast; where it ended, in seconds."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: run script/bootstrap")
    shutil.copy(clip, folder / "clip.mp4")
    (folder / "index.html").write_text('<!doctype html><video src="clip.mp4"></video>')
    with served(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        try:
            page = browser.new_page()
            page.goto(address)
            return float(page.evaluate(PLAY))
        finally:
            browser.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder on a free loopback port."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="clip server")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/index.html"
        finally:
            server.shutdown()
            thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
