"""The edge's own page in a headless Chromium, with what goes wrong on it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    StorageState,
    sync_playwright,
)

from tests.e2e.player import QUIET

#: What is not there after this does not come: a slow machine, a model that loads, somebody who walks up.
PATIENCE_MS = 90_000
#: Nobody but this machine.
ELSEWHERE = re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1[:/])")
CALL = """
([path, method, body]) =>
  fetch(`api/v1/${path}`, { method, body, headers: body ? { 'Content-Type': 'application/json' } : {} })
    .then((answer) => answer.json())
"""
#: What asking without the token writes.
_EXPECTED = ("status of 401", "status of 422")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own browser; skips the test where it is absent."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: run script/bootstrap")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET, "--disable-dev-shm-usage"])
        try:
            yield browser
        finally:
            browser.close()


@dataclass(kw_only=True)
class Window:
    """One window with the page of an edge, and all that went wrong in it."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def log_in(self, token: str) -> None:
        """Give the token to the form, as an owner does."""
        self.page.goto(self.url)
        self.page.fill("#token", token)
        self.page.get_by_role("button").click()
        self.page.wait_for_selector("main h1")

    def open(self, view: str, heading: str | re.Pattern[str]) -> None:
        """Go to a view, and wait for its heading."""
        self.page.goto(f"{self.url}#/{view}")
        self.page.get_by_role("heading", name=heading, level=1).first.wait_for()

    def call(self, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """What the API answers to the page."""
        return self.page.evaluate(CALL, [path, method, None if body is None else json.dumps(body)])

    def on_console(self, message: ConsoleMessage) -> None:
        """An error of a script, or something that the page's policy forbids."""
        if message.type == "error" and not any(known in message.text for known in _EXPECTED):
            self.problems.append(message.text)

    def on_response(self, response: Response) -> None:
        """A refusal that no view should meet."""
        if response.status >= 400 and response.status not in {401, 422}:
            self.problems.append(f"{response.status} {response.url}")

    def on_request(self, request: Request) -> None:
        """A request to anybody else."""
        if ELSEWHERE.match(request.url):
            self.problems.append(f"asked {request.url}")


@contextmanager
def window(
    browser: Browser,
    url: str,
    *,
    session: StorageState | None = None,
    width: int = 1280,
    dark: bool = False,
    script: str = "",
    lax: bool = False,
) -> Iterator[Window]:
    """A fresh window, logged in by `session`; `script` runs before the page's own, `lax` lets a test add to it."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 844},
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        timezone_id="UTC",
        bypass_csp=lax,
        storage_state=session,
    )
    context.set_default_timeout(PATIENCE_MS)
    if script:
        context.add_init_script(script)
    shown = Window(page=context.new_page(), url=url)
    shown.page.on("pageerror", lambda error: shown.problems.append(str(error)))
    shown.page.on("console", shown.on_console)
    shown.page.on("response", shown.on_response)
    shown.page.on("request", shown.on_request)
    try:
        yield shown
    finally:
        context.close()
