"""`script/demo --home-assistant`: the demo until Ctrl-C, and beside it a Home Assistant that shows it."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from edge_detector.app.demo import CAMERA, SCENE, WORK_NAME, DemoOptions
from edge_detector.app.demo_state import DemoState
from edge_detector.cli.demo import run
from edge_detector.config.describe import Where
from edge_detector.core.errors import PorchlightError
from script.demo_home_assistant.api import ApiError
from script.demo_home_assistant.hass import HOST, Hass, HassError, Household, free_port
from script.demo_home_assistant.home import Edge, new_home, set_up

TOKEN_NAME = "api-token"  # noqa: S105 - of a file
#: The generated door, with a line before it; who goes along it from right to left has the door on the right hand.
DOOR = {
    "source": SCENE,
    "name": "Front door",
    "lines": {"doorstep": {"name": "Doorstep", "start": [0.95, 0.79], "end": [0.25, 0.79]}},
}
#: Beside it: two people at dusk.
GARDEN = {"source": "scene://pair?seed=4&night=0.4", "name": "Garden"}
NEEDS_MOSQUITTO = "Home Assistant needs mosquitto: as root, apt-get install mosquitto"
FAULTS = (HassError, ApiError, OSError, PorchlightError)
#: How soon it is seen that Home Assistant has ended.
LOOK_S = 0.2
ROW = "Dashboard"

Note = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C; the exit status."""
    options = _parser().parse_args(arguments)
    out: Path = options.out.absolute()
    url = f"http://{HOST}:{free_port()}"
    home = Home(out / WORK_NAME / TOKEN_NAME, url)
    more: dict[Where, object] = {("web", "enabled"): True, ("web", "url"): url}
    more["web", "port"] = int(url.rpartition(":")[2])
    if options.source is None:
        more |= {("cameras", CAMERA): DOOR, ("cameras", "garden"): GARDEN}
    demo = DemoOptions(
        out=out,
        source=options.source or SCENE,
        seconds=None,
        detector=options.detector,
        model=options.model,
        more=more,
    )
    try:
        run(demo, home.beside)
    except KeyboardInterrupt:
        return 130
    except FAULTS as error:
        home.fault = home.fault or str(error)
    if home.fault:
        sys.stderr.write(f"demo: {home.fault}\n")
    return 1 if home.fault else 0


class Home:
    """Home Assistant beside the demo: started when the edge watches, ended before the edge ends."""

    def __init__(self, token: Path, url: str) -> None:
        """`url` is the API of the edge, and `token` the file with its token."""
        self._token, self._url = token, url
        self._over = threading.Event()
        #: Why there is no Home Assistant any more.
        self.fault = ""

    @asynccontextmanager
    async def beside(self, state: DemoState) -> AsyncIterator[None]:
        """For as long as the edge watches."""
        if state.broker is None or state.broker.name != "mosquitto":
            raise HassError(NEEDS_MOSQUITTO)
        edge = Edge(broker_port=state.broker.port, url=self._url, token=self._token)
        loop = asyncio.get_running_loop()
        with tempfile.TemporaryDirectory(prefix="porchlight-home-") as folder:
            hass, household = new_home(Path(folder))
            state.more[ROW] = "Home Assistant starts, which takes half a minute"

            def note(text: str) -> None:
                loop.call_soon_threadsafe(state.note, text)

            def ready() -> None:
                loop.call_soon_threadsafe(_ready, state, hass.api.url, household)

            task = asyncio.create_task(asyncio.to_thread(self._live, hass, edge, note, ready))
            task.add_done_callback(self._ended)
            try:
                yield
            finally:
                self._over.set()
                while not task.done():
                    await asyncio.to_thread(hass.stop)
                    await asyncio.wait({task}, timeout=LOOK_S)

    def _live(self, hass: Hass, edge: Edge, note: Note, ready: Callable[[], None]) -> None:
        """Home Assistant from its start until it is over; in a thread of its own."""
        with hass:
            phone = set_up(hass, edge, lambda title, message: note(f"The phone shows: {title}, {message}"))
            ready()
            phone.listen(self._over)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if not self._over.is_set():
            self.fault = str(error or "Home Assistant has ended")
            os.kill(os.getpid(), signal.SIGTERM)  # the demo ends as by the owner's hand


def _ready(state: DemoState, url: str, household: Household) -> None:
    login = f"user {household.user}, password {household.password}"
    state.more.update({ROW: url, "Log in as": login})
    state.note(f"Home Assistant is ready at {url}, {login}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/demo --home-assistant", description="Show Porchlight in a Home Assistant, until Ctrl-C."
    )
    parser.add_argument("--source", metavar="URL|FILE", help="what is watched; else two generated scenes")
    parser.add_argument("--out", metavar="DIR", type=Path, default=Path("porchlight-demo"), help="where clips stay")
    parser.add_argument("--detector", metavar="NAME", help="the backend that looks for people")
    parser.add_argument("--model", metavar="NAME|FILE", help="the model that it runs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
