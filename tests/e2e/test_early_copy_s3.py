"""A thief takes the machine while it films: seconds after he came into the picture, what it filmed is in the bucket."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path

import pytest

from bench.latency import appearances
from tests.broker import Broker
from tests.e2e.edge import Edge, decoded_frames
from tests.paths import model
from tests.s3_server import BUCKET, EDGE, PREFIX, SeaweedServer

#: Somebody comes, and stays for half a minute.
SCENE = "scene://standing?people=1&seed=3"
#: So long after somebody appears there is a copy that plays.
PROMISE_S = 6.0


@pytest.mark.serial
@pytest.mark.timeout(300)
def test_early_copy_is_in_the_bucket_before_the_machine_is_gone(tmp_path: Path) -> None:
    with SeaweedServer(tmp_path / "store") as store, Broker(tmp_path) as broker:
        edge = Edge(
            tmp_path,
            {
                "cameras": {"door": {"source": SCENE}},
                "detection": {
                    "backend": "onnx",
                    "precision": "fp32",
                    "threads": 1,
                    "model": str(model("yolov5n.onnx")),
                },
                "archive": {
                    "type": "s3",
                    "bucket": BUCKET,
                    "prefix": PREFIX,
                    "endpoint": store.url,
                    "access_key_id": EDGE.id,
                    "secret_access_key": EDGE.secret,
                },
                "mqtt": {"port": broker.port},
            },
        )
        with broker.observer("porchlight/+/+/event") as observer, edge:
            (up, *_) = observer.wait(lambda heard: any(b'"camera_up"' in each.payload for each in heard), 90.0)
            began_utc = datetime.fromisoformat(json.loads(up.payload)["ts"]).timestamp()
            copies = wait_for_copy(store, edge)
            stored_utc = time.time()
            edge.kill()
        ((key, content),) = copies.items()
        assert store.objects(key) == {key: content}
    half, _ = appearances(SCENE)
    after_s = stored_utc - (began_utc + half)
    assert after_s <= PROMISE_S, f"it took {after_s:.2f} s"
    video = tmp_path / "copy.mp4"
    video.write_bytes(content)
    packets, frames = decoded_frames(video)
    assert packets == frames >= 40, "four seconds of ten pictures, and some before them"


def wait_for_copy(store: SeaweedServer, edge: Edge) -> dict[str, bytes]:
    """The early copies in the bucket, as soon as there is one."""
    deadline = time.monotonic() + 90.0
    while True:
        objects = store.objects(PREFIX)
        if copies := {key: content for key, content in objects.items() if key.endswith(".partial.mp4")}:
            return copies
        assert time.monotonic() < deadline, edge.log_text()[-4000:]
        time.sleep(0.05)
