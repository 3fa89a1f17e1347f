"""Backends that find people in one picture, behind the port `Detector`; `registry.build` picks and makes one.

Nothing here tells anybody of its use: ONNX Runtime's published builds would, unless they are told not to before they
are loaded, so this comes before any module that loads them.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
