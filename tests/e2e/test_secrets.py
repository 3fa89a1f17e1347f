"""No key, password, token or signature is told to anybody who looks on: in logs, messages, answers and documents."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from tests.broker import HOST, Broker, Observer, free_port
from tests.e2e.edge import Edge
from tests.edge.app.outboxes import file, filled, visit
from tests.paths import media, model
from tests.rtsp_server import RtspServer, missing
from tests.s3_server import BUCKET, PREFIX, MotoServer

#: Planted where each is used; with signs that addresses must encode, so that both forms are sought.
CAMERA = "pl4nt/ed@camera"
CAMERA_TOKEN = "planted-in-a-query"  # noqa: S105 - of no camera
BROKER = 'planted "for" the broker'
STORE_ID = "AKIAPLANTEDPLANTED00"
STORE = "planted+for/the+store/planted+for/store0"
SESSION = "planted/session+token=="
TYPED_WRONG = "planted-under-a-wrong-key"
OTHERS = "planted-for-another-program"

#: What makes a link open without a key; it may stand in the messages that are there to bring the link.
SIGNATURE = re.compile(r"X-Amz-(?:Signature|Credential|Security-Token)|[?&](?:Signature|AWSAccessKeyId)=")
LINKS = re.compile(r"/(?:last_clip|event)$")

PATIENCE_S = 60.0

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(missing() is not None, reason=f"no RTSP server: {missing()}"),
]


class Said:
    """All that was said, by where."""

    def __init__(self) -> None:
        self._texts: list[tuple[str, str]] = []

    def add(self, where: str, text: str | bytes) -> None:
        """Take in what was said there; nothing at all would prove nothing."""
        plain = text if isinstance(text, str) else text.decode("utf-8", "replace")
        assert plain, f"{where} said nothing"
        self._texts.append((where, plain))

    def found(self, secrets: Iterable[str]) -> list[str]:
        """Where one of the secrets stands, as it is or as addresses write it."""
        forms = {form for secret in secrets for form in (secret, quote(secret), quote(secret, safe=""))}
        forms |= {json.dumps(form)[1:-1] for form in forms}
        return [f"{where}: {form}" for where, text in self._texts for form in forms if form in text]

    def signed(self) -> list[str]:
        """Where a signed link stands that has no business there."""
        return [where for where, text in self._texts if SIGNATURE.search(text) and not LINKS.search(where)]

    def text(self, where: str) -> str:
        """What was said in one place."""
        return "\n".join(text for place, text in self._texts if place == where)


@pytest.fixture
def said() -> Said:
    return Said()


def short_video(folder: Path) -> Path:
    """A few seconds in which somebody comes and goes."""
    source, video = media("one-by-one-person-detection.mp4"), folder / "short.mp4"
    cut = ["ffmpeg", "-v", "error", "-ss", "40", "-t", "15", "-i", str(source), "-c:v", "copy", "-an", str(video)]
    subprocess.run(cut, check=True)
    return video


def config(source: str, *, port: int, password: str, archive: Mapping[str, object], web_port: int) -> dict[str, Any]:
    """Everything that takes a secret, at the level that tells most."""
    return {
        "cameras": {
            "door": {"source": source},
            "yard": {"source": f"http://porch:{quote(CAMERA, safe='')}@{HOST}:1/video.mjpeg?token={CAMERA_TOKEN}"},
        },
        "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
        "visits": {"hold_s": 1},
        "recording": {"pre_roll_s": 0.5, "max_clip_s": 3, "min_clip_gap_s": 5},
        "archive": {"type": "s3", "timeout_s": 5, **archive},
        "mqtt": {"port": port, "username": "porch", "password": password},
        "web": {"port": web_port},
        "logging": {"level": "debug"},
    }


def porchlight(folder: Path, said: Said, *arguments: str, name: str = "porchlight.yaml") -> str:
    """Run a command and take in both of its outputs; what it printed."""
    named = [str(folder / name)] if arguments[0] == "check-config" else ["--config", str(folder / name)]
    done = subprocess.run(
        [sys.executable, "-m", "edge_detector", *arguments, *named],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    said.add(f"porchlight {' '.join(arguments)}", done.stdout + done.stderr)
    return done.stdout


def ask(said: Said, port: int, path: str, token: str) -> None:
    """Take in the API's answer, whatever it is."""
    request = urllib.request.Request(f"http://{HOST}:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - the same
            said.add(path, str(answer.headers).encode() + answer.read())
    except urllib.error.HTTPError as error:
        with error:
            said.add(path, str(error.headers).encode() + error.read())


def faults(folder: Path, said: Said) -> None:
    """Take in what is said of a configuration that holds its secrets in wrong places and forms."""
    spoiled = yaml.safe_load((folder / "porchlight.yaml").read_text())
    spoiled["mqtt"] |= {"pasword": TYPED_WRONG, "password": [BROKER], "port": "no number"}
    spoiled["archive"] |= {"secret_access_key": {"is": STORE}, "session_token": [SESSION], "acces_key": STORE_ID}
    spoiled["archive"]["endpoint"] = f"https://porch:{quote(CAMERA)}@store.example"
    spoiled["cameras"]["door"]["source"] = f"rtspx://porch:{quote(CAMERA)}@{HOST}/cam"
    (folder / "spoiled.yaml").write_text(yaml.safe_dump(spoiled))
    porchlight(folder, said, "check-config", name="spoiled.yaml")
    assert "The configuration has" in said.text("porchlight check-config")
    porchlight(folder, said, "outbox", "list", name="spoiled.yaml")


def messages(said: Said, observer: Observer) -> None:
    """Take in every message."""
    for message in observer.heard:
        if message.payload:
            said.add(message.topic, message.payload)


def log_until(edge: Edge, *words: str) -> None:
    """Wait until the log tells all these."""
    deadline = time.monotonic() + PATIENCE_S
    while lacking := [word for word in words if not re.search(word, edge.log_text())]:
        assert time.monotonic() < deadline, f"{lacking} are not in the log:\n{edge.log_text()[-4000:]}"
        time.sleep(0.1)


def heard_event(observer: Observer, event_type: str) -> None:
    observer.wait(
        lambda heard: any(f'"{event_type}"'.encode() in message.payload for message in heard), timeout_s=PATIENCE_S
    )


def test_run_that_goes_well(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """Camera, broker and bucket let it in; links are signed."""
    monkeypatch.setenv("UNRELATED_PASSWORD", OTHERS)
    rtsp = RtspServer(short_video(tmp_path), auth=f"porch:{CAMERA}")
    source = rtsp.url.replace("rtsp://", f"rtsp://porch:{quote(CAMERA, safe='')}@")
    web_port = free_port()
    users = {"porch": BROKER, "owner": "owner"}
    with (
        MotoServer(tmp_path / "moto") as store,
        Broker(tmp_path, users=users) as broker,
        broker.observer(username="owner", password="owner") as observer,  # noqa: S106 - of a broker for tests
        rtsp,
    ):
        store.enforce(iam=True)
        archive = {**store.config(presign=True).model_dump(mode="json", exclude_defaults=True)}
        archive |= {"access_key_id": store.edge.id, "secret_access_key": store.edge.secret}
        edge = Edge(tmp_path, config(source, port=broker.port, password=BROKER, archive=archive, web_port=web_port))
        with edge:
            heard_event(observer, "clip_stored")
            heard_event(observer, "snapshot_stored")
            observer.wait(lambda heard: any(message.topic.endswith("/health") for message in heard), PATIENCE_S)
            token = (edge.data / "api-token").read_text().strip()
            for path in ("health", "cameras", "visits", "zones", "docs", "openapi.json", "nothing"):
                ask(said, web_port, f"/api/v1/{path}", token)
            ask(said, web_port, f"/api/v1/health?token={CAMERA_TOKEN}", TYPED_WRONG)
            ask(said, web_port, "/metrics", token)
            for arguments in (
                ["check-config"],
                ["doctor", "--json"],
                ["outbox", "list", "--all"],
                ["query", "SELECT 1"],
            ):
                porchlight(tmp_path, said, *arguments)
            faults(tmp_path, said)
        messages(said, observer)
        for key, content in store.objects().items():
            if key.endswith(".json"):
                said.add(key, content)
            said.add(f"metadata of {key}", json.dumps(store.head(key), default=str))
    said.add("the log", edge.log_text())

    assert "Traceback" not in edge.log_text()
    assert any(SIGNATURE.search(text) for where, text in said._texts if LINKS.search(where)), "no link was signed"
    assert said.signed() == []
    links_apart = Said()
    links_apart._texts = [(where, text) for where, text in said._texts if not LINKS.search(where)]
    assert links_apart.found([store.edge.id]) == []
    secrets = [CAMERA, CAMERA_TOKEN, BROKER, store.edge.secret, token, TYPED_WRONG, OTHERS, STORE, STORE_ID, SESSION]
    assert said.found(secrets) == []


def test_run_in_which_everything_is_refused(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every password and key is wrong, and those of the store come from the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", STORE_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", STORE)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SESSION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    rtsp = RtspServer(short_video(tmp_path), auth="porch:another")
    source = rtsp.url.replace("rtsp://", f"rtsp://porch:{quote(CAMERA, safe='')}@")
    web_port = free_port()
    with (
        MotoServer(tmp_path / "moto") as store,
        Broker(tmp_path, users={"porch": "another"}) as broker,
        rtsp,
    ):
        store.enforce(iam=True)
        archive = {"bucket": BUCKET, "prefix": PREFIX, "endpoint": store.url, "presign": True}
        edge = Edge(tmp_path, config(source, port=broker.port, password=BROKER, archive=archive, web_port=web_port))
        filled(edge.data, file(edge.data))
        with edge:
            log_until(edge, r"was not delivered", r"(?i)broker", r"door.*(401|refuse|password|user)", r"yard")
            for arguments in (
                ["doctor"],
                ["outbox", "list", "--json"],
                ["outbox", "flush"],
                ["outbox", "show", visit(0)],
            ):
                porchlight(tmp_path, said, *arguments)
            faults(tmp_path, said)
    said.add("the log", edge.log_text())

    assert said.found([CAMERA, CAMERA_TOKEN, BROKER, STORE, STORE_ID, SESSION, TYPED_WRONG]) == []
    assert said.signed() == []


def test_what_is_sought_would_be_found() -> None:
    """The net has no holes: each form of a secret is caught, and a signed link out of its place."""
    said = Said()
    for n, form in enumerate((CAMERA, quote(CAMERA), quote(CAMERA, safe=""), json.dumps(BROKER))):
        said.add(f"place {n}", f"before {form} after")
    assert len({line.partition(":")[0] for line in said.found([CAMERA, BROKER])}) == 4
    said.add("porchlight/porch/door/last_clip", "https://store/x?X-Amz-Signature=1")
    said.add("the log", "https://store/x?X-Amz-Signature=1")
    assert said.signed() == ["the log"]
