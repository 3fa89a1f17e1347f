import json
import re
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_detector.archive.table import COLUMNS, PARTITIONS, query
from edge_detector.core import naming
from edge_detector.core.documents import Origin, visit_document
from edge_detector.core.errors import PorchlightError
from edge_detector.core.evidence import Item, ItemKind, VisitRecord
from edge_detector.core.types import VisitStats
from tests.paths import ROOT

DAY_S = 86_400
#: 2026-11-05T10:00:00Z
BEGUN_UTC = 1_793_872_800.0


def visit(root: Path, n: int, *, camera: str = "door", node: str = "porch") -> dict[str, object]:
    """Put the document of a visit into the archive, one visit a day; the document."""
    utc = BEGUN_UTC + n * DAY_S + 0.123
    visit_id = naming.ulid(round(utc * 1000), n)
    clip = naming.ClipName(
        start_ms=round(utc * 1000),
        duration_ms=12_000,
        max_people=n,
        confidence_permille=800,
        inference_ms=12,
        width=640,
        height=480,
        visit_id=visit_id,
        n=1,
    )
    item = Item(
        key=naming.archive_key(ItemKind.CLIP, node=node, camera=camera, visit_id=visit_id),
        kind=ItemKind.CLIP,
        camera=camera,
        visit_id=visit_id,
        n=1,
        path=Path(f"{clip.stem}.mp4"),
        bytes=3_000_000_000,
        sha256="aa",
        content_type="video/mp4",
        created_utc=utc,
    )
    record = VisitRecord(
        visit_id=visit_id,
        camera=camera,
        started_utc=utc,
        last_seen_utc=utc + 30,
        stats=VisitStats(max_people=n, max_confidence=0.8, mean_inference_ms=12.0),
        zones=("doormat",),
        clips=1,
        ended=True,
    )
    origin = Origin(node=node, camera=camera, model="yolov5n", backend="onnx", pre_roll_s=4.0, version="0.1.0")
    document = visit_document(record, [item], origin)
    path = root / naming.archive_key(ItemKind.DOCUMENT, node=node, camera=camera, visit_id=visit_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return document


def test_columns_are_those_of_a_document(tmp_path: Path) -> None:
    assert set(visit(tmp_path, 0)) == {*COLUMNS, *PARTITIONS} - {"date"}


def test_row_says_what_the_document_says(tmp_path: Path) -> None:
    document = visit(tmp_path, 2)
    answer = query(tmp_path, "SELECT * FROM visits")
    (row,) = answer.rows
    found: dict[str, Any] = dict(zip(answer.columns, row, strict=True))
    assert list(found) == [*PARTITIONS, *COLUMNS]
    assert found["date"] == date(2026, 11, 7)
    assert found["started_at"] == datetime(2026, 11, 7, 10, 0, 0, 123_000)  # noqa: DTZ001 - the column has no zone
    assert found["clips"][0]["bytes"] == 3_000_000_000
    assert found["zones"] == ["doormat"]
    plain = [name for name, value in document.items() if isinstance(value, str | int | float) and "_at" not in name]
    assert {name: found[name] for name in plain} == {name: document[name] for name in plain}


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        # partitions are columns
        (
            "SELECT node, camera, count(*) FROM visits GROUP BY ALL ORDER BY ALL",
            [("porch", "door", 3), ("shed", "gate", 1)],
        ),
        ("SELECT max_people FROM visits WHERE date = '2026-11-06' AND camera = 'door'", [(1,)]),
        # clips and zones are lists
        ("SELECT sum(clip.bytes) FROM (SELECT unnest(clips) AS clip FROM visits)", [(12_000_000_000,)]),
        ("SELECT count(*) FROM visits WHERE list_contains(zones, 'doormat')", [(4,)]),
        # times can be reckoned with, and told in another zone
        ("SELECT DISTINCT ended_at - started_at = INTERVAL 30 SECOND FROM visits", [(True,)]),
        (
            "SELECT strftime(min(started_at) AT TIME ZONE 'UTC' AT TIME ZONE 'Europe/Berlin', '%H:%M') FROM visits",
            [("11:00",)],
        ),
        # the last of several statements answers
        ("CREATE TABLE days AS SELECT DISTINCT date FROM visits; SELECT count(*) FROM days", [(3,)]),
    ],
)
def test_query(tmp_path: Path, sql: str, rows: list[tuple[object, ...]]) -> None:
    for n in range(3):
        visit(tmp_path, n)
    visit(tmp_path, 1, camera="gate", node="shed")
    assert list(query(tmp_path, sql).rows) == rows


def test_time_with_a_zone_can_be_had(tmp_path: Path) -> None:
    visit(tmp_path, 0)
    ((moment,),) = query(tmp_path, "SELECT started_at AT TIME ZONE 'UTC' FROM visits").rows
    assert moment.timestamp() == pytest.approx(BEGUN_UTC + 0.123)


@pytest.mark.parametrize(
    ("since", "until", "days"),
    [
        # both ends belong to it
        (date(2026, 11, 6), date(2026, 11, 7), [6, 7]),
        (date(2026, 11, 7), None, [7, 8]),
        (None, date(2026, 11, 5), [5]),
        (date(2027, 1, 1), None, []),
    ],
)
def test_span_of_days(tmp_path: Path, since: date | None, until: date | None, days: list[int]) -> None:
    for n in range(4):
        visit(tmp_path, n)
    answer = query(tmp_path, "SELECT day(date) FROM visits ORDER BY 1", since=since, until=until)
    assert [day for (day,) in answer.rows] == days


@pytest.mark.parametrize("name", ["it's", "a [1] *", "50%", 'a "b"', "ä b"])
def test_folder_of_any_name(tmp_path: Path, name: str) -> None:
    visit(tmp_path / name, 0)
    visit(tmp_path / "other", 1)
    assert query(tmp_path / name, "SELECT count(*) FROM visits").rows == [(1,)]


def test_archive_without_visits_has_the_columns(tmp_path: Path) -> None:
    answer = query(tmp_path / "absent", "SELECT * FROM visits")
    assert (answer.columns, list(answer.rows)) == ((*PARTITIONS, *COLUMNS), [])
    assert query(tmp_path, "SELECT sum(duration_s), max(date) FROM visits").rows == [(None, None)]


def test_document_of_a_newer_program_is_read(tmp_path: Path) -> None:
    visit(tmp_path, 0)
    (path,) = tmp_path.rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "weather": "rain"}))
    assert query(tmp_path, "SELECT count(*) FROM visits").rows == [(1,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", "The query is empty"),
        ("-- nothing", "The query is empty"),
        ("SELEC 1", "syntax error"),
        ("SELECT people FROM visits", 'Referenced column "people" not found'),
        ("SELECT 1/x FROM (SELECT 'a'::INTEGER AS x)", "Could not convert string 'a'"),
    ],
)
def test_fault_of_a_query_is_told(tmp_path: Path, sql: str, said: str) -> None:
    visit(tmp_path, 0)
    with pytest.raises(PorchlightError, match=said):
        query(tmp_path, sql)


def test_damaged_document_is_named(tmp_path: Path) -> None:
    visit(tmp_path, 0)
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    with pytest.raises(PorchlightError, match=path.name):
        query(tmp_path, "SELECT * FROM visits")


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(PorchlightError, match=r"pip install 'porchlight-edge\[query\]'"):
        query(tmp_path, "SELECT 1")


# --- what the documentation shows -----------------------------------------------------------------------------------

PAGE = (ROOT / "docs" / "how-to" / "query.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```sql\n(SELECT.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
(ATHENA,) = re.findall(r"^```sql\n(CREATE.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("sql", EXAMPLES)
def test_example_runs(tmp_path: Path, sql: str) -> None:
    visit(tmp_path, 0)
    query(tmp_path, sql)


def test_page_names_every_column() -> None:
    assert [name for name in (*COLUMNS, *PARTITIONS) if f"`{name}`" not in PAGE] == []


def test_table_in_athena_has_the_same_columns() -> None:
    columns = re.findall(r"^  `?(\w+)`? \w+", ATHENA.partition(")\nPARTITIONED")[0], re.MULTILINE)
    assert columns == list(COLUMNS)
    partitions = re.search(r"PARTITIONED BY \((.*)\)", ATHENA)
    assert partitions
    assert re.findall(r"`?(\w+)`? string", partitions[1]) == list(PARTITIONS)
