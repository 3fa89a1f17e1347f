"""Events in order, each acknowledged before the next, whatever the broker and the disk do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import StoredEvent
from edge_detector.mqtt import event_queue
from edge_detector.mqtt.event_queue import EventQueue, JournalThread
from edge_detector.testing import MemoryJournal

#: For what is sure to come, on a machine that has much else to do.
PATIENCE_S = 60.0


def event(n: int) -> StoredEvent:
    return StoredEvent(id=f"{n:026}", camera="door", payload=f'{{"n":{n}}}')


class Desk:
    """A broker in miniature: remembers what was sent, and acknowledges when it is told to."""

    def __init__(self, journal: MemoryJournal, ack_s: float) -> None:
        self.sent: asyncio.Queue[StoredEvent] = asyncio.Queue()
        self.line = True
        self.thread = JournalThread()
        self.queue = EventQueue(journal=journal, thread=self.thread, send=self._send, ack_s=ack_s, look_s=0.05)
        self.mid = 0

    def ack(self) -> None:
        self.queue.acked(self.mid)

    def _send(self, sent: StoredEvent) -> int | None:
        if not self.line:
            return None
        self.mid += 1
        self.sent.put_nowait(sent)
        return self.mid


@contextlib.asynccontextmanager
async def running(journal: MemoryJournal, ack_s: float = PATIENCE_S) -> AsyncIterator[Desk]:
    desk = Desk(journal, ack_s)
    task = asyncio.create_task(desk.queue.run())
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        desk.thread.stop()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_queue, "RETRY_S", 0.01)


async def test_one_at_a_time_in_order() -> None:
    journal = MemoryJournal()
    async with running(journal) as desk:
        for n in range(3):
            await desk.queue.append(event(n))
        assert desk.sent.empty()  # the broker is not there yet
        desk.queue.open()
        for n in range(3):
            assert await desk.sent.get() == event(n)
            assert desk.sent.empty()
            desk.queue.acked(99)  # of somebody else's message
            desk.ack()
        await desk.queue.drain(PATIENCE_S)
        desk.ack()  # once more, for nothing
    assert journal.next_events(9) == []


async def test_what_is_not_acknowledged_is_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    async with running(MemoryJournal(), ack_s=0.1) as desk:
        desk.queue.open()
        await desk.queue.append(event(1))
        await desk.queue.append(event(2))
        assert [await desk.sent.get(), await desk.sent.get()] == [event(1)] * 2
        desk.ack()
        while (sent := await desk.sent.get()) == event(1):
            desk.ack()  # once more, if the first one came too late
        assert sent == event(2)
    assert f"has not acknowledged event {event(1).id}" in caplog.text


async def test_a_lost_connection_keeps_the_event() -> None:
    async with running(MemoryJournal()) as desk:
        desk.queue.open()
        await desk.queue.append(event(1))
        await desk.sent.get()
        desk.queue.close()
        await desk.queue.drain(PATIENCE_S)  # returns at once: the broker is away
        desk.line = False
        desk.queue.open()
        await asyncio.sleep(0.03)  # some tries in vain
        assert desk.sent.empty()
        desk.line = True
        assert await desk.sent.get() == event(1)


async def test_draining_ends_at_its_limit() -> None:
    async with running(MemoryJournal()) as desk:
        desk.queue.open()
        await desk.queue.append(event(1))
        await desk.queue.drain(0.01)
        await desk.sent.get()


class Unreadable(MemoryJournal):
    """A journal on a disk that fails twice."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 2

    def next_events(self, limit: int) -> Sequence[StoredEvent]:
        if self.failures:
            self.failures -= 1
            raise LedgerError("the disk refuses")
        return super().next_events(limit)


async def test_a_disk_that_fails_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with running(Unreadable()) as desk:
            desk.queue.open()
            await desk.queue.append(event(1))
            assert await desk.sent.get() == event(1)
    assert "Events cannot be sent: the disk refuses" in caplog.text


class Full(MemoryJournal):
    """A journal on a disk without room."""

    full = True

    def append_event(self, event: StoredEvent) -> None:
        if self.full:
            raise LedgerError("the disk is full")
        super().append_event(event)


async def test_what_a_full_disk_refuses_is_kept_and_sent_later() -> None:
    journal = Full()
    async with running(journal) as desk:
        for n in (1, 2, 1):
            with pytest.raises(LedgerError):
                await desk.queue.append(event(n))
        journal.full = False
        desk.queue.open()
        for n in (1, 2):
            async with asyncio.timeout(PATIENCE_S):
                assert await desk.sent.get() == event(n)
            desk.ack()
        await desk.queue.drain(PATIENCE_S)
        assert desk.sent.empty()


async def test_the_oldest_go_when_the_disk_stays_full(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event_queue, "MOST_UNKEPT", 2)
    journal = Full()
    async with running(journal) as desk:
        for n in range(4):
            with pytest.raises(LedgerError):
                await desk.queue.append(event(n))
        journal.full = False
        await desk.queue.append(event(4))
    assert journal.next_events(9) == [event(2), event(3), event(4)]
    assert f"Event {event(0).id} is forgotten" in caplog.text


async def test_event_of_another_process_is_found() -> None:
    journal = MemoryJournal()
    async with running(journal) as desk:
        desk.queue.open()
        await desk.queue.drain(PATIENCE_S)
        journal.append_event(event(1))  # nobody wakes the queue
        async with asyncio.timeout(PATIENCE_S):
            assert await desk.sent.get() == event(1)
