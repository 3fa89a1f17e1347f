import json
import re
from pathlib import Path

import pytest

from edge_detector.config.load import load
from edge_detector.core.errors import ConfigError

MINIMAL = "cameras:\n  door:\n    source: scene://door\n"

TEN_MISTAKES = """\
node:
  id: My Node
cameras:
  Front Door:
    source: rtsp://admin:hunter2@192.0.2.7/stream1
  yard:
    sorce: rtsp://admin:hunter2@192.0.2.7/stream1
    zones:
      porch: {points: [[0, 0], [1, 1], [1, 0], [0, 1]]}
detection:
  fps: fast
  side: 100
mqtt:
  port: 99999
  password: hunter2
  protocol: 4
confidence: 0.7
"""

#: Each mistake: its path, its line, and what is said of it.
TEN_ANSWERS = [
    (r"node\.id", 2, r"is `My Node`\. Allowed: 1 to 40 lower-case letters, digits and `_`"),
    (r"cameras\.Front Door", 4, r"is no id\. Allowed: 1 to 40 lower-case"),
    (r"cameras\.yard\.source", 6, r"is missing\. Where the recorded stream comes from"),
    (r"cameras\.yard\.sorce", 7, r"is no known key\. Did you mean `source`\?"),
    (r"cameras\.yard\.zones\.porch\.points", 9, r"has edges that cross"),
    (r"detection\.fps", 11, r"is `fast`\. Allowed: a number from 1 to 15"),
    (r"detection\.side", 12, r"is `100`\. Allowed: a whole number from 160 to 1280, a multiple of 32"),
    (r"mqtt\.port", 14, r"is `99999`\. Allowed: a whole number from 1 to 65535"),
    (r"mqtt\.password", 15, r"is set without `username`"),
    (r"mqtt\.protocol", 16, r"is `4`\. Allowed: one of `5`, `3\.1\.1`"),
    (r"confidence", 17, r"is no known key\. There is `detection\.confidence`"),
]


def message(path: Path | None = None, **places: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, **places)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "hunter" not in text
    return text


def of_file(folder: Path, text: str) -> str:
    path = folder / "porchlight.yaml"
    path.write_text(text, encoding="utf-8")
    return message(path)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = of_file(tmp_path, TEN_MISTAKES)
    lines = text.splitlines()
    assert lines[0] == f"The configuration has {len(TEN_ANSWERS)} faults:"
    assert [line.split()[0] for line in lines[1:]] == [f"{n}." for n in range(1, len(TEN_ANSWERS) + 1)]
    for path, line, answer in TEN_ANSWERS:
        assert re.search(rf"\d\. {path} \(porchlight\.yaml line {line}\) {answer}", text), path


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        # a misspelt key is likely to hold what the right one should
        ("mqtt: {pasword: hunter2}", r"mqtt\.pasword .* Did you mean `password`"),
        # no space after the colon: the secret is now part of the key
        ("mqtt: {password:hunter2}", r"mqtt\.password… .* Did you mean `password`"),
        ("mqtt:\n  - password:hunter2", r"mqtt .* is a list\. Allowed: a group of keys"),
        ("mqtt: hunter2", r"mqtt .* is a single value\. Allowed: a group of keys"),
        ("mqtt: {username: [hunter2]}", r"mqtt\.username .* is a list\. Allowed: text"),
        ("mqtt: {username: {hunter2: x}}", r"mqtt\.username .* is a group of keys\. Allowed: text"),
        # YAML that quotes its source
        ("mqtt: {password: *hunter2}", r"line 4, column 18\) is no YAML: found undefined alias\. Check"),
        ("mqtt:\n  password: !hunter2", r"mqtt\.password .* has a tag, .* PORCHLIGHT__MQTT__PASSWORD"),
        ("mqtt:\n  password: hunter2: x", r"line 5, column 20\) is no YAML: mapping values are not allowed here"),
        ("mqtt:\n\tpassword: hunter2", r"line 5, column 1\) is no YAML: .* Indent with spaces"),
        ("mqtt: {password: 'hunter2", r"is no YAML: .* unexpected end of stream"),
        ("mqtt: {password: hunter2\x00}", r"is no YAML: it holds a character"),
        # twice
        ("mqtt: {password: hunter2, password: hunter3}", r"mqtt\.password .* is written twice\. It stands in"),
        # keys that are none
        ("mqtt: {[hunter2]: x}", r"mqtt .* has a list or a group where a key should be"),
        ("? {hunter2: x}\n: y", r"the configuration .* has a list or a group where a key should be"),
        ("mqtt: &a {tls: *a}", r"mqtt\.tls .* holds itself"),
        # an address with a password in the place of something else
        ("detection: {fps: 'rtsp://a:hunter2@h/x'}", r"detection\.fps .* is `rtsp://\*\*\*@h/x`"),
        ("node: {id: 'rtsp://a:hunter2@h/x'}", r"node\.id .* is `rtsp://\*\*\*@h/x`"),
        ("'rtsp://a:hunter2@h/x': y", r"rtsp… .* is no known key\. Known here: `node`, `cameras`"),
        # an id that would be in the way of something else
        ("node: {id: announce}", r"node\.id .* is `announce`, which is the topic where all nodes announce themselves"),
        # a long value is cut
        (f"detection: {{fps: {'9' * 300}x}}", r"is `9{60}…`"),
        ("detection: {fps: ''}", r"detection\.fps .* is empty\. Allowed: a number from 1 to 15"),
        ("visits: {hold_s: [1]}", r"visits\.hold_s .* is a list\. Allowed: a number"),
        ("detection: {backend: tensorflow}", r"Allowed: one of `auto`, `onnx`, `openvino`, `hog`, `yolov5`"),
        ("mqtt: {tls: {enabled: perhaps}}", r"mqtt\.tls\.enabled .* is `perhaps`\. Allowed: `true` or `false`"),
        ("archive: {prefix: ../x}", r"Allowed: letters, digits, `\.`, `_`, `=` and `-`, in parts divided by `/`"),
        ("node: {data_dir: [x]}", r"node\.data_dir .* is a list\. Allowed: a path"),
        (
            "recording: {max_clip_s: 6}",
            r"recording\.pre_roll_s .* is more than half of max_clip_s, which is 6: set it to 3",
        ),
    ],
)
def test_a_mistake(tmp_path: Path, text: str, answer: str) -> None:
    assert re.search(answer, of_file(tmp_path, f"{MINIMAL}{text}\n"))


@pytest.mark.parametrize(
    ("points", "answers"),
    [
        # only what is wrong is named, not what follows from it
        ("[[0, 2], [1, x], 5]", [r"points\[0\]\[1\] .* from 0 to 1", r"points\[1\]\[1\]", r"points\[2\] .*\[x, y\]"]),
        ("[[0, 0], [1, 1]]", [r"points .* is a list\. Allowed: a list of at least 3 corners"]),
        ("[[0, 0], [1, 1], [1, 0, 0]]", [r"points\[2\] .* is a list\. Allowed: \[x, y\] from 0 to 1"]),
        ("5", [r"points .* is a single value\. Allowed: a list of at least 3 corners \[x, y\]"]),
    ],
)
def test_mistakes_in_a_zone(tmp_path: Path, points: str, answers: list[str]) -> None:
    text = of_file(tmp_path, f"{MINIMAL}    zones: {{porch: {{points: {points}}}}}\n")
    assert f"has {len(answers)} fault" in text
    for answer in answers:
        assert re.search(answer, text)


def test_an_address_of_an_unknown_kind(tmp_path: Path) -> None:
    text = of_file(tmp_path, "cameras: {door: {source: 'rstp://a:hunter2@h/x', detect_source: 'RTSP://h/x'}}\n")
    assert "1 fault" in text
    assert "cameras.door.source (porchlight.yaml line 1) has a scheme that is not known: give rtsp://" in text
    assert "hunter2" not in text


def test_the_file_must_be_a_group(tmp_path: Path) -> None:
    assert "the configuration (porchlight.yaml line 1) is no group of keys" in of_file(tmp_path, "- hunter2\n")


def test_nothing_at_all() -> None:
    assert "1 fault:\n  1. cameras is missing. Name at least one camera" in message()


def test_mistakes_in_variables() -> None:
    text = message(
        variables={
            "PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://door",
            "PORCHLIGHT__MQTT__PASWORD": "hunter2",
            "PORCHLIGHT__MQTT": "hunter2",
            "PORCHLIGHT__VISITS__HOLD_S": "long",
            "PORCHLIGHT__": "hunter2",
        }
    )
    assert "visits.hold_s (PORCHLIGHT__VISITS__HOLD_S) is `long`" in text
    assert "mqtt.pasword (PORCHLIGHT__MQTT__PASWORD) is no known key. Did you mean `password`?" in text


def test_a_variable_that_is_no_yaml() -> None:
    text = message(variables={"PORCHLIGHT__CAMERAS": "{door: {source: hunter2", "PORCHLIGHT__VISITS__HOLD_S": "long"})
    assert "1. cameras (PORCHLIGHT__CAMERAS) is no YAML" in text


def test_mistakes_in_options(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    cameras = [{"source": "hunter2"}, {"id": "a", "source": "x"}, {"id": "a", "source": "y"}, "hunter2"]
    path.write_text(json.dumps({"cameras": cameras, "mqtt": {"port": 0}}))
    text = message(options=path)
    assert "cameras[0].id (options.json) is missing" in text
    assert "cameras[2].id (options.json) is used twice" in text
    assert "cameras[3].id (options.json) is missing" in text
    assert "mqtt.port (options.json) is `0`" in text


def test_options_that_are_no_json(tmp_path: Path) -> None:
    path = tmp_path / "options.json"
    path.write_text('{"mqtt": hunter2}')
    assert "(options.json line 1, column 10) is no JSON" in message(options=path)
