"""What went wrong with a source, as one sentence for its owner, without user, password or token."""

from __future__ import annotations

import errno

import av

from edge_detector.core.errors import SourceError

#: First match wins: what the error means, and how to mend it.
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (av.error.HTTPUnauthorizedError, "refused the user or password; check both in the address"),
    (av.error.HTTPForbiddenError, "refused access; check what this user may see"),
    (av.error.HTTPNotFoundError, "has no such stream; check the path in the address"),
    (av.error.HTTPError, "answered with an HTTP error; check the path in the address and the camera's log"),
    (av.error.FileNotFoundError, "does not exist; check the path"),
    (av.error.IsADirectoryError, "is a folder, not a video"),
    (av.error.PermissionError, "may not be read by this user; check its permissions"),
    (av.error.ConnectionRefusedError, "refused the connection; check that the camera is on and the port is right"),
    (av.error.ConnectionResetError, "closed the connection"),
    (av.error.BrokenPipeError, "closed the connection"),
    (av.error.EOFError, "holds no video"),
    (av.error.ProtocolNotFoundError, "has a scheme that is not known; use rtsp://, http:// or a path"),
    (av.error.DecoderNotFoundError, "has a video codec that cannot be decoded"),
    (av.error.InvalidDataError, "is no video that can be read, or is cut short"),
)
_ERRNOS = {
    errno.EHOSTUNREACH: "cannot be reached; check that the camera is on and in this network",
    errno.ENETUNREACH: "cannot be reached; check this machine's network",
    errno.EBUSY: "is in use by another program",
    errno.ENODEV: "is no longer plugged in",
    errno.EIO: "cannot be read; check the host name, and that the camera is on",
}


def opening_fault(name: str, error: Exception, timeout_s: float) -> SourceError:
    """Why the source `name`, already masked, could not be opened."""
    return SourceError(f"{name} {_reason(error, f'did not answer within {timeout_s:g} s; check that it is on')}")


def reading_fault(name: str, error: Exception, timeout_s: float) -> SourceError:
    """Why the open source `name`, already masked, could be read no further."""
    if isinstance(error, av.error.OSError) and error.errno == errno.EIO:
        return SourceError(f"{name} closed the connection")
    return SourceError(f"{name} {_reason(error, f'sent nothing for {timeout_s:g} s')}")


def _reason(error: Exception, stalled: str) -> str:
    if isinstance(error, (av.error.ExitError, TimeoutError)):
        return stalled
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    code = getattr(error, "errno", None)
    return _ERRNOS.get(code or 0) or f"failed: {getattr(error, 'strerror', None) or error}"
