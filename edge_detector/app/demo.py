"""The demo: a camera, a broker and an archive with nothing to configure, for a minute or for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from edge_detector.app import parts
from edge_detector.app.broker import HOST, OwnBroker, find_mosquitto, own_broker
from edge_detector.app.demo_state import DemoState
from edge_detector.app.node import Node
from edge_detector.app.signals import stop_on_signals
from edge_detector.config import Config, MqttConfig, NodeConfig
from edge_detector.config.describe import Where
from edge_detector.config.layers import given
from edge_detector.config.load import check, command_line
from edge_detector.core.errors import BrokerError, DetectorError
from edge_detector.detectors.models import Progress
from edge_detector.ports import Detector

CAMERA = "door"
SCENE = "scene://door"
#: Visits of the scene are 35 s apart, and each shall have its clip.
CLIP_GAP_S = 30.0
#: When the time is up, a visit may come to its end and its files to the archive for as long as this.
LINGER_S = 30.0
#: What is shown is this old at most.
TICK_S = 0.25
#: Below the folder of the results: the ledger, and files that wait.
WORK_NAME = ".work"

Show = Callable[[DemoState], None]
#: What goes on beside the node for as long as it watches.
Beside = Callable[[DemoState], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What may be said of a demo, and need not be."""

    out: Path
    source: str = SCENE
    #: None goes on for ever.
    seconds: float | None = 60.0
    detector: str | None = None
    model: str | None = None
    #: What else is configured.
    more: Mapping[Where, object] = field(default_factory=dict)


def demo_config(options: DemoOptions) -> Config:
    """The configuration of the demo, without its broker; raises ConfigError for an option that is wrong."""
    base: dict[Where, object] = {
        ("node", "id"): "demo",
        ("node", "name"): "Porchlight demo",
        ("node", "data_dir"): options.out / WORK_NAME,
        ("cameras", CAMERA): {"source": options.source, "name": "Front door"},
        ("recording", "min_clip_gap_s"): CLIP_GAP_S,
        ("archive", "path"): options.out,
        ("mqtt", "enabled"): False,
        ("web", "enabled"): False,
    }
    return check([given(base | dict(options.more)), command_line(detector=options.detector, model=options.model)])


def demo_detector(config: Config, *, chosen: bool, progress: Progress | None = None) -> tuple[Detector, str]:
    """A detector, and why it is only the fallback, empty when it is not; raises DetectorError for one that was chosen.

    Models lie in the user's own data folder, so that they are fetched once.
    """
    folder = parts.data_dir(config.model_copy(update={"node": NodeConfig()}))
    try:
        return parts.build_detector(config, folder, progress), ""
    except DetectorError as error:
        if chosen:
            raise
        fallback = config.detection.model_copy(update={"backend": "hog"})
        built = parts.build_detector(config.model_copy(update={"detection": fallback}), folder)
        return built, f"{error}. Going on with hog, which needs none"


def alone(state: DemoState) -> AbstractAsyncContextManager[None]:
    """Nothing goes on beside the node."""
    del state
    return nullcontext()


async def run_demo(
    options: DemoOptions, config: Config, detector: Detector, show: Show, beside: Beside = alone
) -> DemoState:
    """Run until the time is up and the last visit delivered, a signal comes, or the source ends; what was seen.

    `show` is called several times a second. Raises PorchlightError when the demo cannot start.
    """
    stop = stop_on_signals()
    state = DemoState(camera=CAMERA, source=options.source, detector=detector.info, begun=time.monotonic())
    state.seconds = options.seconds
    async with AsyncExitStack() as stack:
        state.broker = await _broker(stack, state)
        if state.broker is not None:
            config = config.model_copy(update={"mqtt": _mqtt(state.broker)})
        node = Node(config, detector=detector, watch=state.watch)
        await node.start()
        try:
            async with beside(state):
                try:
                    await _watch(node, state, stop, show)
                finally:
                    state.ending = True
                    show(state)
        finally:  # even when the terminal has gone
            await node.stop()
    show(state)
    return state


async def _broker(stack: AsyncExitStack, state: DemoState) -> OwnBroker | None:
    try:
        return await stack.enter_async_context(own_broker(find_mosquitto()))
    except BrokerError as error:
        state.note(f"{error}. Going on without a broker")
        return None


def _mqtt(broker: OwnBroker) -> MqttConfig:
    return MqttConfig(host=HOST, port=broker.port, protocol=broker.protocol)


async def _watch(node: Node, state: DemoState, stop: asyncio.Event, show: Show) -> None:
    """Show what goes on until it is over."""
    over_t: float | None = None
    while not stop.is_set():
        now = time.monotonic()
        show(state)
        if over_t is None and (node.finished() or state.left_s(now) <= 0):
            over_t = now
        if over_t is not None and (not state.busy or now - over_t > LINGER_S):
            return
        try:
            async with asyncio.timeout(TICK_S):
                await stop.wait()
        except TimeoutError:
            continue
