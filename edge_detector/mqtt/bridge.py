"""The message logic above the connection: what is told to whom and when, on the asyncio loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial

from edge_detector.config.mqtt import MqttConfig
from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import StoredEvent
from edge_detector.core.facts import CameraUp, Fact, OutlineChanged, Rejected, SettingsChanged
from edge_detector.mqtt import messages
from edge_detector.mqtt.commands import Bounds, Refusal, is_birth, parse_claim
from edge_detector.mqtt.connection import Connection
from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.event_queue import EventQueue, JournalThread
from edge_detector.mqtt.events import event_of
from edge_detector.mqtt.messages import CameraInfo, NodeInfo, drawn, to_json
from edge_detector.mqtt.orders import Controls, Orders
from edge_detector.mqtt.retained import Retained
from edge_detector.mqtt.shown import Shown
from edge_detector.mqtt.topics import (
    ANNOUNCE,
    CAMERA_RETAINED,
    CLAIM,
    EVENT,
    SETTINGS,
    STATUS,
    Message,
    TopicKind,
    Topics,
)
from edge_detector.ports import Clock, Journal

_LOG = logging.getLogger(__name__)

#: The broker has this long to confirm what we listen to.
SUBSCRIBED_S = 5.0
#: How long a claim may take after that, before discovery is published (see `MqttBridge`).
CLAIM_GRACE_S = 1.0
#: And if the node was claimed before: Home Assistant looks for its broker every 10 s, and may be starting itself.
CLAIMED_GRACE_S = 60.0
#: After a restart of Home Assistant its nodes do not all speak at once.
BIRTH_SPREAD_S = 1.0
#: At the end of the program: how long the last events may take.
DRAIN_S = 2.0


class MqttBridge:
    """Tells the broker every fact, and the cameras every command.

    What is retained is remembered here as well, and told anew on every connect and whenever Home Assistant comes up:
    the states first and `online` after them, so that nobody sees an old state come alive.

    The race for discovery: a claim is retained, so that the broker hands it over right after the subscription; and a
    claimant that has just seen us announce ourselves may claim anew (a broker that was restarted may have forgotten).
    So on every connect the claim is forgotten, the node announced, the topics subscribed, and discovery published when
    nobody has claimed a second after the broker's confirmation, or a minute after it if the node was claimed before. A
    claim that comes still later takes the devices away. Home Assistant loses a removal that comes while it still adds
    the device: a claimant that sees devices left says so, and they are taken away again.
    """

    def __init__(  # noqa: PLR0913 - the parts it connects, by name
        self,
        *,
        connection: Connection,
        journal: Journal,
        controls: Controls,
        clock: Clock,
        config: MqttConfig,
        info: NodeInfo,
        bounds: Bounds,
        claim_grace_s: float = CLAIM_GRACE_S,
        claimed_grace_s: float = CLAIMED_GRACE_S,
        birth_spread_s: float = BIRTH_SPREAD_S,
    ) -> None:
        """Needs a running loop; nothing is sent before `start`."""
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._controls = controls
        self._clock = clock
        self._config = config
        self._info = replace(info, features=(*info.features, messages.ANSWERS_CLAIMS))
        self._claim_grace_s = claim_grace_s
        self._claimed_grace_s = claimed_grace_s
        self._birth_spread_s = birth_spread_s
        self._topics = Topics(node=info.node, base=config.base_topic)
        discovery = Discovery(info=info, topics=self._topics, bounds=bounds, prefix=config.discovery_prefix)
        self._shown = Shown(discovery, self._send)
        self._thread = JournalThread()
        self._events = EventQueue(journal=journal, thread=self._thread, send=self._send_event)
        self._retained = Retained(topics=self._topics, info=info, utc=self._utc(), send=self._send)
        self._orders = Orders(controls=controls, bounds=bounds, thread=self._thread, reject=self._reject)
        self._claimed = asyncio.Event()
        self._subscribed: tuple[int | None, asyncio.Event] = (None, asyncio.Event())
        self._tasks: list[asyncio.Task[None]] = []
        self._greeting: asyncio.Task[None] | None = None

    def restore(self, facts: Iterable[Fact]) -> None:
        """Take in what an earlier run left (its last clip, its last picture): told as retained, never as an event."""
        for fact in facts:
            self._retained.remember(fact)

    async def start(self) -> None:
        """Begin to connect, and to send what waits."""
        for camera in self._info.cameras:
            settings = self._controls.settings(camera.id)
            self._retained.remember(SettingsChanged(camera=camera.id, t=self._clock.now(), settings=settings))
        self._tasks = [
            self._loop.create_task(self._events.run(), name="mqtt events"),
            self._loop.create_task(self._orders.run(), name="mqtt commands"),
        ]
        self._connection.start(self, will=self._topics.message(STATUS, messages.OFFLINE))

    async def handle(self, fact: Fact) -> None:
        """Tell a fact; when this returns its event is on the disk. Raises LedgerError when it could not be kept."""
        self._retained.remember(fact)
        if isinstance(fact, CameraUp):
            self._learn(fact.camera, partial(replace, width=fact.width, height=fact.height))
        elif isinstance(fact, OutlineChanged) and self._learn(fact.camera, partial(drawn, outline=fact.outline)):
            self._shown.redraw(self._info)
            if self._greeted() and self._wants_discovery():
                self._shown.publish()
        event = event_of(fact)
        if event is None:
            return
        try:
            await self._events.append(event.stored())
        except LedgerError:
            self._send_event(event.stored())  # unkept is better than untold
            raise

    async def stop(self) -> None:
        """Send the last events if the broker listens, say farewell, hang up."""
        await self._events.drain(DRAIN_S)
        tasks = [*self._tasks, *([self._greeting] if self._greeting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._retained.stop()
        await asyncio.to_thread(self._connection.stop)
        self._thread.stop()

    # --- what the connection tells, from its own thread -------------------------------------------------------------

    def on_connected(self) -> None:
        """Tell everything anew."""
        self._post(self._connected)

    def on_disconnected(self, reason: str) -> None:
        """Keep events until the broker is back."""
        del reason  # the connection has told it
        self._post(self._disconnected)

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Hear a command, a claim or a birth."""
        self._post(partial(self._received, topic, payload, retained=retained))

    def on_ack(self, mid: int) -> None:
        """The broker has it."""
        self._post(partial(self._acked, mid))

    def _post(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            _LOG.debug("The broker spoke after the end")

    # --- on the loop ------------------------------------------------------------------------------------------------

    def _connected(self) -> None:
        grace_s = self._claimed_grace_s if self._claimed.is_set() else self._claim_grace_s
        self._claimed.clear()
        self._greet(self._welcome(grace_s))

    def _disconnected(self) -> None:
        self._events.close()
        if self._greeting:
            self._greeting.cancel()

    def _acked(self, mid: int) -> None:
        if mid == self._subscribed[0]:
            self._subscribed[1].set()
        self._events.acked(mid)

    def _received(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == self._config.birth_topic:
            if is_birth(payload) and not retained:
                self._hear_birth()
        elif retained and self._shown.heard(topic, payload):
            if self._greeted() and not self._wants_discovery():
                self._tell_discovery()
        elif (found := self._topics.match(topic)) is None:
            _LOG.debug("Nobody knows what to do with a message on %s", topic)
        elif found[0] is CLAIM:
            self._hear_claim(payload, retained=retained)
        elif found[0] is SETTINGS:
            if retained and payload and not self._knows(found[1]):
                self._clear(found[1])
        else:
            self._hear_command(*found, payload, retained=retained)

    def _hear_command(self, kind: TopicKind, camera: str, payload: bytes, *, retained: bool) -> None:
        if retained:
            topic = self._topics.of(kind, camera)
            _LOG.warning("A retained message on %s is not obeyed, publish commands without the retain flag", topic)
        elif not self._knows(camera):
            _LOG.warning("A command for camera %.40s, which is unknown, was dropped", camera)
        elif payload:  # an empty one only removes what was retained by mistake
            self._orders.take(kind, camera, payload)

    def _knows(self, camera: str) -> bool:
        return any(camera == known.id for known in self._info.cameras)

    def _clear(self, camera: str) -> None:
        """A camera that was taken out of the configuration: nothing of it stays on the broker."""
        _LOG.info("Camera %s is no more, what the broker kept of it is removed", camera)
        for kind in CAMERA_RETAINED:
            self._send(self._topics.message(kind, "", camera))
        self._connection.subscribe(((self._shown.lost(camera), 1),))

    def _learn(self, camera: str, change: Callable[[CameraInfo], CameraInfo]) -> bool:
        """Its size, its zones and its lines change while a camera runs; the announcement holds them. Was it new?"""
        cameras = tuple(change(known) if known.id == camera else known for known in self._info.cameras)
        if cameras == self._info.cameras:
            return False
        self._info = replace(self._info, cameras=cameras)
        self._tell(ANNOUNCE, to_json(messages.announce(self._info)))
        return True

    # --- greeting ---------------------------------------------------------------------------------------------------

    def _greet(self, greeting: Coroutine[object, object, None]) -> None:
        if self._greeting:
            self._greeting.cancel()
        self._greeting = self._loop.create_task(greeting, name="mqtt greeting")

    def _greeted(self) -> bool:
        return self._greeting is not None and self._greeting.done()

    async def _welcome(self, grace_s: float) -> None:
        """The broker is (back) there."""
        self._tell_all()
        self._connection.subscribe(((self._config.birth_topic, 0),))
        self._connection.subscribe(tuple((topic, 1) for topic in self._shown.forget()))
        subscribed = asyncio.Event()
        self._subscribed = (self._connection.subscribe(self._topics.subscriptions()), subscribed)
        self._events.open()
        if self._config.discovery == "auto":
            await _wait(subscribed, SUBSCRIBED_S)
            await _wait(self._claimed, grace_s)
        self._tell_discovery()

    def _hear_birth(self) -> None:
        if self._greeted():
            self._greet(self._welcome_home_assistant())
        else:
            self._tell_all()  # discovery comes when it is known who claims

    async def _welcome_home_assistant(self) -> None:
        """Home Assistant has come up."""
        await asyncio.sleep(random.uniform(0, self._birth_spread_s))  # noqa: S311 - a delay is no secret
        self._tell_all()
        self._tell_discovery()

    def _tell_all(self) -> None:
        self._tell(ANNOUNCE, to_json(messages.announce(self._info)))
        self._retained.tell_all()
        self._tell(STATUS, messages.ONLINE)

    def _wants_discovery(self) -> bool:
        mode = self._config.discovery
        return mode == "on" or (mode == "auto" and not self._claimed.is_set())

    def _tell_discovery(self, left: tuple[str, ...] = ()) -> None:
        if self._wants_discovery():
            self._shown.publish()
        else:
            self._shown.take_away(left)

    def _hear_claim(self, payload: bytes, *, retained: bool) -> None:
        claim = parse_claim(payload)
        if isinstance(claim, Refusal):
            _LOG.warning("A claim is not understood: %s", claim.reason)
            return
        if claim.by and not retained:
            self._tell(STATUS, messages.ONLINE)
        left = () if retained else claim.left
        before = self._claimed.is_set()
        if claim.by:
            self._claimed.set()
        else:
            self._claimed.clear()
        if self._greeted() and (left or before != self._claimed.is_set()):
            self._tell_discovery(left)

    # --- publishing -------------------------------------------------------------------------------------------------

    def _tell(self, kind: TopicKind, payload: str) -> None:
        self._send(self._topics.message(kind, payload))

    def _send(self, message: Message) -> None:
        self._connection.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    def _send_event(self, event: StoredEvent) -> int | None:
        message = self._topics.message(EVENT, event.payload, event.camera)
        return self._connection.publish(message.topic, message.payload, qos=message.qos, retain=message.retain)

    async def _reject(self, camera: str, reason: str) -> None:
        t = self._clock.now()
        await self.handle(Rejected(camera=camera, t=t, utc=self._clock.utc(t), reason=reason))

    def _utc(self) -> float:
        return self._clock.utc(self._clock.now())


async def _wait(event: asyncio.Event, limit_s: float) -> None:
    """Wait for the event, `limit_s` at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
