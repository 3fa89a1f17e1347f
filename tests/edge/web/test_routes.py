import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.facts import Backlog, DetectorInfo, Health
from edge_detector.mqtt import messages
from edge_detector.outbox.journal import SqliteJournal
from tests.edge.web.conftest import Site

HEALTH = Health(
    t=1.0,
    utc=1.0,
    backlog=Backlog(pending=1),
    disk_free_bytes=5,
    cpu_percent=1.0,
    memory_bytes=7,
    temperature_c=40.0,
    uptime_s=9.0,
    detector=DetectorInfo(backend="hog", model="x"),
)


async def test_health_is_what_mqtt_says(site: Site) -> None:
    early = await site.client.get("/health")
    assert (early.status, early.code) == (503, "unavailable")
    site.board.tell(HEALTH)
    assert (await site.client.get("/health")).json == messages.health(HEALTH)


async def test_cameras_with_their_state_as_mqtt_says_it(site: Site) -> None:
    site.up()
    door, yard = (await site.client.get("/cameras")).json
    assert door == {
        "id": "door",
        "name": "Front door",
        "online": True,
        "width": 64,
        "height": 48,
        "state": messages.state(site.board.camera("door").status),
    }
    assert (yard["id"], yard["name"], yard["online"], yard["width"]) == ("yard", "yard", False, 0)


async def test_metrics_have_their_type(site: Site) -> None:
    answer = await site.client.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"porchlight_info" in answer.body


async def test_database_that_fails_is_told_as_such(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LedgerError("The database cannot be used: disk I/O error")

    monkeypatch.setattr(SqliteJournal, "page", fail)
    answer = await site.client.get("/visits")
    assert (answer.status, answer.code) == (503, "unavailable")
    assert "disk I/O error" in answer.json["error"]["message"]


async def test_fault_of_the_program_is_no_secret_and_no_traceback(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inner matters")

    monkeypatch.setattr(SqliteJournal, "page", fail)
    answer = await site.client.get("/visits")
    assert (answer.status, answer.code) == (500, "internal")
    assert b"inner matters" not in answer.body
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "inner matters" in caplog.text, "but the log tells it"
