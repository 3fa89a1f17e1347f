"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: What the configuration is called where no path is given.
FILE_NAME = "porchlight.yaml"

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration; else porchlight.yaml here, in /config or in /etc/porchlight.",
    ),
]
Detector = Annotated[
    str | None,
    typer.Option(
        "--detector", metavar="NAME", help="Wins over detection.backend: auto, onnx, openvino, yolov5 or hog."
    ),
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="PATH", help="Wins over detection.model: a file or a known name."),
]
