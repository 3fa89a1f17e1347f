import logging
from collections.abc import Iterator

import pytest

from edge_detector.app.log_tail import LINES_LIMIT, TEXT_LIMIT, LogTail
from edge_detector.config.redact import Redactor

LOG = logging.getLogger("edge_detector.tests")


@pytest.fixture
def tail() -> Iterator[LogTail]:
    found = LogTail(Redactor(also=["hunter2-secret"]))
    found.open()
    yield found
    found.close()


def test_lines_are_kept_without_secrets(tail: LogTail) -> None:
    LOG.warning("Camera %s fails at rtsp://me:pa55word@192.0.2.7/1 with hunter2-secret", "door")
    logging.getLogger("other").warning("not of this program")
    (line,) = tail.lines()
    assert (line.level, line.logger) == ("warning", "edge_detector.tests")
    assert line.text.startswith("Camera door fails at rtsp://")
    assert "pa55word" not in line.text
    assert "hunter2" not in line.text


def test_only_the_last_lines_are_kept_and_none_too_long(tail: LogTail) -> None:
    for n in range(LINES_LIMIT + 5):
        LOG.warning("%d %s", n, "x" * 5000)
    lines = tail.lines()
    assert len(lines) == LINES_LIMIT
    assert lines[0].text.startswith("5 ")
    assert {len(line.text) for line in lines} == {TEXT_LIMIT}


def test_nothing_is_heard_after_the_end() -> None:
    tail = LogTail(Redactor())
    tail.open()
    tail.close()
    LOG.warning("too late")
    assert not tail.lines()
