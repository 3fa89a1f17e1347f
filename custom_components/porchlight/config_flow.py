"""Adding a node, and how its clips are read: heard over MQTT, told by the Supervisor, or picked by hand."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import probatio as vol
from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_MQTT, SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from yarl import URL

from .access import (
    CONF_ACCESS_KEY_ID,
    CONF_BUCKET,
    CONF_CLIPS,
    CONF_ENDPOINT,
    CONF_PREFIX,
    CONF_REGION,
    CONF_SECRET_ACCESS_KEY,
    CONF_TOKEN,
    CONF_TYPE,
    CONF_URL,
    NO_CLIPS,
    TYPE_EDGE,
    TYPE_NONE,
    TYPE_S3,
    ClipAccessError,
    async_check,
)
from .const import CONF_BASE_TOPIC, CONF_NODE, DEFAULT_BASE_TOPIC, DOMAIN
from .fields import SLUG, Refusal
from .heard import async_heard
from .models import Announce, parse_announce, raw

DEFAULT_REGION: Final = "us-east-1"
#: Where Amazon answers for a region; other endpoints are typed in.
AWS_ENDPOINT: Final = "https://s3.{region}.amazonaws.com"

#: What a form shows for a secret that is kept; the secret itself never goes back to a browser.
UNCHANGED: Final = "__**unchanged**__"
SECRETS: Final = (CONF_SECRET_ACCESS_KEY, CONF_TOKEN)

_TEXT: Final = TextSelector()
_SECRET: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL: Final = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))

S3_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_BUCKET): _TEXT,
        vol.Required(CONF_REGION, default=DEFAULT_REGION): _TEXT,
        vol.Optional(CONF_ENDPOINT): _URL,
        vol.Optional(CONF_PREFIX): _TEXT,
        vol.Required(CONF_ACCESS_KEY_ID): _TEXT,
        vol.Required(CONF_SECRET_ACCESS_KEY): _SECRET,
    }
)
EDGE_SCHEMA: Final = vol.Schema({vol.Required(CONF_URL): _URL, vol.Required(CONF_TOKEN): _SECRET})
TOPIC_SCHEMA: Final = vol.Schema({vol.Required(CONF_BASE_TOPIC, default=DEFAULT_BASE_TOPIC): _TEXT})


class PorchlightConfigFlow(ConfigFlow, domain=DOMAIN):
    """One flow adds one node, or changes how it is read."""

    VERSION = 1

    def __init__(self) -> None:
        self._data: dict[str, Any] = {CONF_BASE_TOPIC: DEFAULT_BASE_TOPIC, CONF_CLIPS: dict(NO_CLIPS)}
        self._title = ""
        self._api_url = ""

    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """A node announces itself, or the broker kept it."""
        node = discovery_info.topic.rpartition("/")[2]
        payload = raw(discovery_info.payload)
        if not payload or not SLUG.fullmatch(node) or isinstance(announce := parse_announce(payload, node), Refusal):
            return self.async_abort(reason="invalid_discovery_info")
        await self.async_set_unique_id(node)
        self._abort_if_unique_id_configured()
        self._take(announce)
        return await self.async_step_confirm()

    async def async_step_hassio(self, discovery_info: HassioServiceInfo) -> ConfigFlowResult:
        """The add-on on this machine tells of itself, with the token of its API."""
        config = discovery_info.config
        node = config.get(CONF_NODE)
        if not isinstance(node, str) or not SLUG.fullmatch(node):
            return self.async_abort(reason="invalid_discovery_info")
        clips = dict(NO_CLIPS)
        if isinstance(url := config.get(CONF_URL), str) and isinstance(token := config.get(CONF_TOKEN), str):
            clips = {CONF_TYPE: TYPE_EDGE, CONF_URL: url.rstrip("/"), CONF_TOKEN: token}
        self._supersede(node)
        await self.async_set_unique_id(node)
        self._abort_if_unique_id_configured(updates=self._moved(node, clips))
        self._data |= {CONF_NODE: node, CONF_CLIPS: clips}
        self._data[CONF_BASE_TOPIC] = str(config.get(CONF_BASE_TOPIC) or DEFAULT_BASE_TOPIC)
        self._title = discovery_info.name
        self.context["title_placeholders"] = {"name": self._title}
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Nothing is added that nobody agreed to."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm", description_placeholders={"name": self._title, "node": self._data[CONF_NODE]}
            )
        if self._data[CONF_CLIPS][CONF_TYPE] != TYPE_NONE:
            return self._finish(self._data[CONF_CLIPS])
        return await self.async_step_clips()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Pick a node that was heard, or type its id."""
        try:
            if not mqtt.is_connected(self.hass):
                return self.async_abort(reason="mqtt_not_connected")
        except KeyError:
            return self.async_abort(reason="mqtt_not_configured")
        errors: dict[str, str] = {}
        if user_input is not None:
            node, base = user_input[CONF_NODE], user_input[CONF_BASE_TOPIC].strip("/")
            errors = await self._try_node(node, base)
            if not errors:
                await self.async_set_unique_id(node, raise_on_progress=False)
                self._abort_if_unique_id_configured()
                return await self.async_step_clips()
        schema = self.add_suggested_values_to_schema(await self._user_schema(), user_input)
        return self.async_show_form(step_id="user", data_schema=schema, errors=errors)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change how clips are read, or where the node speaks."""
        entry = self._get_reconfigure_entry()
        await self.async_set_unique_id(entry.unique_id)
        self._abort_if_unique_id_mismatch()
        self._data = dict(entry.data)
        if (coordinator := getattr(entry, "runtime_data", None)) is not None and coordinator.announce is not None:
            self._api_url = coordinator.announce.api_url or ""
        return self.async_show_menu(step_id="reconfigure", menu_options=["s3", "edge", "none", "topic"])

    async def async_step_topic(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """The base topic of a node that moved."""
        errors: dict[str, str] = {}
        if user_input is not None:
            base = user_input[CONF_BASE_TOPIC].strip("/")
            errors = await self._try_node(self._data[CONF_NODE], base)
            if not errors:
                return self._finish(self._data[CONF_CLIPS])
        schema = self.add_suggested_values_to_schema(TOPIC_SCHEMA, user_input or self._data)
        return self.async_show_form(step_id="topic", data_schema=schema, errors=errors)

    async def async_step_clips(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Where clips are read from."""
        return self.async_show_menu(step_id="clips", menu_options=["s3", "edge", "none"])

    async def async_step_s3(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """From the bucket, with a key that may only read."""
        return await self._clips_form("s3", S3_SCHEMA, user_input, _s3)

    async def async_step_edge(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """From the edge itself."""
        return await self._clips_form("edge", EDGE_SCHEMA, user_input, _edge, {CONF_URL: self._api_url})

    async def async_step_none(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Not at all: pictures still come over MQTT."""
        return self._finish(dict(NO_CLIPS))

    async def _clips_form(
        self,
        step: str,
        schema: vol.Schema,
        user_input: dict[str, Any] | None,
        normalise: Callable[[Mapping[str, str]], dict[str, str]],
        suggested: Mapping[str, Any] | None = None,
    ) -> ConfigFlowResult:
        """A form whose values are tried before they are taken."""
        errors: dict[str, str] = {}
        detail = ""
        stored = self._data[CONF_CLIPS]
        kept = {name: stored[name] for name in SECRETS if name in stored}
        if user_input is not None:
            unchanged = {name: secret for name, secret in kept.items() if user_input.get(name) == UNCHANGED}
            try:
                clips = normalise({**user_input, **unchanged})
                await async_check(self.hass, clips)
            except ClipAccessError as error:
                errors, detail = {"base": error.reason}, error.detail
            else:
                return self._finish(clips)
        values = user_input or {**(suggested or {}), **stored, **dict.fromkeys(kept, UNCHANGED)}
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, values),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    async def _try_node(self, node: str, base: str) -> dict[str, str]:
        """Take the node if it is heard; else the errors of the form."""
        if not SLUG.fullmatch(node):
            return {CONF_NODE: "invalid_node"}
        try:
            mqtt.valid_publish_topic(f"{base}/announce/{node}")
        except vol.Invalid:
            return {CONF_BASE_TOPIC: "invalid_base_topic"}
        announce = (await async_heard(self.hass, base, node)).get(node)
        if announce is None:
            return {"base": "not_heard"}
        if isinstance(announce, Refusal):
            return {"base": "schema_too_new" if announce.kind == "schema" else "not_understood"}
        self._data[CONF_BASE_TOPIC] = base
        self._take(announce)
        return {}

    async def _user_schema(self) -> vol.Schema:
        """A list of the nodes that were heard and are not added yet, into which another may be typed."""
        heard = await async_heard(self.hass, DEFAULT_BASE_TOPIC)
        known = self._async_current_ids()
        options = [
            SelectOptionDict(value=node, label=f"{announce.name} ({node})")
            for node, announce in sorted(heard.items())
            if isinstance(announce, Announce) and node not in known
        ]
        return vol.Schema(
            {
                vol.Required(CONF_NODE): SelectSelector(SelectSelectorConfig(options=options, custom_value=True)),
                vol.Required(CONF_BASE_TOPIC, default=DEFAULT_BASE_TOPIC): _TEXT,
            }
        )

    def _take(self, announce: Announce) -> None:
        self._data[CONF_NODE] = announce.node
        self._title = announce.name
        self._api_url = announce.api_url or ""
        self.context["title_placeholders"] = {"name": announce.name}

    def _supersede(self, node: str) -> None:
        """End the flow of a node that was heard over MQTT already: what the Supervisor tells has the token, too."""
        for flow in self._async_in_progress(include_uninitialized=True):
            context = flow["context"]
            if context.get("unique_id") == node and context.get("source") == SOURCE_MQTT:
                self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _moved(self, node: str, clips: dict[str, str]) -> dict[str, Any]:
        """What to change of an entry whose edge has another address or token now."""
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, node)
        reads_edge = entry is not None and entry.data[CONF_CLIPS][CONF_TYPE] == TYPE_EDGE
        return {CONF_CLIPS: clips} if reads_edge and clips[CONF_TYPE] == TYPE_EDGE else {}

    def _finish(self, clips: dict[str, Any]) -> ConfigFlowResult:
        self._data[CONF_CLIPS] = clips
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_reload_and_abort(self._get_reconfigure_entry(), data=self._data)
        return self.async_create_entry(title=self._title, data=self._data)


def _s3(given: Mapping[str, str]) -> dict[str, str]:
    region = given[CONF_REGION].strip()
    return {
        CONF_TYPE: TYPE_S3,
        CONF_ENDPOINT: _address(given.get(CONF_ENDPOINT) or AWS_ENDPOINT.format(region=region)),
        CONF_REGION: region,
        CONF_BUCKET: given[CONF_BUCKET].strip(),
        CONF_PREFIX: given.get(CONF_PREFIX, "").strip().strip("/"),
        CONF_ACCESS_KEY_ID: given[CONF_ACCESS_KEY_ID].strip(),
        CONF_SECRET_ACCESS_KEY: given[CONF_SECRET_ACCESS_KEY].strip(),
    }


def _edge(given: Mapping[str, str]) -> dict[str, str]:
    return {CONF_TYPE: TYPE_EDGE, CONF_URL: _address(given[CONF_URL]), CONF_TOKEN: given[CONF_TOKEN].strip()}


def _address(text: str) -> str:
    """An http address without anything that would be lost or shown; raises ClipAccessError."""
    try:
        url = URL(text.strip().rstrip("/"))
    except ValueError as error:
        raise ClipAccessError("invalid_url", str(error)) from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.user or url.password:
        raise ClipAccessError("invalid_url", url.host or text[:100])
    return str(url)
