"""A clip in the media browser, as somebody sees it at the desk and on the phone: recorded, uploaded, found, played."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from edge_detector.archive.policies import reader_policy
from script.demo_home_assistant.api import Api, ApiError, wait_until
from tests.broker import Broker
from tests.e2e.edge import Edge
from tests.ha.e2e.browser import PAGE_MS, Window, window
from tests.ha.e2e.conftest import INTEGRATION
from tests.ha.e2e.hass import Hass
from tests.paths import model
from tests.s3_server import BUCKET, PREFIX, MotoServer

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]

CLIP_S = 90.0
#: A video that plays, wherever in the page it is.
PLAYING = """
() => {
  const inside = (root) => [...root.querySelectorAll('*')].flatMap((each) => [
    ...(each.localName === 'video' ? [each] : []), ...(each.shadowRoot ? inside(each.shadowRoot) : [])]);
  const video = inside(document)[0];
  return video && video.readyState >= 2 && video.currentTime > 0.5 && video.videoWidth > 0 && !video.error;
}
"""
ROOT = "/media-browser/browser/app%2Cmedia-source%3A%2F%2Fporchlight"


@pytest.fixture(scope="module")
def hass(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hass]:
    """A home whose edge keeps its clips in a bucket that may only be read from here."""
    folder = tmp_path_factory.mktemp("media")
    with Broker(folder) as broker, MotoServer(folder / "s3") as store:
        reader = store._user("reader", reader_policy(BUCKET, PREFIX))
        store.enforce(iam=True)
        archive = {"type": "s3", "bucket": BUCKET, "prefix": PREFIX, "endpoint": store.url}
        config = {
            "node": {"id": "porch", "name": "Porch"},
            "cameras": {"front_door": {"name": "Front door", "source": "scene://door?people=1"}},
            "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
            "recording": {"max_clip_s": 8, "pre_roll_s": 2, "min_clip_gap_s": 5},
            "archive": archive | {"access_key_id": store.edge.id, "secret_access_key": store.edge.secret},
            "mqtt": {"port": broker.port},
        }
        with Hass(folder, integrations=(INTEGRATION,)) as running, Edge(folder, config):
            running.add_mqtt(broker.port)
            clips = {
                "bucket": BUCKET,
                "prefix": PREFIX,
                "region": "us-east-1",
                "endpoint": store.url,
                "access_key_id": reader.id,
                "secret_access_key": reader.secret,
            }
            running.api.finish(running.api.discovered("porchlight"), [{}, {"next_step_id": "s3"}, clips])
            wait_until(lambda: any(key.endswith(".json") for key in store.objects()), "a visit in the bucket", CLIP_S)
            yield running


def children(api: Api, identifier: str) -> list[dict[str, str]]:
    """What is in a folder of the media browser."""
    found: list[dict[str, str]] = api.call("media_source/browse_media", media_content_id=identifier)["children"]
    return found


def test_the_address_of_a_clip(hass: Hass) -> None:
    api = hass.api
    days = children(api, "media-source://porchlight/porch/front_door")
    clip = children(api, days[0]["media_content_id"])[-1]
    path = api.call("media_source/resolve_media", media_content_id=clip["media_content_id"])["url"]
    anybody = Api(api.port)
    whole = anybody.fetch(path)
    assert whole[4:8] == b"ftyp"
    assert anybody.fetch(path, headers={"Range": "bytes=4-7"}) == b"ftyp"
    assert api.fetch(clip["thumbnail"]).startswith(b"\xff\xd8\xff")
    for refused in (path.partition("?")[0], path + "x", clip["thumbnail"]):
        with pytest.raises(ApiError, match="401"):
            anybody.fetch(refused)
    assert not hass.problems(
        r"Login attempt or request with invalid authentication", r"No device components to cleanup"
    )


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)], ids=["desktop light", "phone dark"])
def test_from_the_top_to_a_clip_that_plays(hass: Hass, screenshots: Path, width: int, *, dark: bool) -> None:
    name = f"{width}-{'dark' if dark else 'light'}"
    with window(hass.api, width=width, height=844, dark=dark) as shown:
        shown.open(ROOT)
        step(shown, "Porch", "Front door")
        shown.screenshot(screenshots / f"media-cameras-{name}.png")
        step(shown, "Front door", "Today")
        step(shown, "Today", "1 person")
        shown.page.wait_for_timeout(1500)  # thumbnails come when they are in view
        shown.screenshot(screenshots / f"media-day-{name}.png")
        shown.page.get_by_text("1 person").filter(visible=True).last.click()
        shown.page.wait_for_function(PLAYING, timeout=PAGE_MS)
        shown.screenshot(screenshots / f"media-clip-{name}.png")
        assert not shown.problems


def test_a_day_opened_from_a_notification(hass: Hass, screenshots: Path) -> None:
    day = children(hass.api, "media-source://porchlight/porch/front_door")[0]["media_content_id"]
    for dark in (True, False):
        with window(hass.api, width=390 if not dark else 1280, height=844, dark=dark) as shown:
            shown.open(f"{ROOT}{quote(day.removeprefix('media-source://porchlight'), safe='')}")
            shown.page.get_by_text("1 person").filter(visible=True).first.wait_for(timeout=PAGE_MS)
            shown.page.wait_for_timeout(1500)
            shown.screenshot(screenshots / f"media-linked-{'dark' if dark else 'light'}.png")
            assert not shown.problems


def step(shown: Window, text: str, following: str) -> None:
    """Open what bears this text; the next page shows the other."""
    shown.page.get_by_text(text).filter(visible=True).last.click()
    shown.page.get_by_text(following).filter(visible=True).first.wait_for(state="visible", timeout=PAGE_MS)
    shown.page.wait_for_timeout(500)
