"""The camera: the edge's picture of now where it answers, the latest visit's where it does not, and its stream."""

import pytest
from aiohttp import web
from homeassistant.components.camera import CameraEntityFeature, async_get_image, async_get_stream_source
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight import camera as camera_module
from tests.broker import HOST, free_port
from tests.ha.integration.conftest import state_of, until
from tests.ha.integration.node import CAMERA, JPEG, Node
from tests.ha.integration.test_access import Server, server

__all__ = ["server"]

DOOR = "camera.hallway_front_door"
NOW = JPEG + b"now"


async def with_edge(hass: HomeAssistant, entry: MockConfigEntry, url: str) -> None:
    """Have the running entry read clips, and pictures, from the edge."""
    clips = {"type": "edge", "url": url, "token": "0123"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "clips": clips})
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_person") == "on")
    await until(lambda: entry.runtime_data.cameras[CAMERA].image)


def features(hass: HomeAssistant) -> object:
    """What the camera offers."""
    state = hass.states.get(DOOR)
    return state.attributes["supported_features"] if state else None


async def test_without_an_edge(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    assert features(hass) == 0
    assert (await async_get_image(hass, DOOR)).content == JPEG
    assert await async_get_stream_source(hass, DOOR) is None
    with pytest.raises(HomeAssistantError):
        await async_get_image(hass, "camera.hallway_garden")  # nobody was there yet


async def test_live(hass: HomeAssistant, running: MockConfigEntry, server: Server) -> None:
    server.answer = lambda _: web.Response(body=NOW, content_type="image/jpeg")
    await with_edge(hass, running, server.url)
    assert features(hass) == CameraEntityFeature.STREAM
    assert (await async_get_image(hass, DOOR)).content == NOW
    [request] = [each for each in server.requests if each.path.endswith("frame.jpg")]
    assert request.path == f"/api/v1/cameras/{CAMERA}/frame.jpg"
    assert request.headers["Authorization"] == "Bearer 0123"
    source = await async_get_stream_source(hass, DOOR)
    assert source == f"{server.url.replace('://', '://homeassistant:0123@')}/api/v1/cameras/{CAMERA}/live.ts"
    assert "0123" not in str(hass.states.async_all())


async def test_no_stream_is_offered_while_the_camera_is_down(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, server: Server
) -> None:
    await with_edge(hass, running, server.url)
    edge.state(online=False)
    await until(lambda: features(hass) == 0)
    assert state_of(hass, DOOR) == "idle"  # the picture of the latest visit is there all the same
    edge.state()
    await until(lambda: features(hass) == CameraEntityFeature.STREAM)


async def test_an_edge_that_refuses_or_sends_too_much(
    hass: HomeAssistant, running: MockConfigEntry, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await with_edge(hass, running, server.url)
    server.answer = lambda _: web.Response(status=401)
    assert (await async_get_image(hass, DOOR)).content == JPEG
    monkeypatch.setattr(camera_module, "MAX_IMAGE_BYTES", 10)
    server.answer = lambda _: web.Response(body=NOW)
    assert (await async_get_image(hass, DOOR)).content == JPEG


async def test_an_edge_that_is_away(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    await with_edge(hass, running, f"http://{HOST}:{free_port()}")
    assert (await async_get_image(hass, DOOR)).content == JPEG
    edge.state(online=False)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_connectivity") == "off")
    assert await async_get_stream_source(hass, DOOR) is None
