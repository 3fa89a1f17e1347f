"""Home Assistant's pages in a headless Chromium, as its logged-in user sees them."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response, sync_playwright
from playwright.sync_api import TimeoutError as NotInTimeError

from script.demo_home_assistant.api import Api
from tests.e2e.player import QUIET

#: A page that is not there after this hangs.
PAGE_MS = 60_000
#: Pictures and transitions end within this.
SETTLE_MS = 1_000
DAY_S = 86_400
LOADED = """
() => document.querySelector('home-assistant')?.hass?.states && !document.querySelector('#ha-launch-screen')
"""


@dataclass
class Window:
    """One page, and what went wrong on it."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def open(self, path: str, texts: Sequence[str] = ()) -> None:
        """Go to a page of the frontend and wait until it shows these texts."""
        self.page.goto(self.url + path, wait_until="load", timeout=PAGE_MS)
        self.page.wait_for_function(LOADED, timeout=PAGE_MS)
        for text in texts:
            self.page.get_by_text(text).first.wait_for(state="visible", timeout=PAGE_MS)
        with suppress(NotInTimeError):
            self.page.wait_for_load_state("networkidle", timeout=3 * SETTLE_MS)
        self.page.wait_for_timeout(SETTLE_MS)

    def screenshot(self, path: Path) -> None:
        """Keep what the user sees now."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(path))

    def on_console(self, message: ConsoleMessage) -> None:
        """An error that a script wrote."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def on_response(self, response: Response) -> None:
        """A refusal; logos of other integrations come from the internet and are missing here."""
        if response.status >= 400 and "/api/brands/" not in response.url:
            self.problems.append(f"{response.status} {response.url}")

    def on_failure(self, request: Request) -> None:
        """A request of our own server that was not answered."""
        if request.url.startswith(self.url) and "/api/brands/" not in request.url:
            self.problems.append(f"{request.url}: {request.failure}")


@contextmanager
def window(api: Api, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator[Window]:
    """A logged-in page of this size; it reaches nothing but this Home Assistant."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: run script/bootstrap")
    tokens = {
        "hassUrl": api.url,
        "clientId": f"{api.url}/",
        "access_token": api.token,
        "token_type": "Bearer",
        "refresh_token": "",
        "expires_in": DAY_S,
        "expires": int((time.time() + DAY_S) * 1000),
    }
    login = f"localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))});"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*QUIET, "--disable-dev-shm-usage"])
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                locale="en-GB",
                timezone_id="UTC",
            )
            context.route(re.compile(r"^https?://(?!127\.0\.0\.1[:/])"), lambda route: route.abort())
            context.add_init_script(login)
            shown = Window(context.new_page(), api.url)
            shown.page.on("pageerror", lambda error: shown.problems.append(str(error)))
            shown.page.on("console", shown.on_console)
            shown.page.on("requestfailed", shown.on_failure)
            shown.page.on("response", shown.on_response)
            yield shown
        finally:
            browser.close()
