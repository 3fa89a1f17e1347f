"""How people are found, and when they count as there and as gone."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from edge_detector.config.base import Section


class DetectionConfig(Section):
    """How people are found."""

    backend: Literal["auto", "onnx", "openvino", "hog", "yolov5"] = Field(
        default="auto",
        description="`auto` measures at the first start and takes the fastest that sees what `onnx` does; `onnx` and "
        "`openvino` run a YOLOv5 file, the latter as an extra; `yolov5` is the slow reference and an extra too; `hog` "
        "needs no model and finds little.",
    )
    precision: Literal["auto", "fp32", "int8"] = Field(
        default="auto",
        description="Bits of the model's numbers: `int8` is made from `fp32` and loses a little; `auto` takes the "
        "faster one that agrees.",
    )
    model: str = Field(
        default="yolov5n", min_length=1, description="A known model's name, fetched when needed, or the path of a file."
    )
    confidence: float = Field(
        default=0.5, ge=0.05, le=0.99, description="From which score on a person counts; may be changed at run time."
    )
    iou: float = Field(
        default=0.45, ge=0.1, le=0.9, description="Boxes whose overlap, as a share of their union, is more are one."
    )
    side: int = Field(
        default=320,
        ge=160,
        le=1280,
        multiple_of=32,
        description="Pixels of the model's square crops: more sees farther.",
    )
    scan_side: int = Field(
        default=640,
        ge=160,
        le=1280,
        multiple_of=32,
        description="Pixels of the longer edge when the whole picture is looked at.",
    )
    fps: float = Field(
        default=5.0,
        ge=1,
        le=15,
        description="Frames analysed a second; down to 2 when the board cannot keep up, or is hot.",
    )
    idle_decode: Literal["all", "keyframes", "auto"] = Field(
        default="auto",
        description="What is decoded while nothing moves and nobody is there: `all`, `keyframes` alone, or `auto`: key "
        "frames alone where they come often enough for an alert within a second.",
    )
    hardware_decode: Literal["off", "auto", "v4l2m2m", "vaapi", "drm", "cuda", "qsv"] = Field(
        default="off",
        description="`off`; `auto`, which takes what the board has; or one way by FFmpeg's name. What fails is decoded "
        "in software.",
    )
    idle_scan_s: float = Field(
        default=10.0, ge=1, le=300, description="Look at the whole picture this often although nothing moves."
    )
    max_regions: int = Field(default=4, ge=1, le=16, description="Crops looked at in one frame at most.")
    threads: int | None = Field(
        default=None,
        ge=1,
        le=16,
        description="Threads of one inference; when absent, one where that is fast, else one a core, up to four.",
    )


class VisitsConfig(Section):
    """When somebody counts as there, and as gone."""

    confirm_hits: int = Field(
        default=2, ge=1, le=10, description="Detections of one person that start a visit, within `confirm_window_s`."
    )
    confirm_window_s: float = Field(
        default=1.0, ge=0.1, le=10, description="Seconds within which `confirm_hits` detections must be made."
    )
    hold_s: float = Field(default=5.0, ge=1, le=120, description="Seconds without anybody that end a visit.")
