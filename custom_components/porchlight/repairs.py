"""Mending what an issue tells: a new read key, or the end of a node that is gone."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.components.repairs.const import FlowType
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .issues import NODE_REMOVED


class RemoveNodeFlow(RepairsFlow):
    """Remove the entry of a node that was taken away."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask first."""
        return await self.async_step_confirm(user_input)

    async def async_step_confirm(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Remove it."""
        if user_input is None:
            return self.async_show_form(step_id="confirm", description_placeholders=self._placeholders())
        await self.hass.config_entries.async_remove(self._entry_id)
        return self.async_create_entry(data={})

    def _placeholders(self) -> dict[str, str]:
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        return {"node": entry.title if entry else ""}


class ClipsFlow(RepairsFlow):
    """Go on to the flow that asks how clips are read."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Start the reconfiguration, and show it next."""
        flow = await self.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": self._entry_id}
        )
        return self.async_abort(reason="reconfigure", next_flow=(FlowType.CONFIG_FLOW, flow["flow_id"]))


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """The flow that mends an issue."""
    about = data or {}
    entry_id = str(about.get("entry_id"))
    return RemoveNodeFlow(entry_id) if about.get("kind") == NODE_REMOVED else ClipsFlow(entry_id)
