#!/usr/bin/env python3
"""Write docs/reference/configuration.md from the models and examples; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_config_reference.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import get_args, get_origin

from generated_page import ROOT, keep
from pydantic import BaseModel
from pydantic.fields import FieldInfo

sys.path.insert(0, str(ROOT))

from edge_detector.config import Config
from edge_detector.config.describe import allowed, spec_of

PAGE = ROOT / "docs" / "reference" / "configuration.md"
COMMAND = ".venv/bin/python script/gen_config_reference.py"

HEAD = f"""# Configuration

Generated from the models in `edge_detector/config/`: change those, not this page, then run
`{COMMAND}`.

`porchlight run` takes the file named with `--config`, else the first `porchlight.yaml` in the working directory, in
`/config` or in `/etc/porchlight`. `porchlight check-config FILE` prints all of it as it would hold, or every fault at
once.

The smallest one:

```yaml
{{minimal}}```

Each key can also be set by an environment variable: `mqtt.host` is `PORCHLIGHT__MQTT__HOST`, `cameras.door.source` is
`PORCHLIGHT__CAMERAS__DOOR__SOURCE`. Texts are taken as they are; a list or group is written as in YAML, on one line.
Options of the Home Assistant add-on have the same names, with cameras and zones as lists whose items have an `id`.
The environment wins over the add-on's options, they win over the file, and the file wins over the defaults.

In the file a value stays the text that it is written as until its key says what it should be, so passwords such as
`0123` or `on` need no quotes. A key without a value counts as absent.
"""


def page() -> str:
    """Give the whole page."""
    minimal = (ROOT / "examples" / "minimal.yaml").read_text(encoding="utf-8")
    return "\n".join([HEAD.format(minimal=minimal), *sections(Config, "")])


def sections(model: type[BaseModel], prefix: str) -> Iterator[str]:
    """Give a table of the keys that take a value, then each section below."""
    values = {name: field for name, field in model.model_fields.items() if not inner(field)}
    if values:
        yield from ["| key | allowed | default | what it is |", "| --- | --- | --- | --- |"]
        yield from (row(f"{prefix}{name}", field) for name, field in values.items())
        yield ""
    for name, field in model.model_fields.items():
        below = inner(field)
        path = f"{prefix}{name}.<id>" if get_origin(field.annotation) is dict else f"{prefix}{name}"
        if below:
            yield from [f"## `{path}`", "", field.description or "", ""]
        for choice in below:
            if len(below) > 1:
                about = (choice.__doc__ or "").strip()
                yield from [f"### With `{path}.type: {choice.model_fields['type'].default}`", "", about, ""]
            yield from sections(choice, f"{path}.")


def inner(field: FieldInfo) -> tuple[type[BaseModel], ...]:
    """Give the section below a key, its own or that of each of its ids; several where its key `type` chooses one."""
    spec = spec_of(field)
    is_dict = get_origin(spec.annotation) is dict
    return spec_of(FieldInfo(annotation=get_args(spec.annotation)[1])).models if is_dict else spec.models


def row(path: str, field: FieldInfo) -> str:
    """Give one key."""
    cells = (f"`{path}`", allowed(spec_of(field)), default(field), field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def default(field: FieldInfo) -> str:
    """Give what holds when the key is absent."""
    if field.is_required():
        return "needed"
    value = field.default
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    sys.exit(keep(PAGE, page(), about=__doc__))
