"""A real RTSP camera for tests: GStreamer's RTSP server, run by Debian's own Python beside the tests.

`RtspServer` starts this very file with /usr/bin/python3, which alone has the GObject bindings.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

PYTHON = "/usr/bin/python3"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0


def missing() -> str | None:
    """Why no RTSP server can be had here, or None when all is installed."""
    if shutil.which(PYTHON) is None:
        return f"{PYTHON} is missing"
    probe = subprocess.run([PYTHON, __file__, "--probe"], capture_output=True, text=True, check=False)
    return (
        None if probe.returncode == 0 else "apt-get install gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{good,bad}"
    )


def free_port() -> int:
    """A TCP port on the loopback address that nobody uses at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class RtspServer:
    """Serves the video of one MP4 file, paced as a camera would; it ends where the file ends."""

    def __init__(self, video: Path, *, codec: str = "h264", port: int | None = None, auth: str | None = None) -> None:
        """Serve `video`, whose `codec` is `h264` or `h265`; `auth` is `user:password`. Nothing runs before `start`."""
        self.port = free_port() if port is None else port
        self._video = video
        self._codec = codec
        self._auth = auth
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The address without user and password."""
        return f"rtsp://127.0.0.1:{self.port}/cam"

    def start(self) -> None:
        """Return when clients can connect; on the same port as before after a stop."""
        command = [PYTHON, __file__, "--port", str(self.port), "--codec", self._codec, str(self._video.resolve())]
        if self._auth is not None:
            command += ["--auth", self._auth]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the RTSP server did not start"

    def stop(self) -> None:
        """Cut every connection and free the port."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait(STOP_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()


def _pipeline(video: Path, codec: str) -> str:
    """The GStreamer launch line: the file's own packets, paced by its timestamps, from the start for each client."""
    return f"( filesrc location={video} ! qtdemux ! {codec}parse ! rtp{codec}pay name=pay0 pt=96 config-interval=-1 )"


def _serve(video: Path, codec: str, port: int, auth: str | None) -> None:
    import gi  # noqa: PLC0415 - only the other Python has it

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer  # noqa: PLC0415

    Gst.init(None)
    server: Any = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(port))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(_pipeline(video, codec))
    if auth is not None:
        server.set_auth(_authority(GstRtspServer, auth))
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory("/cam", factory)
    if server.attach(None) == 0:
        sys.exit(f"port {port} is taken")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    GLib.MainLoop().run()


def _authority(rtsp: Any, credentials: str) -> Any:  # noqa: ANN401 - made by GObject introspection
    user, password = credentials.split(":")
    token = rtsp.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = rtsp.RTSPAuth()
    auth.add_basic(rtsp.RTSPAuth.make_basic(user, password), token)
    return auth


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--port", type=int, default=8554)
    parser.add_argument("--codec", default="h264")
    parser.add_argument("--auth")
    parser.add_argument("--probe", action="store_true", help="only say whether the bindings are there")
    args = parser.parse_args()
    if args.probe:
        import gi  # noqa: PLC0415 - only the other Python has it

        gi.require_version("GstRtspServer", "1.0")
    else:
        _serve(args.video, args.codec, args.port, args.auth)


if __name__ == "__main__":
    _main()
