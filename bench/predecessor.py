"""The loop that Porchlight replaces, as a baseline: OpenCV reads, torch looks at every picture, OpenCV writes mp4v.

Runs in the environment of `bench.torch_environment`, from the repository's root as a module (a file's own folder would
come first on the path, and its `models` before the one that the checkpoint names). It answers one JSON line for each
JSON line that it is asked:

- `{"do": "loop", "model": …, "video": …, "every": N}`: the CPU seconds of the whole video. Every picture is read, and
  written while somebody is there; the model looks at every Nth, and its time counts N times.
- `{"do": "look", "model": …, "times": N}`: the CPU milliseconds of one look, the median.

YOLOv5s is built without its weights where they are not here: what it takes does not depend on them. Who is there then
says YOLOv5n, whose time does not count.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from edge_detector.core.types import Bgr
from edge_detector.detectors import yolov5_torch

#: The predecessor's picture, and from which score on somebody was there.
WIDTH, HEIGHT = 640, 480
CONFIDENCE = 0.4
FPS = 10.0


class Model:
    """One YOLOv5 in torch eager."""

    def __init__(self, torch: Any, net: Any) -> None:  # noqa: ANN401 - torch brings no types
        """`net` answers a batch of pictures."""
        self._torch = torch
        self._net = net

    def look(self, image: Bgr) -> tuple[bool, float]:
        """Is somebody there, and the CPU seconds that it took to say."""
        begun = time.process_time()
        resized = cv2.resize(image, (WIDTH, HEIGHT))
        tensor = np.ascontiguousarray(resized[..., ::-1].transpose(2, 0, 1)[None], dtype=np.float32) / 255
        with self._torch.inference_mode():
            rows = self._net(self._torch.from_numpy(tensor))[0][0].numpy()
        there = bool((rows[:, 4] * rows[:, 5] >= CONFIDENCE).any())
        return there, time.process_time() - begun


def load(weights: Path) -> dict[str, Model]:
    """Both models, in one thread; `yolov5n` with its weights."""
    torch = yolov5_torch._import()  # noqa: SLF001 - the same way to torch
    torch.set_num_threads(1)
    nano = Model(torch, yolov5_torch._load(weights))  # noqa: SLF001 - the same
    import yolov5  # noqa: PLC0415 - findable by now
    from yolov5.models.yolo import Model as Net  # noqa: PLC0415

    plan = Path(yolov5.__file__).parent / "models" / "yolov5s.yaml"
    return {"yolov5n": nano, "yolov5s": Model(torch, Net(str(plan)).float().fuse().eval())}


def loop(models: dict[str, Model], *, model: str, video: str, every: int) -> dict[str, Any]:
    """Read all, look at some, write while somebody is there."""
    reader = cv2.VideoCapture(video)
    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    there, looked_s, judged_s, looks, count, seen = False, 0.0, 0.0, 0, 0, 0
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        writer = cv2.VideoWriter(f"{folder}/clip.mp4", cv2.VideoWriter.fourcc(*"mp4v"), FPS, size)
        while True:
            read, raw = reader.read()
            if not read:
                break
            image = np.asarray(raw, dtype=np.uint8)
            if count % every == 0:
                there, spent_s = models[model].look(image)
                looked_s += spent_s
                looks += 1
                if model != "yolov5n":
                    there, spent_s = models["yolov5n"].look(image)
                    judged_s += spent_s
            if there:
                seen += 1
                writer.write(image)
            count += 1
        writer.release()
    rest_s = time.process_time() - begun - looked_s - judged_s
    return {"cpu_s": rest_s + looked_s / max(looks, 1) * count, "frames": count, "person_s": seen / FPS}


def look(models: dict[str, Model], *, model: str, times: int) -> dict[str, Any]:
    """The median of one look's CPU milliseconds, after two to warm up."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    spent = [models[model].look(image)[1] for _ in range(times + 2)]
    return {"ms": statistics.median(spent[2:]) * 1000}


def main() -> None:
    """Answer until there is no more question."""
    cv2.setNumThreads(1)
    models = load(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        answer = look if asked.pop("do") == "look" else loop
        print(json.dumps(answer(models, **asked)), flush=True)


if __name__ == "__main__":
    main()
