"""Reads the configuration from its places, checks it whole, and tells every fault at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from edge_detector.config.faults import config_error, faults_of
from edge_detector.config.layers import Fault, Layer, environment, given, merge, options_file, origin_of, yaml_file
from edge_detector.config.root import Config


def load(
    file: Path | None = None,
    *,
    variables: Mapping[str, str] | None = None,
    options: Path | None = None,
    base: Layer | None = None,
    over: Layer | None = None,
) -> Config:
    """The configuration; environment variables win over add-on options, they over the file, it over the defaults.

    `base` is weaker than all of them, `over` stronger. Raises ConfigError, whose message lists every fault with its
    path, what is allowed and a hint, and no secret.
    """
    layers = [
        base,
        yaml_file(file) if file else None,
        options_file(options) if options else None,
        environment(variables or {}),
        over,
    ]
    return check([layer for layer in layers if layer is not None])


def command_line(*, detector: str | None = None, model: str | None = None) -> Layer:
    """What options of a command set, above all else."""
    backend_at, model_at = ("detection", "backend"), ("detection", "model")
    return given({backend_at: detector, model_at: model}, {backend_at: "--detector", model_at: "--model"})


def check(layers: list[Layer]) -> Config:
    """One configuration of several layers, the last one strongest; raises ConfigError."""
    faults = [
        fault if fault.origin else replace(fault, origin=origin_of(fault.where, layers))
        for layer in layers
        for fault in layer.faults
    ]
    if not all(layer.whole for layer in layers):
        raise config_error(faults)
    values: object = {}
    for layer in layers:
        if isinstance(layer.values, dict):
            values = merge(values, layer.values)
        elif layer.values is not None:
            faults.append(Fault(where=(), problem="is no group of keys", origin=origin_of((), [layer])))
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        found = [replace(fault, origin=origin_of(fault.where, layers)) for fault in faults_of(error)]
        raise config_error([*faults, *found]) from None
    if faults:
        raise config_error(faults)
    return config
