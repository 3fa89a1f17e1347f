"""Mending what an issue tells: a new read key, or the end of a node that is gone.

Opening an issue changes nothing: each flow tells first what it is about, and acts on what the user submits.
"""

from homeassistant.components.repairs import ConfirmRepairFlow, FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .issues import NODE_REMOVED


class RemoveNodeFlow(ConfirmRepairFlow):
    """Remove the entry of a node that was taken away."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first, then remove it."""
        if user_input is None:
            return await super().async_step_confirm()
        await self.hass.config_entries.async_remove(self._entry_id)
        return self.async_create_entry(data={})


class ClipsFlow(ConfirmRepairFlow):
    """Go on to the flow that asks how clips are read."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Tell why, then start the reconfiguration and show it next."""
        if user_input is None:
            return await super().async_step_confirm()
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
