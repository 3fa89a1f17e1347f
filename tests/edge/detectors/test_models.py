import hashlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from edge_detector.core.errors import ModelError
from edge_detector.detectors.models import KNOWN, KnownModel, fetch, listing, resolve, sha256_of

CONTENT = bytes(range(256)) * 1200  # several chunks


@dataclass
class Host:
    """A release host on the loopback, as well behaved as a test wants it."""

    content: bytes = CONTENT
    status: int = 200
    ranges: bool = True
    #: Bytes after which each answer breaks off, the next ones in turn; then answers are whole.
    breaks: list[int] = field(default_factory=list)
    tells_length: bool = True
    url: str = ""
    #: The Range header of each request.
    asked: list[str | None] = field(default_factory=list)

    def model(self, sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> KnownModel:
        return KnownModel(file="some.onnx", url=self.url, sha256=sha256, licence="none", about="for a test")


@pytest.fixture
def host() -> Iterator[Host]:
    state = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and state.ranges else 0
            body = state.content[start:]
            if state.status != 200:
                self.send_error(state.status)
                return
            if start and not body:
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if state.tells_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: state.breaks.pop(0)] if state.breaks else body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="host")
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/some.onnx"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_is_fetched_whole_with_progress(host: Host, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    path = fetch(host.model(), tmp_path / "models", lambda done, total: told.append((done, total)))
    assert path == tmp_path / "models" / "some.onnx"
    assert path.read_bytes() == CONTENT
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert {total for _, total in told} == {len(CONTENT)}
    assert list(path.parent.iterdir()) == [path]


def test_an_earlier_try_is_taken_up_where_it_broke_off(host: Host, tmp_path: Path) -> None:
    (tmp_path / "some.onnx.part").write_bytes(CONTENT[:1000])
    told: list[tuple[int, int | None]] = []
    assert fetch(host.model(), tmp_path, lambda done, total: told.append((done, total))).read_bytes() == CONTENT
    assert host.asked == ["bytes=1000-"]
    assert told[0][0] > 1000
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_server_without_ranges_sends_all_again(host: Host, tmp_path: Path) -> None:
    host.ranges = False
    (tmp_path / "some.onnx.part").write_bytes(b"rubbish")
    assert fetch(host.model(), tmp_path).read_bytes() == CONTENT


def test_an_answer_without_a_length_is_taken_to_its_end(host: Host, tmp_path: Path) -> None:
    host.tells_length = False
    told: list[tuple[int, int | None]] = []
    assert fetch(host.model(), tmp_path, lambda done, total: told.append((done, total))).read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), None)


def test_a_cut_connection_is_taken_up_again(host: Host, tmp_path: Path) -> None:
    host.breaks = [100_000, 50_000, 1]
    assert fetch(host.model(), tmp_path).read_bytes() == CONTENT
    assert host.asked == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]


def test_a_server_that_sends_nothing_is_given_up(host: Host, tmp_path: Path) -> None:
    host.breaks = [100_000, 0, 0, 0]
    with pytest.raises(ModelError, match="the connection broke off"):
        fetch(host.model(), tmp_path)
    assert len(host.asked) == 4
    assert (tmp_path / "some.onnx.part").stat().st_size == 100_000  # for the next try


def test_a_file_that_was_whole_but_not_yet_renamed_is_kept(host: Host, tmp_path: Path) -> None:
    (tmp_path / "some.onnx.part").write_bytes(CONTENT)
    assert fetch(host.model(), tmp_path).read_bytes() == CONTENT


def test_a_wrong_checksum_deletes_the_file_and_says_so(host: Host, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=rf"is not the published some\.onnx and was deleted.*{'0' * 64}"):
        fetch(host.model(sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_is_told_once_with_what_to_do(host: Host, tmp_path: Path) -> None:
    host.status = 404
    with pytest.raises(ModelError) as caught:
        fetch(host.model(), tmp_path)
    for word in (str(tmp_path / "some.onnx"), host.url, "404", "--model PATH", "detection.model"):
        assert word in str(caught.value)
    assert len(host.asked) == 1


def test_no_network_is_one_clear_sentence(tmp_path: Path) -> None:
    nobody = KnownModel(file="a.onnx", url="http://127.0.0.1:9/a.onnx", sha256="", licence="", about="")
    with pytest.raises(
        ModelError, match=r"a\.onnx is missing and cannot be fetched from http://127\.0\.0\.1:9.*refused"
    ):
        fetch(nobody, tmp_path)


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(host: Host, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(ModelError, match="cannot be fetched"):
        fetch(host.model(), tmp_path / "models")


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"anything")
    assert resolve(str(path), tmp_path / "models") == path


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.onnx").write_bytes(b"anything")
    assert resolve("mine.onnx", tmp_path / "models").is_absolute()


@pytest.mark.parametrize("name", ["some", "some.onnx"])
def test_a_known_name_is_fetched_once(name: str, host: Host, tmp_path: Path) -> None:
    known = {"some.onnx": host.model()}
    assert resolve(name, tmp_path, known=known) == resolve(name, tmp_path, known=known) == tmp_path / "some.onnx"
    assert len(host.asked) == 1


def test_a_damaged_file_of_a_known_name_is_fetched_anew(
    host: Host, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "some.onnx").write_bytes(CONTENT[:-1])
    with caplog.at_level(logging.WARNING):
        assert resolve("some", tmp_path, known={"some.onnx": host.model()}).read_bytes() == CONTENT
    assert "is not the published file" in caplog.text


def test_an_unknown_name_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file 'yolov9'.*known name \(yolov5n\)"):
        resolve("yolov9", tmp_path)


def test_a_name_may_stand_for_several_kinds_of_file(tmp_path: Path) -> None:
    assert {"yolov5n.onnx", "yolov5n.pt"} <= KNOWN.keys()
    with pytest.raises(ModelError, match=r"give the path of a \.pt file"):
        resolve("yolov9", tmp_path, suffix=".pt")


def test_known_models_are_published_over_tls_with_a_checksum() -> None:
    for name, model in KNOWN.items():
        assert model.file == name
        assert model.url.startswith("https://")
        assert model.url.endswith(name)
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.licence


def test_the_listing_says_what_is_there(host: Host, tmp_path: Path) -> None:
    known = {name: KnownModel(file=name, url="", sha256=host.model().sha256, licence="", about="") for name in "abc"}
    (tmp_path / "a").write_bytes(CONTENT)
    (tmp_path / "b").write_bytes(b"something else")
    assert [state.verified for state in listing(tmp_path, known)] == [True, False, None]


def test_checksums_are_sha_256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
