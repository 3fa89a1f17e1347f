"""The edge's own HTTP API: where it listens."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from edge_detector.config.base import WEB_ADDRESS, Section


class WebConfig(Section):
    """The edge's own HTTP API."""

    enabled: bool = Field(default=True, description="Whether there is one; every call but `/healthz` needs the token.")
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        max_length=253,
        description="The address to listen at: this machine alone, or `0.0.0.0` for all of its networks. It speaks "
        "plain HTTP, so let nobody reach it from the internet.",
    )
    port: int = Field(default=8099, ge=1, le=65535, description="The port to listen at.")
    ingress: bool = Field(
        default=False,
        description="Whether this is an add-on: Home Assistant's users then need no token, as the Supervisor lets in "
        "whom it knows.",
    )
    url: Annotated[str, StringConstraints(pattern=WEB_ADDRESS, max_length=200)] | None = Field(
        default=None,
        description="Where Home Assistant reaches the API, such as http://192.0.2.7:8099; found out when absent.",
    )
