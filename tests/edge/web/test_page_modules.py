"""The page's own modules in a real browser: taking streams apart, drawing, and the rules of zones."""

import base64
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import av
import pytest
from playwright.sync_api import Page

from edge_detector.core.zones import Zone, polygon_faults
from tests.chromium import chromium
from tests.e2e.player import served
from tests.paths import ROOT
from tests.videos import make_video

FOLDER = ROOT / "edge_detector" / "web" / "static"
FRAMES = 24
REMUX = """
async ({ data, cuts }) => {
  const [{ TsDemuxer }, { picture, description }, { opening, fragment }] = await Promise.all(
    ['ts', 'nal', 'fmp4'].map((name) => import(`/live/${name}.js`)));
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const parts = [], keys = [];
  let told = null;
  const demuxer = new TsDemuxer((unit) => {
    const shown = picture(unit.codec, unit.data);
    if (!told) parts.push(opening(told = description(unit.codec, shown.sets), 160, 120));
    parts.push(fragment(parts.length, unit, shown));
    keys.push(shown.key);
  });
  let at = 0;
  for (const size of cuts) demuxer.push(bytes.subarray(at, at += size));
  demuxer.push(bytes.subarray(at));
  let text = '';
  for (const part of parts) for (const byte of part) text += String.fromCharCode(byte);
  return { codec: told.codec, keys, mp4: btoa(text) };
}
"""
JUDGE = """
async (shapes) => {
  const { crossesItself, holds } = await import('/zones/geometry.js');
  return shapes.map(([points, at]) => [crossesItself(points), holds(points, at)]);
}
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served(FOLDER) as address, chromium() as browser:
        page = browser.new_page()
        page.goto(urljoin(address, "icon.svg"))
        yield page


@pytest.mark.parametrize(
    ("encoder", "options", "codec"),
    [
        ("libx264", {}, "avc1."),
        ("libx264", {"bf": "2"}, "avc1."),  # pictures are shown in another order than they come
        ("libx265", {"x265-params": "log-level=none"}, "hvc1.1.6.L"),
    ],
)
def test_stream_is_packed_anew_picture_for_picture(
    page: Page, tmp_path: Path, encoder: str, options: dict[str, str], codec: str
) -> None:
    path = make_video(tmp_path / "a.ts", codec=encoder, options=options, frames=FRAMES)
    rng = random.Random(5)
    cuts = [rng.randrange(1, 3000) for _ in range(8)]
    data = base64.b64encode(path.read_bytes()).decode()
    found = page.evaluate(REMUX, {"data": data, "cuts": cuts})
    assert found["codec"].startswith(codec)
    assert found["keys"][0]
    assert sum(found["keys"]) == 3
    given, packed = decoded(path.read_bytes()), decoded(base64.b64decode(found["mp4"]))
    # The last picture is given out when the next one begins, so it is still inside.
    assert len(packed) == FRAMES - 1
    missing = {time for time, _ in given} - {time for time, _ in packed}
    assert len(missing) == 1
    assert all(entry in given for entry in packed), "another picture or another time"


def decoded(data: bytes) -> list[tuple[float, int]]:
    """Every picture's time, from the first packet on, and the sum of its luma."""
    with av.open(io.BytesIO(data), "r", options={"err_detect": "explode"}) as container:
        first = next(packet.dts for packet in container.demux(video=0) if packet.dts is not None)
        container.seek(0)
        base = container.streams.video[0].time_base
        return [
            (round(float((frame.pts - first) * base), 3), int(frame.to_ndarray(format="gray").sum()))
            for frame in container.decode(video=0)
            if frame.pts is not None and base is not None
        ]


def test_page_and_edge_agree_on_what_a_zone_is_and_who_is_in_it(page: Page) -> None:
    rng = random.Random(11)
    shapes: list[tuple[list[tuple[float, float]], tuple[float, float]]] = []
    for _ in range(400):
        # A coarse grid, so that points meet and edges touch often.
        points = [(rng.randrange(6) / 5, rng.randrange(6) / 5) for _ in range(rng.randrange(3, 7))]
        shapes.append((points, (rng.randrange(11) / 10, rng.randrange(11) / 10)))
    judged = page.evaluate(JUDGE, shapes)
    expected = [
        [bool(list(polygon_faults(points))), Zone(id="a", name="a", points=tuple(points)).holds(at)]
        for points, at in shapes
    ]
    assert judged == expected
    assert 20 < sum(crossing for crossing, _ in expected) < 380, "too few of one kind to tell"


def run(page: Page, body: str) -> Any:  # noqa: ANN401 - any JSON
    """Run a script with a drawing of one zone and one line."""
    outline = {
        "zones": [{"id": "mat", "name": "Mat", "kind": "count", "points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]}],
        "lines": [{"id": "gate", "name": "Gate", "start": [0.1, 0.6], "end": [0.9, 0.6]}],
    }
    script = f"""async (outline) => {{
      const {{ Drawing }} = await import('/zones/drawing.js');
      const drawing = new Drawing(outline);
      const [zone, line] = drawing.shapes;
      {body}
    }}"""
    return page.evaluate(script, outline)


def test_outline_that_nobody_touched_is_sent_back_as_it_came(page: Page) -> None:
    found = run(page, "return [drawing.outline, drawing.changed, drawing.faults];")
    assert found[0]["zones"] == [
        {"id": "mat", "name": "Mat", "kind": "count", "points": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]}
    ]
    assert found[0]["lines"] == [{"id": "gate", "name": "Gate", "start": [0.1, 0.6], "end": [0.9, 0.6]}]
    assert found[1:] == [False, []]


def test_every_change_can_be_undone_and_done_again(page: Page) -> None:
    body = """
      const seen = [];
      const look = () => seen.push(JSON.stringify(drawing.shapes));
      look();
      drawing.selected = zone.key;
      for (let i = 0; i < 5; i++) drawing.movePoint(0, [0.2 + i / 100, 0.2]);  // one pull is one step
      look();
      drawing.settle(); drawing.insertPoint(2, [0.3, 0.6]); look();
      drawing.removePoint(0); look();
      drawing.add('zone', [[0, 0], [1, 0], [1, 1]]); look();
      drawing.selected = line.key; drawing.flip(); look();
      drawing.remove(); look();
      const back = [], forth = [];
      while (drawing.past.length) { drawing.undo(); back.push(JSON.stringify(drawing.shapes)); }
      while (drawing.future.length) { drawing.redo(); forth.push(JSON.stringify(drawing.shapes)); }
      return [seen, back, forth];
    """
    seen, back, forth = run(page, body)
    assert len(set(seen)) == 7
    assert back == seen[:-1][::-1]
    assert forth == seen[1:]


def test_new_shapes_get_ids_of_their_names_that_no_other_has(page: Page) -> None:
    body = """
      for (const name of ['Mat', 'Haustür & Stufe', '玄関']) {
        drawing.add('zone', [[0, 0], [1, 0], [1, 1]]);
        drawing.edit({ name });
      }
      return drawing.outline.zones.map((zone) => zone.id);
    """
    assert run(page, body) == ["mat", "mat_2", "haustur_stufe", "zone"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("drawing.edit({ name: '  ' })", "name"),
        ("drawing.edit({ name: 'x'.repeat(81) })", "name"),
        ("drawing.edit({ points: [[0, 0], [1, 1], [1, 0], [0, 1]] })", "points"),
        ("drawing.selected = line.key; drawing.edit({ points: [[0.5, 0.5], [0.51, 0.5]] })", "points"),
    ],
)
def test_what_the_edge_would_refuse_is_told_at_its_place(page: Page, change: str, field: str) -> None:
    found = run(page, f"drawing.selected = zone.key; {change}; return drawing.faults;")
    assert [fault["field"] for fault in found] == [field]


def test_what_the_edge_refused_is_told_at_its_place(page: Page) -> None:
    wheres = json.dumps(["zones.0.name", "zones.0.points.2", "lines.0.start", "zones.7.points"])
    body = f"""
      const placed = {wheres}.map((where) => drawing.placed({{ where, message: 'no' }}));
      return placed.map((fault) => fault && [fault.key === zone.key ? 'zone' : 'line', fault.field]);
    """
    assert run(page, body) == [["zone", "name"], ["zone", "points"], ["line", "points"], None]


def test_shape_is_moved_as_far_as_the_picture_goes(page: Page) -> None:
    body = "drawing.selected = zone.key; drawing.moveShape(zone.points, 9, -9); return drawing.current.points;"
    assert run(page, body) == [[0.6, 0], [1, 0], [1, 0.4]]


def test_zone_that_would_be_none_without_a_point_goes_whole(page: Page) -> None:
    body = "drawing.selected = zone.key; drawing.removePoint(1); return drawing.shapes.map((shape) => shape.id);"
    assert run(page, body) == ["gate"]
