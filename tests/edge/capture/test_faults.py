"""What the owner is told."""

import errno

import av
import pytest

from edge_detector.capture.faults import opening_fault, reading_fault


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.ExitError(0, "exit"), "did not answer within 9 s"),
        (TimeoutError("slow"), "did not answer within 9 s"),
        (av.error.TimeoutError(errno.ETIMEDOUT, "slow"), "did not answer within 9 s"),
        (av.error.HTTPForbiddenError(0, "403"), "refused access"),
        (av.error.HTTPServerError(0, "500"), "answered with an HTTP error"),
        (av.error.PermissionError(errno.EACCES, "no"), "may not be read by this user"),
        (av.error.OSError(errno.EHOSTUNREACH, "no route"), "cannot be reached; check that the camera is on"),
        (av.error.OSError(errno.EIO, "i/o"), "cannot be read; check the host name"),
        (av.error.OSError(errno.EBUSY, "busy"), "is in use by another program"),
        (av.error.UnknownError(0, "odd thing"), "failed: odd thing"),
        (OSError("plain"), "failed: plain"),
    ],
)
def test_why_it_cannot_be_opened(error: Exception, reason: str) -> None:
    assert str(opening_fault("cam", error, 9.0)).startswith(f"cam {reason}")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (av.error.ExitError(0, "exit"), "sent nothing for 9 s"),
        (av.error.OSError(errno.EIO, "i/o"), "closed the connection"),
        (av.error.ConnectionResetError(errno.ECONNRESET, "reset"), "closed the connection"),
        (av.error.OSError(errno.ENODEV, "gone"), "is no longer plugged in"),
        (av.error.InvalidDataError(0, "bad"), "is no video that can be read"),
    ],
)
def test_why_it_cannot_be_read_on(error: Exception, reason: str) -> None:
    assert str(reading_fault("cam", error, 9.0)).startswith(f"cam {reason}")
