"""Home Assistant's own REST and websocket API, as a client at the desk uses them."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from websockets.sync.client import connect
from websockets.sync.connection import Connection

#: A request that takes longer hangs.
REQUEST_S = 30.0
#: The largest answer of the websocket, an entity registry of a thousand entities.
ANSWER_BYTES = 64 * 1024 * 1024
#: How often a state is looked up by whom waits for it.
LOOK_S = 0.1
FLOW = "/api/config/config_entries/flow"

#: What a JSON document holds.
Json: TypeAlias = Any
Value = TypeVar("Value")


class ApiError(Exception):
    """Home Assistant refused a request; the message is its answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        """`status` is that of HTTP, 0 for the websocket."""
        super().__init__(message)
        self.status = status


def wait_until(
    check: Callable[[], Value | None], what: str, timeout_s: float = REQUEST_S, *, look_s: float = LOOK_S
) -> Value:
    """The first value of `check`, asked every `look_s`, that is true; TimeoutError when none came in time."""
    deadline = time.monotonic() + timeout_s
    while not (value := check()):
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        time.sleep(look_s)
    return value


@dataclass(frozen=True, slots=True)
class Api:
    """One user's access; valid over restarts."""

    port: int
    token: str = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    # --- REST ----------------------------------------------------------------------------------------------------

    def fetch(
        self, path: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> bytes:
        """What a path of the server answers; ApiError with its status when that is not a success."""
        login = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        request = urllib.request.Request(  # noqa: S310
            self.url + path, data=body, method=method, headers={**login, **(headers or {})}
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_S) as reply:  # noqa: S310
                content: bytes = reply.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:2000]
            raise ApiError(f"{method} {path}: {error.code} {text}", error.code) from None
        return content

    def get(self, path: str) -> Json:
        """A JSON answer."""
        return json.loads(self.fetch(path))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """A JSON answer to a JSON body."""
        sent = json.dumps(body or {}).encode()
        answer = self.fetch(path, method="POST", body=sent, headers={"Content-Type": "application/json"})
        return json.loads(answer) if answer else None

    def form(self, path: str, body: Mapping[str, str]) -> Json:
        """A JSON answer to a form."""
        return json.loads(self.fetch(path, method="POST", body=urllib.parse.urlencode(body).encode()))

    def delete(self, path: str) -> Json:
        """Remove what a path names."""
        return json.loads(self.fetch(path, method="DELETE") or b"null")

    def with_code(self, code: str) -> Api:
        """The access that a code from a login or from onboarding gives; for half an hour."""
        body = {"client_id": f"{self.url}/", "grant_type": "authorization_code", "code": code}
        return Api(self.port, self.form("/auth/token", body)["access_token"])

    def log_in(self, user: str, password: str) -> Api:
        """What a user gets who logs in; ApiError when the password is wrong."""
        client = {"client_id": f"{self.url}/"}
        begin = {**client, "handler": ["homeassistant", None], "redirect_uri": client["client_id"]}
        flow = self.post("/auth/login_flow", begin)["flow_id"]
        step = self.post(f"/auth/login_flow/{flow}", {**client, "username": user, "password": password})
        if step["type"] != "create_entry":
            raise ApiError(str(step.get("errors")))
        return self.with_code(step["result"])

    # --- websocket -----------------------------------------------------------------------------------------------

    @contextmanager
    def websocket(self) -> Iterator[Websocket]:
        """A logged-in connection."""
        with connect(f"ws://127.0.0.1:{self.port}/api/websocket", max_size=ANSWER_BYTES, proxy=None) as connection:
            connection.recv(REQUEST_S)
            connection.send(json.dumps({"type": "auth", "access_token": self.token}))
            if (reply := json.loads(connection.recv(REQUEST_S)))["type"] != "auth_ok":
                raise ApiError(str(reply))
            yield Websocket(connection)

    def call(self, command: str, **fields: Json) -> Json:
        """The result of one websocket command."""
        with self.websocket() as websocket:
            return websocket.call(command, **fields)

    def action(self, name: str, target: Mapping[str, Any] | None = None, **data: Json) -> Json:
        """Perform an action; its response when it gives one."""
        domain, service = name.split(".", 1)
        given: dict[str, Any] = {"domain": domain, "service": service, "service_data": data}
        if target:
            given["target"] = target
        return self.call("call_service", **given)

    # --- states and registries -----------------------------------------------------------------------------------

    def states(self) -> dict[str, dict[str, Any]]:
        """Every state by its entity id."""
        return {state["entity_id"]: state for state in self.get("/api/states")}

    def state(self, entity_id: str) -> str | None:
        """One state, None where there is no such entity."""
        with suppress(ApiError):
            return str(self.get(f"/api/states/{entity_id}")["state"])
        return None

    def wait_state(self, entity_id: str, wanted: str | Callable[[str], bool], timeout_s: float = REQUEST_S) -> str:
        """Wait until an entity has a state, or one that a test passes."""
        seen: str | None = None

        def look() -> str | None:
            nonlocal seen
            seen = self.state(entity_id)
            good = seen is not None and (wanted(seen) if callable(wanted) else seen == wanted)
            return seen if good else None

        try:
            return wait_until(look, entity_id, timeout_s)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {seen}") from None

    def registry(self, platform: str) -> list[dict[str, Any]]:
        """The registered entities of one integration."""
        return [entry for entry in self.call("config/entity_registry/list") if entry["platform"] == platform]

    def devices(self, entry_id: str | None = None) -> list[dict[str, Any]]:
        """The devices, or those of one config entry."""
        found: list[dict[str, Any]] = self.call("config/device_registry/list")
        return [device for device in found if entry_id in (None, device["config_entry_id"])]

    # --- config entries ------------------------------------------------------------------------------------------

    def entries(self, domain: str) -> list[dict[str, Any]]:
        """The config entries of an integration."""
        found: list[dict[str, Any]] = self.get(f"/api/config/config_entries/entry?domain={domain}")
        return found

    def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry, as the user does in its menu."""
        self.delete(f"/api/config/config_entries/entry/{entry_id}")

    def start_flow(self, domain: str) -> dict[str, Any]:
        """Begin to add an integration by hand; the first step."""
        step: dict[str, Any] = self.post(FLOW, {"handler": domain})
        return step

    def discovered(self, domain: str, timeout_s: float = REQUEST_S) -> dict[str, Any]:
        """Wait until an integration was discovered; the step that it shows."""

        def look() -> str | None:
            flows = self.call("config_entries/flow/progress")
            return next((str(flow["flow_id"]) for flow in flows if flow["handler"] == domain), None)

        step: dict[str, Any] = self.get(f"{FLOW}/{wait_until(look, f'{domain} discovered', timeout_s)}")
        return step

    def finish(self, step: dict[str, Any], inputs: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """Go through a flow with one input a step, then with the defaults; the entry that it makes."""
        left = list(inputs)
        while step["type"] in ("form", "menu"):
            given = left.pop(0) if left else {}
            values = {**(_defaults(step["data_schema"]) if step["type"] == "form" else {}), **given}
            before = step
            step = self.post(f"{FLOW}/{step['flow_id']}", values)
            if step.get("errors") or (step["type"] != "create_entry" and step == before):
                raise ApiError(f"{step['step_id']}: {step.get('errors')}")
        if step["type"] != "create_entry":
            raise ApiError(str(step))
        made: dict[str, Any] = step["result"]
        return made


class Websocket:
    """One connection; commands and the events of subscriptions."""

    def __init__(self, connection: Connection) -> None:
        """The connection is logged in."""
        self._connection = connection
        self._id = 0
        self._events: list[dict[str, Any]] = []

    def call(self, command: str, **fields: Json) -> Json:
        """The result of one command; events that come meanwhile are kept."""
        self._id += 1
        self._connection.send(json.dumps({"id": self._id, "type": command, **fields}))
        while True:
            answer = json.loads(self._connection.recv(REQUEST_S))
            if answer["type"] == "event":
                self._events.append(answer["event"])
            elif answer["id"] == self._id:
                if answer["type"] == "result" and not answer["success"]:
                    raise ApiError(f"{command}: {answer['error']}")
                return answer.get("result")

    def ping_s(self) -> float:
        """How long it takes to be answered."""
        begin = time.monotonic()
        self.call("ping")
        return time.monotonic() - begin

    def event(self, timeout_s: float = REQUEST_S) -> dict[str, Any]:
        """The next event of a subscription; TimeoutError when none comes."""
        if self._events:
            return self._events.pop(0)
        while (answer := json.loads(self._connection.recv(timeout_s)))["type"] != "event":
            pass
        event: dict[str, Any] = answer["event"]
        return event


def _defaults(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a user submits who leaves a form as it is."""
    values: dict[str, Any] = {}
    for field in fields:
        if field.get("type") == "expandable":
            values[field["name"]] = _defaults(field["schema"])
        elif "default" in field:
            values[field["name"]] = field["default"]
        elif (suggested := (field.get("description") or {}).get("suggested_value")) is not None:
            values[field["name"]] = suggested
    return values
