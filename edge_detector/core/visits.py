"""The visit machine: what a camera's analyser saw in, visits and clip decisions out, by one table.

All that decides when a visit or a clip begins and ends is in this file. Each input first lets time pass, then says its
own event; an event and the state give the next state and the actions, by `VISIT_TABLE` for the visit and by
`CLIP_TABLE` for the clip beside it. `docs/visit-machine.md` is drawn from both.

Two clocks: frames carry the time they were taken, everything else the time it was said. A frame is always older than
the moment it is seen, so an observation may be older than the tick before it; only an observation older than the one
before it is illegal. The machine's own time is the latest of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from edge_detector.core.errors import IllegalInputError
from edge_detector.core.facts import VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.presence import Look, Presence, Visit, VisitPolicy
from edge_detector.core.types import (
    Armed,
    ClipStart,
    ClipStop,
    Configure,
    Observation,
    Settings,
    StreamLost,
    TestClip,
    Tick,
)

__all__ = ["CLIP_TABLE", "VISIT_TABLE", "VisitMachine", "VisitPolicy"]

Input = Observation | Tick | StreamLost | Armed | Configure | TestClip
Output = ClipStart | ClipStop | VisitStarted | VisitUpdated | VisitEnded
#: Gives a visit that begins at `t` its id and its UTC.
Stamp = Callable[[float], tuple[str, float]]

_NEVER_T = -math.inf


# --- the tables -----------------------------------------------------------------------------------------------------


class VisitState(Enum):
    """How far a visit is; the value says it in words."""

    IDLE = "nobody is there"
    CONFIRMING = "somebody may be there"
    ACTIVE = "somebody is there"
    HOLDING = "somebody was there a moment ago"


class VisitEvent(Enum):
    """What happens to a visit; the value says it in words."""

    SEEN = "an observation shows somebody"
    CONFIRMED = "one track has had enough sure detections within the window"
    NOBODY = "an observation shows nobody"
    TICK = "time passes, or settings change"
    TIMEOUT = "no sure detection is left in the window, or somebody was last seen a hold time ago"
    CUT = "the stream was lost, or the camera was disarmed"


class VisitAction(Enum):
    """What a step does; the value says it in words."""

    BEGIN = "begin a visit: VisitStarted"
    COUNT = "take the observation into the visit's figures"
    TELL = "VisitUpdated, when it is due"
    END = "ClipStop for the visit's open clip, then VisitEnded"
    FORGET = "forget which tracks were sure"


class ClipState(Enum):
    """How far the camera's latest clip is; the value says it in words."""

    NONE = "a clip may begin"
    OPEN = "a clip is being recorded"
    GAP = "a clip is over and the next one has to wait"


class ClipEvent(Enum):
    """What happens to a clip; the value says it in words."""

    WANTED = "somebody is there, recording is on, and the gap is over"
    ASKED = "the owner asks for a clip"
    FULL = "the longest clip time has passed since the trigger"
    DONE = "its visit is over, its stream was lost, or recording was switched off"
    OVER = "the gap has passed since the trigger"


class ClipAction(Enum):
    """What a step does; the value says it in words."""

    START = "ClipStart for the visit"
    START_ASKED = "ClipStart under an id of its own, with nobody in it"
    STOP = "ClipStop"


_V, _E, _A = VisitState, VisitEvent, VisitAction
VISIT_TABLE: Mapping[tuple[VisitState, VisitEvent], tuple[VisitState, tuple[VisitAction, ...]]] = {
    (_V.IDLE, _E.SEEN): (_V.CONFIRMING, ()),
    (_V.IDLE, _E.CONFIRMED): (_V.ACTIVE, (_A.BEGIN,)),
    (_V.IDLE, _E.NOBODY): (_V.IDLE, ()),
    (_V.IDLE, _E.TICK): (_V.IDLE, ()),
    (_V.IDLE, _E.CUT): (_V.IDLE, ()),
    (_V.CONFIRMING, _E.SEEN): (_V.CONFIRMING, ()),
    (_V.CONFIRMING, _E.CONFIRMED): (_V.ACTIVE, (_A.BEGIN,)),
    (_V.CONFIRMING, _E.NOBODY): (_V.CONFIRMING, ()),
    (_V.CONFIRMING, _E.TICK): (_V.CONFIRMING, ()),
    (_V.CONFIRMING, _E.TIMEOUT): (_V.IDLE, (_A.FORGET,)),
    (_V.CONFIRMING, _E.CUT): (_V.IDLE, (_A.FORGET,)),
    (_V.ACTIVE, _E.SEEN): (_V.ACTIVE, (_A.COUNT, _A.TELL)),
    (_V.ACTIVE, _E.NOBODY): (_V.HOLDING, (_A.COUNT, _A.TELL)),
    (_V.ACTIVE, _E.TICK): (_V.ACTIVE, (_A.TELL,)),
    (_V.ACTIVE, _E.TIMEOUT): (_V.IDLE, (_A.END, _A.FORGET)),
    (_V.ACTIVE, _E.CUT): (_V.IDLE, (_A.END, _A.FORGET)),
    (_V.HOLDING, _E.SEEN): (_V.ACTIVE, (_A.COUNT, _A.TELL)),
    (_V.HOLDING, _E.NOBODY): (_V.HOLDING, (_A.COUNT, _A.TELL)),
    (_V.HOLDING, _E.TICK): (_V.HOLDING, (_A.TELL,)),
    (_V.HOLDING, _E.TIMEOUT): (_V.IDLE, (_A.END, _A.FORGET)),
    (_V.HOLDING, _E.CUT): (_V.IDLE, (_A.END, _A.FORGET)),
}

_C, _F, _B = ClipState, ClipEvent, ClipAction
CLIP_TABLE: Mapping[tuple[ClipState, ClipEvent], tuple[ClipState, tuple[ClipAction, ...]]] = {
    (_C.NONE, _F.WANTED): (_C.OPEN, (_B.START,)),
    (_C.NONE, _F.ASKED): (_C.OPEN, (_B.START_ASKED,)),
    (_C.NONE, _F.DONE): (_C.NONE, ()),
    (_C.OPEN, _F.WANTED): (_C.OPEN, ()),
    (_C.OPEN, _F.ASKED): (_C.OPEN, ()),
    (_C.OPEN, _F.FULL): (_C.GAP, ()),
    (_C.OPEN, _F.DONE): (_C.GAP, (_B.STOP,)),
    (_C.GAP, _F.WANTED): (_C.GAP, ()),
    (_C.GAP, _F.ASKED): (_C.OPEN, (_B.START_ASKED,)),
    (_C.GAP, _F.DONE): (_C.GAP, ()),
    (_C.GAP, _F.OVER): (_C.NONE, ()),
}


# --- what is remembered ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clip:
    visit_id: str
    trigger_t: float
    asked: bool


_NO_VISIT = Visit(camera="", id="", start_t=_NEVER_T, start_utc=_NEVER_T, seen_t=_NEVER_T)
_NO_CLIP = _Clip(visit_id="", trigger_t=_NEVER_T, asked=False)


@dataclass(slots=True, kw_only=True)
class _Memory:
    """All that the machine remembers; its values are never changed, only replaced, so that a copy is shallow."""

    policy: VisitPolicy
    visit_state: VisitState = VisitState.IDLE
    clip_state: ClipState = ClipState.NONE
    #: The latest time of any input…
    now: float = _NEVER_T
    #: …and of the two kinds that must not run backwards.
    observed_t: float = _NEVER_T
    ticked_t: float = _NEVER_T
    #: The latest session, and the latest that is over.
    session: int = -1
    lost_session: int = -1
    #: Pictures older than this show nobody, for the camera was not armed; endless while it is disarmed.
    armed_t: float = _NEVER_T
    presence: Presence = field(default_factory=Presence)
    #: The visit that goes on in ACTIVE and HOLDING.
    visit: Visit = _NO_VISIT
    #: The latest clip, over or not.
    clip: _Clip = _NO_CLIP


# --- the machine ----------------------------------------------------------------------------------------------------


class VisitMachine:
    """One camera's visits and clips; every visit that starts ends, and no two overlap."""

    def __init__(self, camera: str, policy: VisitPolicy, stamp: Stamp) -> None:
        """Armed, with nobody there; `stamp` is asked once for each visit and each clip that the owner asks for."""
        self._camera = camera
        self._stamp = stamp
        self._memory = _Memory(policy=policy)

    @property
    def state(self) -> tuple[VisitState, ClipState]:
        """How far the visit and the clip are."""
        return self._memory.visit_state, self._memory.clip_state

    def handle(self, given: Input) -> tuple[Output, ...]:
        """Take one input and return what follows, in order; raises IllegalInputError and changes nothing then.

        `stats.mean_inference_ms` is left 0.0 for whoever measures inferences.
        """
        step = _Step(self._memory, self._camera, self._stamp)
        step.take(given)
        self._memory = step.memory
        return tuple(step.outputs)


class _Step:
    """One input's work, on a copy of the memory."""

    def __init__(self, memory: _Memory, camera: str, stamp: Stamp) -> None:
        self.memory = replace(memory)
        self.outputs: list[Output] = []
        self._camera = camera
        self._stamp = stamp
        #: What the observation that is being taken shows.
        self._look = Look(t=_NEVER_T)
        #: When the clip that this step may begin was triggered.
        self._trigger_t = _NEVER_T

    def take(self, given: Input) -> None:
        """Let time pass, then do what the input says."""
        memory = self.memory
        _check(memory, given)
        self._trigger_t = memory.now = max(memory.now, given.t)
        self._pass_time()
        match given:
            case Observation():
                self._observe(given)
            case Tick():
                memory.ticked_t = given.t
                self._visit_event(VisitEvent.TICK)
            case StreamLost() if given.session >= memory.session:  # else that session is known to be over
                self._lose(given.session)
            case Armed():
                self._arm(on=given.on)
            case Configure():
                self._configure(given.settings)
            case TestClip():
                self._clip_event(ClipEvent.ASKED)
        if memory.visit_state is VisitState.ACTIVE and memory.policy.record and self._gap_is_over():
            self._clip_event(ClipEvent.WANTED)

    # --- from inputs to events ----------------------------------------------------------------------------------------

    def _pass_time(self) -> None:
        """Do what would have been done by now had somebody told the time."""
        memory = self.memory
        policy = memory.policy
        if memory.clip_state is ClipState.OPEN and memory.now >= memory.clip.trigger_t + policy.max_clip_s:
            self._clip_event(ClipEvent.FULL)
        if memory.clip_state is ClipState.GAP and self._gap_is_over():
            self._clip_event(ClipEvent.OVER)
        going_on = memory.visit_state in {VisitState.ACTIVE, VisitState.HOLDING}
        if going_on and memory.now >= memory.visit.seen_t + policy.hold_s:
            self._visit_event(VisitEvent.TIMEOUT)

    def _observe(self, seen: Observation) -> None:
        memory = self.memory
        if memory.lost_session < memory.session < seen.session:  # a reconnect that nobody has told of yet
            self._lose(memory.session)
        memory.session = seen.session
        memory.observed_t = seen.t
        people = seen.people if seen.t >= memory.armed_t else ()
        memory.presence = memory.presence.after(seen.t, people, memory.policy)
        self._look = memory.presence.look(seen, people, memory.policy)
        if memory.presence.known and memory.visit_state in {VisitState.IDLE, VisitState.CONFIRMING}:
            self._trigger_t = memory.presence.first_t
            self._visit_event(VisitEvent.CONFIRMED)
        elif memory.visit_state is VisitState.CONFIRMING and not memory.presence.hits:
            self._visit_event(VisitEvent.TIMEOUT)
        else:
            self._visit_event(VisitEvent.SEEN if self._look.count else VisitEvent.NOBODY)

    def _lose(self, session: int) -> None:
        self.memory.session = self.memory.lost_session = session
        self._visit_event(VisitEvent.CUT)
        self._clip_event(ClipEvent.DONE)

    def _arm(self, *, on: bool) -> None:
        self.memory.armed_t = min(self.memory.armed_t, self.memory.now) if on else math.inf
        self._visit_event(VisitEvent.TICK if on else VisitEvent.CUT)

    def _configure(self, settings: Settings) -> None:
        memory = self.memory
        memory.policy = replace(
            memory.policy,
            confidence=settings.confidence,
            clip_gap_s=settings.min_clip_gap_s,
            max_clip_s=settings.max_clip_s,
            record=settings.record,
        )
        if not settings.record and not memory.clip.asked:
            self._clip_event(ClipEvent.DONE)
        self._arm(on=settings.armed)

    def _gap_is_over(self) -> bool:
        return self.memory.now >= self.memory.clip.trigger_t + self.memory.policy.clip_gap_s

    # --- from events to actions ---------------------------------------------------------------------------------------

    def _visit_event(self, event: VisitEvent) -> None:
        self.memory.visit_state, actions = VISIT_TABLE[self.memory.visit_state, event]
        for action in actions:
            _VISIT_ACTIONS[action](self)

    def _clip_event(self, event: ClipEvent) -> None:
        self.memory.clip_state, actions = CLIP_TABLE[self.memory.clip_state, event]
        for action in actions:
            _CLIP_ACTIONS[action](self)

    def begin(self) -> None:
        memory, start_t = self.memory, self._trigger_t
        visit_id, utc = self._stamp(start_t)
        visit = Visit(camera=self._camera, id=visit_id, start_t=start_t, start_utc=utc, seen_t=self._look.t)
        memory.visit, fact = visit.started(self._look, memory.now)
        self.outputs.append(fact)

    def count(self) -> None:
        self.memory.visit = self.memory.visit.counted(self._look)

    def tell(self) -> None:
        memory = self.memory
        memory.visit, facts = memory.visit.updated(memory.now, memory.policy)
        self.outputs += facts

    def forget(self) -> None:
        self.memory.presence = Presence()

    def end(self) -> None:
        memory = self.memory
        if memory.clip.visit_id == memory.visit.id:
            self._clip_event(ClipEvent.DONE)
        self.outputs.append(memory.visit.ended())
        memory.visit = _NO_VISIT

    def start_clip(self) -> None:
        memory = self.memory
        visit = memory.visit = replace(memory.visit, clips=memory.visit.clips + 1)
        # Confirming takes a moment, in which the gap may have ended: not even the trigger may lie in it.
        trigger_t = max(self._trigger_t, memory.clip.trigger_t + memory.policy.clip_gap_s)
        memory.clip = _Clip(visit_id=visit.id, trigger_t=trigger_t, asked=False)
        self.outputs.append(
            ClipStart(visit_id=visit.id, n=visit.clips, trigger_t=trigger_t, trigger_utc=visit.utc(trigger_t))
        )

    def start_asked_clip(self) -> None:
        memory = self.memory
        visit_id, utc = self._stamp(memory.now)
        memory.clip = _Clip(visit_id=visit_id, trigger_t=memory.now, asked=True)
        self.outputs.append(ClipStart(visit_id=visit_id, n=1, trigger_t=memory.now, trigger_utc=utc, asked=True))

    def stop_clip(self) -> None:
        memory = self.memory
        stop_t = memory.now if memory.clip.asked else min(memory.now, memory.visit.seen_t + memory.policy.hold_s)
        self.outputs.append(ClipStop(visit_id=memory.clip.visit_id, stop_t=stop_t))


_VISIT_ACTIONS: Mapping[VisitAction, Callable[[_Step], None]] = {
    VisitAction.BEGIN: _Step.begin,
    VisitAction.COUNT: _Step.count,
    VisitAction.TELL: _Step.tell,
    VisitAction.END: _Step.end,
    VisitAction.FORGET: _Step.forget,
}
_CLIP_ACTIONS: Mapping[ClipAction, Callable[[_Step], None]] = {
    ClipAction.START: _Step.start_clip,
    ClipAction.START_ASKED: _Step.start_asked_clip,
    ClipAction.STOP: _Step.stop_clip,
}


def _check(memory: _Memory, given: Input) -> None:
    """Raise IllegalInputError when the input cannot be, whatever the state."""
    what = f"{type(given).__name__} at {given.t}"
    if not math.isfinite(given.t):
        raise IllegalInputError(f"{what}: that is no time")
    if isinstance(given, Tick) and given.t < memory.ticked_t:
        raise IllegalInputError(f"{what}: the tick before it was at {memory.ticked_t}")
    if not isinstance(given, Observation):
        return
    if given.t < memory.observed_t:
        raise IllegalInputError(f"{what}: the observation before it was of {memory.observed_t}")
    if given.session <= memory.lost_session or given.session < memory.session:
        raise IllegalInputError(f"{what}: its session {given.session} is over, in state {memory.visit_state.name}")
