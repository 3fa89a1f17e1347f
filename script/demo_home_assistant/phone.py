"""A phone that is none: registered as the app does it, it shows what it is told as notifications of Home Assistant."""

from __future__ import annotations

import base64
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed

from script.demo_home_assistant.api import Api, ApiError, Json, Websocket, wait_until

NAME = "Demo phone"
#: The bell keeps so many of them.
KEPT = 5
#: How soon it hears that it is switched off.
LOOK_S = 0.5
REGISTRATION = {
    "app_id": "porchlight_demo",
    "app_name": "Porchlight demo",
    "app_version": "1.0",
    "device_id": "porchlight-demo-phone",
    "device_name": NAME,
    "manufacturer": "Porchlight",
    "model": "Shown in the bell",
    "os_name": "Demo",
    "os_version": "1.0",
    "supports_encryption": False,
    # Notifications come through the websocket, so nothing leaves this machine.
    "app_data": {"push_websocket_channel": True},
}

Told = Callable[[str, str], None]


class Phone:
    """One registered phone."""

    def __init__(self, api: Api, told: Told) -> None:
        """Registers it; `told` gets title and message of what arrives."""
        self._api = api
        self._told = told
        self._pictures: dict[str, str] = {}
        self._shown: deque[str] = deque()
        self._webhook_id: str = api.post("/api/mobile_app/registrations", REGISTRATION)["webhook_id"]
        self.device_id = wait_until(self._device, NAME)

    def _device(self) -> str | None:
        return next((str(device["id"]) for device in self._api.devices() if device["name"] == NAME), None)

    def listen(self, off: threading.Event) -> None:
        """Show what comes until it is switched off or Home Assistant ends."""
        try:
            with self._api.websocket() as websocket:
                websocket.call("mobile_app/push_notification_channel", webhook_id=self._webhook_id)
                while not off.is_set():
                    self._next(websocket)
        except (ConnectionClosed, OSError):
            return  # Home Assistant has ended

    def _next(self, websocket: Websocket) -> None:
        try:
            push = websocket.event(LOOK_S)
        except TimeoutError:
            return
        data = push.get("data", {})
        tag = str(data.get("tag", ""))
        if push.get("message") == "clear_notification":
            self._dismiss(websocket, tag)
            return
        self._told(str(push.get("title", "")), str(push.get("message", "")))
        self._show(websocket, tag, push, data)

    def _show(self, websocket: Websocket, tag: str, push: dict[str, Any], data: dict[str, Any]) -> None:
        if "image" in data:
            self._pictures[tag] = self._picture(str(data["image"]))
        parts = [str(push.get("message", "")), self._pictures.get(tag, ""), _links(data)]
        shown = {"notification_id": tag, "title": push.get("title", NAME), "message": "\n\n".join(filter(None, parts))}
        _action(websocket, "create", shown)
        if tag not in self._shown:
            self._shown.append(tag)
        if len(self._shown) > KEPT:
            self._dismiss(websocket, self._shown.popleft())

    def _dismiss(self, websocket: Websocket, tag: str) -> None:
        self._pictures.pop(tag, None)
        _action(websocket, "dismiss", {"notification_id": tag})

    def _picture(self, path: str) -> str:
        """The picture as it is now, as a phone fetches it; empty when there is none."""
        try:
            jpeg = self._api.fetch(path)
        except (ApiError, OSError):
            return ""
        return f"![]({'data:image/jpeg;base64,' + base64.b64encode(jpeg).decode()})"


def _links(data: dict[str, Any]) -> str:
    """The notification's buttons that lead to a page."""
    return " · ".join(f"[{each['title']}]({each['uri']})" for each in data.get("actions", []) if each.get("uri"))


def _action(websocket: Websocket, service: str, data: Json) -> None:
    websocket.call("call_service", domain="persistent_notification", service=service, service_data=data)
