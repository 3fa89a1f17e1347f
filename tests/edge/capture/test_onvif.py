"""ONVIF against a camera on loopback."""

from dataclasses import replace

import pytest

from edge_detector.capture.onvif import Login, NetworkCamera, Streams, network_cameras, video_streams, with_login
from edge_detector.core.errors import SourceError
from tests.onvif_camera import ANSWER, HOST, OnvifCamera

LISTEN_S = 0.5


def known(camera: OnvifCamera) -> NetworkCamera:
    """As it would be found."""
    return NetworkCamera(name="Porch Cam", host=HOST, service=camera.service)


def login(user: str, secret: str) -> Login:
    return Login(user=user, password=secret)


LOGIN = login("admin", "p@ss/wörd<&>")


def found(camera: OnvifCamera) -> list[NetworkCamera]:
    return network_cameras(camera.group, listen_s=LISTEN_S)


def test_a_camera_answers_and_tells_where_its_video_is() -> None:
    video = "rtsp://192.168.1.10:554/Streaming/Channels/101?a=1&b=2"
    with OnvifCamera(video=video, users={LOGIN.user: LOGIN.password}, told_host="192.168.1.10") as camera:
        (one,) = found(camera)
        address = video_streams(one, LOGIN).main
    assert one == NetworkCamera(name="Porch Cam 3 DS-2CD", host=HOST, service=camera.service)
    # The host is the one that answered: a password goes nowhere else.
    assert address == "rtsp://admin:p%40ss%2Fw%C3%B6rd%3C%26%3E@127.0.0.1:554/Streaming/Channels/101?a=1&b=2"
    assert camera.asked == ["GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetStreamUri"]
    # The time of a camera that does not know it.
    assert all(created.startswith("2001-02-03T13:05:") for created in camera.created)


def test_a_camera_that_wants_no_login() -> None:
    with OnvifCamera(video="rtsp://127.0.0.1/live") as camera:
        assert video_streams(known(camera), None) == Streams(main="rtsp://127.0.0.1/live")


def test_a_wrong_password_is_told_in_the_cameras_own_words() -> None:
    with (
        OnvifCamera(video="rtsp://127.0.0.1/live", users={"admin": "right"}) as camera,
        pytest.raises(SourceError, match=r"^the camera at 127\.0\.0\.1 refuses: Sender not Authorized$"),
    ):
        video_streams(known(camera), login("admin", "wrong"))


@pytest.mark.parametrize(
    ("instead", "sentence"),
    [
        # a camera without media
        ({"GetProfiles": ANSWER.format("")}, "tells of no video"),
        # or with one that has no address
        ({"GetStreamUri": ANSWER.format("")}, "tells no address of its video"),
        # or another kind of address, which would be opened as a file
        ({"GetStreamUri": ANSWER.format("<Uri>file:///etc/passwd</Uri>")}, "tells no address of its video"),
        # one that would have us read a file of our own
        ({"GetCapabilities": ANSWER.format("<Media><XAddr>file:///etc/passwd</XAddr></Media>")}, "of its services"),
        # one that sends us to another host
        ({"GetCapabilities": "http://192.0.2.9/elsewhere"}, "refuses: status 302"),
    ],
)
def test_a_camera_that_does_not_tell(instead: dict[str, str], sentence: str) -> None:
    with OnvifCamera(video="rtsp://127.0.0.1/live", instead=instead) as camera:
        one = known(camera)
        with pytest.raises(SourceError, match=sentence):
            video_streams(one, None)


MAIN, SMALL = (2560, 1440, "H264"), (640, 360, "H264")


@pytest.mark.parametrize(
    ("profiles", "asked"),
    [
        # the larger one is recorded, whichever is told first
        ({"main": MAIN, "sub": SMALL}, ["main", "sub"]),
        ({"sub": SMALL, "main": MAIN}, ["main", "sub"]),
        # the smallest that shows enough
        ({"main": MAIN, "middle": (1280, 720, "H264"), "sub": SMALL, "tiny": (320, 180, "H264")}, ["main", "sub"]),
        # or the largest of those that do not
        ({"main": MAIN, "tiny": (320, 180, "H264"), "tinier": (160, 90, "H264")}, ["main", "tiny"]),
        # single pictures are nothing to record, nor to look at
        ({"jpeg": (3840, 2160, "JPEG"), "main": MAIN, "small": (640, 360, "JPEG")}, ["main"]),
        ({"main": (640, 360, "JPEG")}, ["main"]),
        # one like the other
        ({"main": MAIN, "again": MAIN}, ["main"]),
        # sound alone
        ({"sound": (0, 0, ""), "main": MAIN}, ["main"]),
    ],
)
def test_the_larger_is_for_clips_and_the_smaller_for_detection(
    profiles: dict[str, tuple[int, int, str]], asked: list[str]
) -> None:
    video, small = "rtsp://127.0.0.1/1", "rtsp://127.0.0.1/2"
    with OnvifCamera(video=video, small_video=small, profiles=profiles) as camera:
        streams = video_streams(known(camera), None)
    assert camera.profiles_asked == asked
    assert streams == Streams(main=video, small=small if len(asked) > 1 else None)


@pytest.mark.parametrize("small", ["file:///etc/passwd", "rtsp://127.0.0.1/1"])
def test_a_smaller_one_without_an_address_of_its_own_is_none(small: str) -> None:
    video = "rtsp://127.0.0.1/1"
    with OnvifCamera(video=video, small_video=small, profiles={"main": MAIN, "sub": SMALL}) as camera:
        assert video_streams(known(camera), None) == Streams(main=video)


@pytest.mark.parametrize("date", ["", "<UTCDateTime><Year>never</Year></UTCDateTime>"])
def test_a_camera_without_a_clock_and_without_media_of_its_own(date: str) -> None:
    instead = {"GetSystemDateAndTime": ANSWER.format(date), "GetCapabilities": ANSWER.format("")}
    with OnvifCamera(video="rtsp://127.0.0.1/live", users={"a": "b"}, instead=instead) as camera:
        assert video_streams(known(camera), login("a", "b")).main == "rtsp://a:b@127.0.0.1/live"


@pytest.mark.parametrize("match", ["no XML at all", "<d:XAddrs>ftp://127.0.0.1/x</d:XAddrs>"])
def test_an_answer_of_no_camera(match: str) -> None:
    with OnvifCamera(video="", match=match) as camera:
        assert found(camera) == []


def test_a_name_holds_nothing_that_moves_the_cursor() -> None:
    with OnvifCamera(video="", name="%1B%5B2Jevil", hardware="x" * 500) as camera:
        assert found(camera)[0].name == f"[2Jevil {'x' * 60}"
    with OnvifCamera(video="", name="%0A", hardware="") as camera:
        assert found(camera)[0].name == HOST


def test_nobody_answers() -> None:
    with OnvifCamera(video="") as camera:
        (one,) = found(camera)
        nobody = camera.group
    assert network_cameras(nobody, listen_s=0.2) == []
    assert network_cameras(("host.invalid", 3702), listen_s=0.2) == []
    with pytest.raises(SourceError, match="does not answer by ONVIF"):
        video_streams(replace(one, service="http://127.0.0.1:1/onvif"), None)


@pytest.mark.parametrize(
    ("address", "login", "whole"),
    [
        ("rtsp://cam/1", None, "rtsp://cam/1"),
        ("rtsp://cam:554/1", login("a b", ""), "rtsp://a%20b:@cam:554/1"),
        ("rtsp://old:one@cam/1", login("u", "p"), "rtsp://u:p@cam/1"),
    ],
)
def test_with_login(address: str, login: Login | None, whole: str) -> None:
    assert with_login(address, login) == whole
