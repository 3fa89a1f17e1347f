"""What every command says when it is used wrongly or the world is not as it should be."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.edge.cli.conftest import NOBODY, Porchlight, Running
from tests.paths import ROOT

SCENE = "cameras: {door: {source: 'scene://door'}}\n"
SECRETS = """\
cameras:
  door:
    source: rtsp://admin:hunter2@127.0.0.1:1/stream1
mqtt:
  host: 127.0.0.1
  port: 1
  username: porch
  password: hunter3
"""
HEAVY = {"av", "boto3", "cv2", "fastapi", "numpy", "onnx", "onnxruntime", "pydantic", "rich", "torch", "yaml"}


def write(text: str, name: str = "my.yaml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # no configuration at all
        ("run", "cameras is missing"),
        ("run --config absent.yaml", "absent.yaml cannot be read: no such file"),
        ("run --config .", "cannot be read: is a directory"),
        ("run --config broken.yaml", "(broken.yaml line 2, column 1) is no YAML"),
        # a detector that nobody knows, named on the command line
        ("run --config my.yaml --detector magic", "detection.backend (--detector) is `magic`. Allowed: one of `auto`"),
        ("run --config my.yaml --model absent.onnx", "There is no model file 'absent.onnx'"),
        ("run --config my.yaml --model text.mp4", "text.mp4"),
        # the data folder cannot be made
        ("run --config nowhere.yaml --detector hog", "my.yaml"),
        (
            "run --config inside.yaml --detector hog",
            "Cannot write to inside/spool/door: something else is in its place",
        ),
        ("run --config nowhere.yaml --model absent.onnx", "my.yaml"),  # which is seen before a model is fetched
        ("demo --source absent.mp4", "The source absent.mp4 does not exist"),
        ("demo --model absent.onnx", "There is no model file 'absent.onnx'"),
        ("demo --detector magic", "detection.backend (--detector) is `magic`"),
        ("replay absent.mp4", "The source absent.mp4 does not exist"),
        ("replay text.mp4 --detector hog", "text.mp4 is no video"),
        ("replay gopher://h/x --detector hog", "has a scheme that is not known"),
        ("replay text.mp4 --detector hog --out my.yaml", "Cannot write to my.yaml: something else is in its place"),
        ("replay text.mp4 --config absent.yaml", "absent.yaml cannot be read"),
        ("check-config absent.yaml", "absent.yaml cannot be read"),
        ("check-config broken.yaml", "is no YAML"),
        ("models fetch nothing", "There is no known model 'nothing': there are yolov5n.onnx, yolov5n.pt"),
        ("models fetch yolov5n", "cannot be fetched from https://github.com/"),
        ("models export absent.pt", "There is no model file 'absent.pt'"),
        ("models list --config broken.yaml", "is no YAML"),
    ],
)
def test_one_clear_message(porchlight: Porchlight, arguments: str, said: str) -> None:
    write(SCENE)
    write("cameras:\n]\n", "broken.yaml")
    write(SCENE + "node: {data_dir: my.yaml/data}\n", "nowhere.yaml")
    write(SCENE + "node: {data_dir: inside}\n", "inside.yaml")
    Path("inside").mkdir()
    Path("inside/spool").touch()
    write("this is no video\n" * 100, "text.mp4")
    ended = porchlight(*arguments.split())
    assert ended.status == 1
    assert said in ended.err
    assert "Traceback" not in ended.err
    # a list of faults is indented, and that hog finds little is worth a warning
    lines = [line for line in ended.err.splitlines() if not line.startswith("  ") and "hog is a fallback" not in line]
    assert len(lines) == 1
    assert lines[0].startswith("porchlight: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Usage: porchlight"),
        ("dance", "No such command 'dance'"),
        ("run --fast", "No such option: --fast"),
        ("replay", "Missing argument 'VIDEO'"),
        ("check-config", "Missing argument 'FILE'"),
        ("demo --seconds soon", "should be a valid number"),
        ("demo --seconds 0", "greater than or equal to 1"),
        ("demo --out commands.py", "is a file"),
        ("models", "Usage: porchlight models"),
        ("models fetch", "Missing argument 'NAME'"),
    ],
)
def test_bad_usage(porchlight: Porchlight, arguments: str, said: str) -> None:
    Path("commands.py").touch()
    ended = porchlight(*arguments.split())
    assert ended.status == 2
    assert said in ended.err + ended.out
    assert "Traceback" not in ended.err


def test_a_missing_model_names_file_address_and_option(porchlight: Porchlight) -> None:
    ended = porchlight("run", "--config", write(SCENE))
    assert ended.status == 1
    for part in ("data/models/yolov5n.onnx", "https://github.com/ultralytics/yolov5/releases/", "`--model PATH`"):
        assert part in ended.err


def test_check_config_shows_all_of_it_without_secrets(porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORCHLIGHT__VISITS__HOLD_S", "7")
    ended = porchlight("check-config", write(SECRETS))
    assert (ended.status, ended.err) == (0, "")
    assert "hunter" not in ended.out
    values = yaml.safe_load(ended.out)
    assert values["cameras"]["door"]["source"] == "rtsp://***@127.0.0.1:1/stream1"
    assert values["visits"]["hold_s"] == 7
    assert values["recording"]["max_clip_s"] == 20


@pytest.mark.parametrize(
    "path",
    sorted(set((ROOT / "examples").glob("*.yaml")) - {ROOT / "examples" / "compose.yaml"}),
    ids=lambda path: path.name,
)
def test_examples_pass(porchlight: Porchlight, path: Path) -> None:
    assert porchlight("check-config", path).status == 0


@pytest.mark.parametrize(
    "text",
    [
        SECRETS.replace("port: 1", "port: many"),
        SECRETS.replace("password:", "pasword:"),
        SECRETS.replace("password: ", "password:"),
        SECRETS.replace("hunter3", "!hunter3"),
        SECRETS.replace("hunter3", "*hunter3"),
        SECRETS.replace("hunter3", "[hunter3"),
        SECRETS.replace("source: ", "source:"),
        SECRETS.replace("source:", "sorce:"),
        SECRETS.replace("admin:hunter2", "admin:hun/hunter2@"),
        SECRETS + "  client_id: [hunter4]\n",
    ],
)
def test_no_command_tells_a_secret(porchlight: Porchlight, text: str) -> None:
    path = write(text)
    commands = [("check-config", path), ("doctor", "--config", path), ("run", "--config", path)]
    for command in [*commands, ("doctor", "--json", "--config", path)]:
        ended = porchlight(*command)
        assert "hunter" not in ended.out + ended.err, command


def test_version(porchlight: Porchlight) -> None:
    assert porchlight("--version").out == "porchlight 0.1.0\n"


@pytest.mark.parametrize("words", [(), ("run",), ("demo",), ("replay",), ("models",), ("models", "fetch")])
def test_help(porchlight: Porchlight, words: tuple[str, ...]) -> None:
    ended = porchlight(*words, "--help")
    assert ended.status == 0
    assert f"Usage: {' '.join(('porchlight', *words))}" in ended.out


def test_help_loads_next_to_nothing() -> None:
    code = f"""
import sys
from edge_detector.cli import main
sys.argv = ["porchlight", "--help"]
try:
    main()
finally:
    sys.stderr.write(" ".join(sorted({HEAVY!r} & set(sys.modules))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "check-config" in done.stdout


def test_help_is_quick(start: Callable[..., Running]) -> None:
    """It takes about 0.3 s of the processor; the rest is for a slow or measured one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert start("--help").end() == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


def test_models_list(porchlight: Porchlight) -> None:
    ended = porchlight("models", "list")
    assert ended.status == 0
    assert "yolov5n.onnx" in ended.out
    assert "not here" in ended.out
    assert f"Folder: {Path('data/models').absolute()}" in ended.out


def test_models_that_are_here(porchlight: Porchlight) -> None:
    from tests.paths import model  # noqa: PLC0415 - may skip

    folder = Path("data/models")
    folder.mkdir(parents=True)
    (folder / "yolov5n.pt").write_bytes(model("yolov5n.pt").read_bytes())
    (folder / "yolov5n.onnx").write_bytes(b"damaged")
    ended = porchlight("models", "list")
    assert "damaged" in ended.out
    assert "here" in ended.out
    assert porchlight("models", "fetch", "yolov5n.pt").out == f"{folder.absolute() / 'yolov5n.pt'}\n"


def tiny(folder: Path) -> Path:
    """A configuration with a small model of its own."""
    from tests.edge.detectors.tiny_yolo import TinyYolo  # noqa: PLC0415 - loads onnx

    (folder / "porch.onnx").write_bytes(TinyYolo().build())
    detection = f"{{backend: onnx, model: {folder / 'porch.onnx'}, side: 160, scan_side: 160, threads: 1}}"
    return write(f"cameras: {{loft: {{source: 'scene://door'}}}}\ndetection: {detection}\n")


def test_models_bench_measures_and_takes_one(porchlight: Porchlight, tmp_path: Path) -> None:
    config = tiny(tmp_path)
    ended = porchlight("models", "bench", "--config", config, "--json")
    engines = json.loads(ended.out)["engines"]
    assert [row["engine"]["precision"] for row in engines] == ["fp32", "int8"]
    assert [row["chosen"] for row in engines].count(True) == 1
    assert len(list(Path("data/models/choice").iterdir())) == 1


@pytest.mark.parametrize(("least", "status", "verdict"), [(0.5, 0, "are kept"), (1.0, 1, "are not kept")])
def test_models_tune_says_how_far_it_agrees(
    least: float, status: int, verdict: str, porchlight: Porchlight, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_detector.app.models.SCENES", ("pair?seed=3",))
    monkeypatch.setattr("edge_detector.detectors.agreement.MIN_IOU", least)  # with weights of chance, boxes jump
    ended = porchlight("models", "tune", "--config", tiny(tmp_path), "--source", "scene://door?size=320x180&duration=9")
    assert ended.status == status
    assert "recall 1.000" in ended.out
    assert verdict in ended.out


def test_doctor_finds_and_says_how_to_mend(porchlight: Porchlight) -> None:
    text = """\
cameras:
  door: {source: 'scene://door?fps=20', detect_source: 'rtsp://a:hunter2@127.0.0.1:1/x'}
  off: {source: 'scene://door', enabled: false}
  video: {source: text.mp4}
detection: {backend: hog}
mqtt: {port: 1}
"""
    write("this is no video", "text.mp4")
    ended = porchlight("doctor", "--config", write(text), "--json")
    report = json.loads(ended.out)
    assert ended.status == 1
    assert report["ok"] is False
    checks = {check["what"]: check for check in report["checks"]}
    assert {what: check["ok"] for what, check in checks.items()} == {
        "configuration": True,
        "camera door": True,
        "camera door, detect_source": False,
        "camera off": True,
        "camera video": False,
        "archive": True,
        "broker": False,
        "disk": True,
        "model": True,
    }
    assert all(bool(check["mend"]) is not check["ok"] for check in checks.values())
    assert "H.264 768x432" in checks["camera door"]["found"]
    assert "key frame every" in checks["camera door"]["found"]
    assert "refused the connection" in checks["camera door, detect_source"]["found"]
    assert "ffplay" in checks["camera door, detect_source"]["mend"]
    assert "`porchlight setup` shows what it finds" in checks["camera video"]["mend"]
    assert "fallback" in checks["model"]["found"]
    assert "hunter2" not in ended.out + ended.err


def test_doctor_of_a_sound_node(porchlight: Porchlight) -> None:
    text = SCENE + "detection: {backend: hog}\nmqtt: {enabled: false}\narchive: {path: archive, prefix: home}\n"
    ended = porchlight("doctor", "--config", write(text))
    assert ended.status == 0
    assert [line.split()[0] for line in ended.out.splitlines()] == ["ok"] * 6
    assert str(Path("archive/home").absolute()) in ended.out


def test_doctor_without_a_disk_or_a_model(porchlight: Porchlight) -> None:
    text = SCENE + "node: {data_dir: my.yaml/data}\nmqtt: {enabled: false}\n"
    ended = porchlight("doctor", "--config", write(text))
    assert ended.status == 1
    fails = [line.split(":")[0].split()[-1] for line in ended.out.splitlines() if line.startswith("FAILS")]
    assert fails == ["archive", "disk", "model"]
    assert "node.data_dir" in ended.out
    assert NOBODY not in ended.out


def test_doctor_without_a_configuration(porchlight: Porchlight) -> None:
    ended = porchlight("doctor")
    assert ended.status == 1
    assert "FAILS configuration: The configuration has 1 fault" in ended.out
    assert "examples/minimal.yaml" in ended.out
