"""The edge as an app (add-on) of Home Assistant: what the Supervisor adds to its configuration, and is told of it."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from edge_detector.app import parts
from edge_detector.config import Config
from edge_detector.config.describe import Where
from edge_detector.config.layers import Layer, environment, given, options_file, yaml_file
from edge_detector.core.errors import SupervisorError
from edge_detector.supervisor.client import Broker, Supervisor
from edge_detector.web.auth import keep_token

_LOG = logging.getLogger(__name__)

#: Set by the Supervisor, in an add-on alone.
TOKEN_VARIABLE = "SUPERVISOR_TOKEN"  # noqa: S105 - the name of a variable
#: What the ingress of Home Assistant expects; `ingress_port` in the add-on's config is its default.
PORT = 8099


def supervisor(variables: Mapping[str, str] = os.environ) -> Supervisor | None:
    """The Supervisor, None where there is none."""
    token = variables.get(TOKEN_VARIABLE)
    return Supervisor(token) if token else None


def base_layer(asked: Supervisor, *, file: Path | None, options: Path | None, variables: Mapping[str, str]) -> Layer:
    """What holds in an add-on unless the owner says otherwise: Home Assistant's broker, and the page by ingress.

    Whoever names a broker anywhere gets nothing of Home Assistant's: its password is for no other host.
    """
    entries: dict[Where, object] = {
        ("web", "host"): "0.0.0.0",  # noqa: S104 - of the add-on's own network, which Home Assistant shares
        ("web", "port"): PORT,
        ("web", "url"): f"http://{socket.gethostname()}:{PORT}",
        ("web", "ingress"): True,
    }
    said = [yaml_file(file) if file else None, options_file(options) if options else None, environment(variables)]
    if not any(_names_a_broker(layer) for layer in said if layer is not None):
        entries |= _broker_entries(_broker(asked))
    return given(entries)


def _names_a_broker(layer: Layer) -> bool:
    section = layer.values.get("mqtt") if isinstance(layer.values, dict) else None
    return isinstance(section, dict) and bool(section.get("host"))


def _broker(asked: Supervisor) -> Broker | None:
    try:
        return asked.broker()
    except SupervisorError as error:
        _LOG.warning("%s; going on with the configured broker", error)
        return None


def _broker_entries(broker: Broker | None) -> dict[Where, object]:
    if broker is None:
        return {}
    return {
        ("mqtt", "host"): broker.host,
        ("mqtt", "port"): broker.port,
        ("mqtt", "username"): broker.username,
        ("mqtt", "password"): broker.password,
        ("mqtt", "tls", "enabled"): broker.tls,
    }


def tell(asked: Supervisor, config: Config) -> None:
    """Offer the integration to Home Assistant; it can be set up by hand as well, so a failure is told and no more."""
    if not config.web.enabled or config.web.url is None:
        return
    try:
        asked.announce(node=config.node.id, url=config.web.url, token=keep_token(parts.data_dir(config)))
    except SupervisorError as error:
        _LOG.warning("%s; set the integration up by hand", error)
