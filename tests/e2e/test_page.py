"""The edge's own page on a real edge that watches a generated door, driven as an owner drives it."""

import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from edge_detector.core.still import PROPOSE_S, Spot
from edge_detector.core.types import Box
from edge_detector.outbox.database import Database
from edge_detector.outbox.spots import SqliteSpots
from tests.broker import free_port
from tests.chromium import PATIENCE_MS, Window, chromium, window
from tests.e2e.edge import Edge
from tests.paths import model

expect.set_options(timeout=PATIENCE_MS)

#: What has room on a phone only when it is broken.
NAME = "Front door of Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"
#: Where people walk in the scene, and a line that they step over, in 0..1 of the picture.
ZONE = ((0.08, 0.68), (0.92, 0.68), (0.92, 0.97), (0.08, 0.97))
LINE = ((0.5, 0.99), (0.5, 0.6))
#: Every view, with its heading.
VIEWS: dict[str, str | re.Pattern[str]] = {
    "live": re.compile("at Front door|there"),
    "visits": "Today",
    "traffic": "Traffic",
    "system": "Health",
    "settings": "Settings",
    "zones/front_door": "Zones and lines",
}
#: The browser cannot be fed with a stream.
NO_MEDIA_SOURCE = "delete window.MediaSource; delete window.ManagedMediaSource;"
#: Resolves with the length of the video, also one that has taken another's place, when it has come so far by playing;
#: counted from its end when less than nothing.
REACHED = """
(seconds) => new Promise((resolve) => {
  const look = () => {
    const video = document.querySelector('.pane video');
    const goal = seconds < 0 ? video?.duration + seconds : seconds;
    if (video?.readyState > 1 && video.currentTime > goal) resolve(video.duration);
    else setTimeout(look, 50);
  };
  look();
})
"""
#: Resolves when the edge knows of nothing that stands still any more.
NOTHING_STANDS = """
async () => {
  while ((await (await fetch('api/v1/spots')).json()).length) await new Promise((resolve) => setTimeout(resolve, 100));
}
"""
GRAVE = {"serious", "critical"}


@dataclass(frozen=True, kw_only=True)
class House:
    """An edge that runs, and a browser."""

    edge: Edge
    url: str
    #: What logging in has left in the browser.
    session: StorageState
    browser: Browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    port = free_port()
    config = {
        "node": {"id": "porch"},
        "web": {"enabled": True, "port": port},
        "cameras": {"front_door": {"name": NAME, "source": "scene://walk?people=2"}},
        "detection": {"model": str(model("yolov5n.onnx")), "backend": "onnx", "precision": "fp32", "threads": 1},
        "recording": {"max_clip_s": 5, "min_clip_gap_s": 5, "pre_roll_s": 1},
        # A machine that looks seldom sees people too.
        "visits": {"hold_s": 1, "confirm_window_s": 5},
        "mqtt": {"enabled": False},
    }
    url = f"http://127.0.0.1:{port}/"
    edge = Edge(tmp_path_factory.mktemp("page"), config)
    hang_up_a_coat(edge)
    with edge, chromium() as browser:
        wait_for_answer(f"{url}healthz", edge)
        token = (edge.data / "api-token").read_text().strip()
        with window(browser, url) as shown:
            shown.log_in(token)
            session = shown.page.context.storage_state()
        yield House(edge=edge, url=url, session=session, browser=browser)


def hang_up_a_coat(edge: Edge) -> None:
    """Something has stood still for days, where nobody walks."""
    now = time.time()
    since = now - 1.1 * PROPOSE_S
    database = Database(edge.data / "porchlight.db")
    coat = Spot(id="coat", box=Box(0.02, 0.02, 0.08, 0.2), since_utc=since, seen_utc=now, looks=3000)
    SqliteSpots(database).put("front_door", [coat])
    database.close()


def wait_for_answer(url: str, edge: Edge) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < deadline, edge.log_text()[-4000:]
            time.sleep(0.1)  # nothing tells when another process listens


@pytest.fixture
def shown(house: House) -> Iterator[Window]:
    with window(house.browser, house.url, session=house.session) as shown:
        yield shown
    assert shown.problems == []


def at(board: Locator, point: tuple[float, float]) -> tuple[float, float]:
    """A point of the picture on the screen."""
    box = board.bounding_box()
    assert box is not None
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def pull(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def editor(shown: Window) -> Locator:
    """The editor's board, once it shows the camera."""
    shown.open("zones/front_door", "Zones and lines")
    shown.page.wait_for_selector('.stage[data-mode="stream"]')
    return shown.page.locator("svg.board")


@pytest.mark.timeout(300)
def test_zone_and_line_that_are_drawn_light_up_and_count_and_the_clip_plays(shown: Window) -> None:
    page = shown.page
    board = editor(shown)
    page.get_by_role("button", name="Add zone").click()
    for point in ZONE:
        page.mouse.click(*at(board, point))
    page.mouse.click(*at(board, ZONE[0]))
    page.get_by_label("Name").fill("Pavement")
    page.get_by_role("button", name="Add line").click()
    pull(page, at(board, LINE[0]), at(board, LINE[1]))
    page.get_by_label("Name").fill("Middle")
    page.get_by_role("button", name="Turn the arrow around").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    saved = shown.call("zones/front_door")
    assert [(zone["id"], zone["kind"]) for zone in saved["zones"]] == [("pavement", "count")]
    (line,) = saved["lines"]
    assert line["start"] == pytest.approx(LINE[1], abs=0.01), "the arrow was turned around"

    shown.open("live", VIEWS["live"])
    expect(page.locator('.stage[data-mode="stream"]')).to_be_visible()
    expect(page.locator(".overlay .person").first).to_be_visible()
    expect(page.locator('.shape.zone[data-id="pavement"][data-lit="true"]')).to_be_visible()
    expect(page.locator('.shape.line[data-id="middle"][data-lit="true"]')).to_have_count(1)
    expect(page.get_by_text(re.compile("Middle .*[1-9][0-9]* (in|out)")).first).to_be_visible()

    with_clip = page.locator(".latest .visit").filter(has_text="Clip").filter(has_text="Pavement").first
    with_clip.click()
    assert 1 < page.evaluate(REACHED, 0.3) < 6, "it plays"
    page.locator(".pane video").evaluate("video => { video.currentTime = video.duration - 0.5; }")
    page.evaluate(REACHED, -0.4)

    shown.open("traffic", "Traffic")
    expect(page.get_by_role("img", name=re.compile("^(?!0 in and 0 out)[0-9]+ in and [0-9]+ out$"))).to_be_visible()
    page.get_by_text("As a table").click()
    rows = page.get_by_role("table").locator("tbody tr").all_inner_texts()
    assert len(rows) == 24
    assert sum(int(cell) for row in rows for cell in row.split("\t")[1:]) >= 2, "a visit and a crossing"


def test_keys_alone_draw_move_and_remove(shown: Window) -> None:
    page = shown.page
    editor(shown)
    count = page.locator(".shape-head").count()
    page.get_by_role("button", name="Add zone").press("Enter")
    point = page.locator('.handle.point[data-index="0"]')
    expect(point).to_be_focused()
    before = point.get_attribute("aria-label")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(point).to_be_focused()
    assert point.get_attribute("aria-label") != before
    page.keyboard.press("Delete")
    expect(page.locator(".handle.point")).to_have_count(3)
    page.keyboard.press("Control+z")
    expect(page.locator(".handle.point")).to_have_count(4)
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Delete")
    expect(page.locator(".shape-head")).to_have_count(count)


def test_pointer_moves_adds_and_removes_points(shown: Window) -> None:
    page = shown.page
    board = editor(shown)
    page.get_by_role("button", name="Add zone").click()
    pull(page, at(board, (0.2, 0.2)), at(board, (0.6, 0.6)))
    points = page.locator(".handle.point")
    expect(points).to_have_count(4)
    pull(page, at(board, (0.6, 0.6)), at(board, (0.7, 0.8)))
    expect(points.nth(2)).to_have_attribute("aria-label", re.compile("70 % across, 80 % down"))
    pull(page, at(board, (0.4, 0.2)), at(board, (0.4, 0.1)))  # the dot between two points
    expect(points).to_have_count(5)
    page.clock.set_fixed_time(time.time())  # however long it takes, the second tap comes at once
    page.mouse.dblclick(*at(board, (0.4, 0.1)))
    expect(points).to_have_count(4)
    pull(page, at(board, (0.3, 0.4)), at(board, (0.4, 0.5)))  # the whole zone
    expect(points.nth(0)).to_have_attribute("aria-label", re.compile("30 % across, 30 % down"))
    page.get_by_role("button", name="Remove this zone").click()


def test_what_is_wrong_is_told_where_it_is_and_cannot_be_saved(shown: Window) -> None:
    page = shown.page
    board = editor(shown)
    page.get_by_role("button", name="Add zone").click()
    for point in ((0.1, 0.1), (0.4, 0.4), (0.4, 0.1), (0.1, 0.4)):
        page.mouse.click(*at(board, point))
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("cross")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_label("Name").fill("")
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("button", name="Remove this zone").click()
    expect(page.get_by_role("status").filter(has_text="Not right")).to_have_count(0)


def test_what_stands_still_is_left_out_and_counted_again(shown: Window) -> None:
    page = shown.page
    editor(shown)
    things = page.locator(".spot")
    expect(things).to_have_text(re.compile("Counts as a person"))
    page.get_by_role("button", name="Leave it out").click()
    expect(things).to_have_text(re.compile("Left out of account"))
    expect(page.get_by_role("button", name="Count it")).to_be_focused()
    expect(page.locator('.spot-box[data-off="true"]')).to_have_count(1)
    page.reload()
    expect(things).to_have_text(re.compile("Left out of account"))
    page.get_by_role("button", name="Count it").click()
    expect(things).to_have_count(0)
    page.evaluate(NOTHING_STANDS)


def test_people_inside_are_set_to_none(shown: Window) -> None:
    page = shown.page
    # Where nobody crosses it, so that the count is the owner's alone.
    far = {"zones": [], "lines": [{"id": "far", "start": [0.1, 0.05], "end": [0.9, 0.05]}]}
    shown.open("traffic", "Traffic")
    shown.call("zones/front_door", "PUT", far)
    shown.call("occupancy/front_door/reset", "POST", {"count": 7})
    page.reload()
    inside = page.locator(".sum").filter(has_text="Inside now")
    expect(inside).to_have_text(re.compile("7$"))
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Set to 0 inside").click()
    expect(inside).to_have_text(re.compile("0$"))
    expect(page.get_by_role("button", name="Set to 0 inside")).to_have_count(0)
    assert [one["count"] for one in shown.call("occupancy")] == [0]


def test_settings_hold_at_once(shown: Window) -> None:
    shown.open("settings", "Settings")
    switch = shown.page.get_by_role("switch", name="Upload")
    for on in (False, True):
        with shown.page.expect_response(lambda answer: answer.request.method == "PATCH"):
            switch.click()
        expect(shown.page.get_by_role("status").filter(has_text="in force")).to_be_visible()
        assert shown.call("settings/front_door")["settings"]["upload"] is on


def test_browser_that_cannot_be_fed_shows_pictures(house: House) -> None:
    with window(house.browser, house.url, session=house.session, script=NO_MEDIA_SOURCE) as shown:
        shown.open("live", VIEWS["live"])
        expect(shown.page.locator('.stage[data-mode="pictures"] img')).to_be_visible()
        assert shown.problems == []


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (390, True),
        pytest.param(390, False, marks=pytest.mark.slow),
        pytest.param(1280, True, marks=pytest.mark.slow),
        pytest.param(1280, False, marks=pytest.mark.slow),
    ],
)
def test_no_view_shuts_anybody_out(house: House, width: int, *, dark: bool) -> None:
    folder = os.environ.get("PORCHLIGHT_SCREENSHOTS")
    with window(house.browser, house.url, session=house.session, width=width, dark=dark, lax=True) as shown:
        for view, heading in VIEWS.items():
            shown.open(view, heading)
            grave = [fault for fault in Axe().run(shown.page).response["violations"] if fault["impact"] in GRAVE]
            assert grave == [], view
            assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{view} is too wide"
            if folder:
                name = f"page-{view.partition('/')[0]}-{width}-{'dark' if dark else 'light'}.png"
                shown.page.screenshot(path=Path(folder) / name)
        assert shown.problems == []


def test_form_for_the_token_fits_a_phone(house: House) -> None:
    with window(house.browser, house.url, width=390, lax=True) as shown:
        shown.page.goto(house.url)
        expect(shown.page.get_by_role("button", name="Open")).to_be_visible()
        assert [fault for fault in Axe().run(shown.page).response["violations"] if fault["impact"] in GRAVE] == []
        assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_page_asks_below_its_own_address_alone_as_ingress_needs_it(house: House) -> None:
    prefix = f"{house.url}api/hassio_ingress/abc/"
    asked: list[str] = []
    with window(house.browser, prefix, session=house.session) as shown:
        shown.page.route(f"{prefix}**", lambda route: route.continue_(url=route.request.url.replace(prefix, house.url)))
        shown.page.on("request", lambda request: asked.append(request.url))
        shown.page.on("websocket", lambda socket: asked.append(socket.url))
        for view, heading in VIEWS.items():
            shown.open(view, heading)
    assert len(asked) > 30
    assert [url for url in asked if not re.sub("^ws", "http", url).startswith((prefix, f"blob:{house.url}"))] == []
