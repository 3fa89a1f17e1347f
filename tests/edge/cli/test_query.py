"""`porchlight query`: its three forms, and what it says when it cannot."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from tests.edge.archive.test_table import visit
from tests.edge.cli.conftest import Porchlight

VALUES = """
SELECT 7 AS n, 1.5 AS x, 'a, "b"' AS text, NULL AS nothing, DATE '2026-11-05' AS day,
    TIMESTAMP '2026-11-05 10:00:00.1234' AS moment, [1, 2] AS list, {'a': 1, 'b': [DATE '2026-11-05']} AS struct,
    1.25::DECIMAL(5, 2) AS exact, 'NaN'::DOUBLE AS nan, INTERVAL 90 SECOND AS span, true AS yes
"""
PLAIN = {
    "n": 7,
    "x": 1.5,
    "text": 'a, "b"',
    "nothing": None,
    "day": "2026-11-05",
    "moment": "2026-11-05 10:00:00.123",
    "list": [1, 2],
    "struct": {"a": 1, "b": ["2026-11-05"]},
    "exact": 1.25,
    "nan": None,
    "span": "0:01:30",
    "yes": True,
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder archive with three visits, and the configuration that leads there."""
    config = {
        "node": {"data_dir": str(tmp_path / "data")},
        "cameras": {"door": {"source": "scene://door"}},
        "archive": {"path": str(tmp_path / "disk"), "prefix": "home/"},
    }
    Path("porchlight.yaml").write_text(yaml.safe_dump(config))
    for n in range(3):
        visit(tmp_path / "disk" / "home", n)
    return tmp_path / "disk" / "home"


def test_configured_archive_is_asked(archive: Path, porchlight: Porchlight) -> None:
    ended = porchlight("query", "SELECT count(*) AS visits FROM visits", "--json")
    assert (ended.status, ended.out, ended.err) == (0, '{"visits": 3}\n', "")


def test_data_folder_holds_the_archive_by_default(tmp_path: Path, porchlight: Porchlight) -> None:
    Path("porchlight.yaml").write_text("cameras: {door: {source: 'scene://door'}}\n")
    visit(tmp_path / "data" / "archive", 0)  # the data folder of these tests, see conftest
    assert porchlight("query", "SELECT count(*) AS visits FROM visits", "--json").out == '{"visits": 1}\n'


def test_any_folder_is_asked_without_a_configuration(archive: Path, porchlight: Porchlight) -> None:
    Path("porchlight.yaml").unlink()
    ended = porchlight("query", "SELECT count(*) AS visits FROM visits", "--json", "--archive", archive)
    assert ended.out == '{"visits": 3}\n'


def test_days_bound_it(archive: Path, porchlight: Porchlight) -> None:
    span = ("--from", "2026-11-06", "--to", "2026-11-06")
    assert porchlight("query", "SELECT date FROM visits", "--json", *span).out == '{"date": "2026-11-06"}\n'
    assert porchlight("query", "SELECT 1", "--from", "yesterday").status == 2


def test_json(archive: Path, porchlight: Porchlight) -> None:
    (line,) = porchlight("query", VALUES, "--json").out.splitlines()
    assert json.loads(line) == PLAIN


def test_csv(archive: Path, porchlight: Porchlight) -> None:
    names, values = csv.reader(io.StringIO(porchlight("query", VALUES, "--csv").out))
    assert names == list(PLAIN)
    assert dict(zip(names, values, strict=True)) == {
        name: "" if value is None else value if isinstance(value, str) else json.dumps(value)
        for name, value in PLAIN.items()
    }


def test_table(archive: Path, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    out = porchlight("query", "SELECT date, 2.5 AS x, '[bold]' AS text FROM visits ORDER BY 1 LIMIT 1").out
    assert "2026-11-05" in out
    assert "[bold]" in out  # it is text, and no colour
    assert porchlight("query", "SELECT 1 AS n WHERE false").out.count("n") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("SELECT 1", "--json", "--csv"), 2, "--json or --csv, not both"),
        (("SELECT nope FROM visits",), 1, 'porchlight: The query failed: Binder Error: Referenced column "nope"'),
        (("",), 1, "porchlight: The query is empty"),
        (("SELECT 1", "--config", "absent.yaml"), 1, "absent.yaml cannot be read"),
    ],
)
def test_fault_is_told(
    archive: Path, porchlight: Porchlight, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ended = porchlight("query", *arguments)
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err


@pytest.mark.parametrize(
    ("module", "archive_type", "extra"),
    [
        ("duckdb", {"type": "folder"}, "query"),
        ("boto3", {"type": "s3", "bucket": "evidence"}, "s3"),
    ],
)
def test_missing_extra_is_named(
    porchlight: Porchlight,
    monkeypatch: pytest.MonkeyPatch,
    module: str,
    archive_type: dict[str, str],
    extra: str,
) -> None:
    config = {"cameras": {"door": {"source": "scene://door"}}, "archive": archive_type}
    Path("porchlight.yaml").write_text(yaml.safe_dump(config))
    for name in [name for name in sys.modules if name.startswith("edge_detector.archive.s3")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    ended = porchlight("query", "SELECT 1")
    assert (ended.status, ended.out) == (1, "")
    assert f"pip install 'porchlight-edge[{extra}]'" in ended.err
