"""The language in which an app's config describes its options, as Home Assistant's Supervisor reads it."""

import re
from typing import Any
from urllib.parse import urlsplit

ELEMENT = re.compile(
    r"^(?:(?P<kind>bool|email|url|port|device|str|password|int|float)(?:\((?P<low>[^,()]*),(?P<high>[^,()]*)\))?"
    r"|match\((?P<pattern>.*)\)|list\((?P<choices>.+)\))(?P<optional>\?)?$"
)


class WrongOptionError(Exception):
    """What the Supervisor would refuse."""


def checked(schema: dict[str, Any], options: dict[str, Any], where: str = "") -> dict[str, Any]:
    """The options as the Supervisor writes them to `options.json`; raises WrongOptionError."""
    unknown = options.keys() - schema.keys()
    if unknown:
        raise WrongOptionError(f"{where}{sorted(unknown)} is not known")
    for key, element in schema.items():
        if key not in options and isinstance(element, str) and not _match(element)["optional"]:
            raise WrongOptionError(f"{where}{key} is missing")
    return {key: _value(schema[key], value, f"{where}{key}") for key, value in options.items()}


def _match(element: str) -> re.Match[str]:
    match = ELEMENT.match(element)
    if match is None:
        raise WrongOptionError(f"{element} is no element of a schema")
    return match


def _value(element: Any, value: Any, where: str) -> Any:
    if isinstance(element, dict):
        return checked(element, value, f"{where}.")
    if isinstance(element, list):
        return [_value(element[0], entry, f"{where}[{index}]") for index, entry in enumerate(value)]
    return _scalar(_match(element), value, where)


def _scalar(match: re.Match[str], value: Any, where: str) -> Any:
    kind = match["kind"]
    if match["choices"]:
        right = value in match["choices"].split("|")
    elif match["pattern"]:
        right = re.match(match["pattern"], str(value)) is not None
    elif kind == "bool":
        right = isinstance(value, bool)
    elif kind == "url":
        right = bool(urlsplit(value).netloc)
    elif kind in {"int", "float", "port"}:
        value = float(value) if kind == "float" else int(value)
        low, high = (1, 65535) if kind == "port" else (match["low"], match["high"])
        right = (not low or float(low) <= value) and (not high or value <= float(high))
    else:
        right = isinstance(value, str) and len(value) >= int(match["low"] or 0)
    if not right:
        raise WrongOptionError(f"{where} is {value!r}, which {match[0]} does not allow")
    return value
