"""The wizard's questions about cameras."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from edge_detector.app.doctor import try_camera
from edge_detector.app.setup import Answers, camera_answers
from edge_detector.app.setup_find import (
    PATHS,
    Login,
    NetworkCamera,
    Streams,
    find,
    likely_path,
    video_streams,
    with_login,
)
from edge_detector.cli import setup_picture
from edge_detector.cli.setup_ask import until_right
from edge_detector.cli.setup_talk import OnceMoreError, Talk
from edge_detector.core.errors import SourceError
from edge_detector.core.types import Frame

#: In these addresses stand user and password.
_WITH_LOGIN = ("rtsp", "rtsps", "http", "https")
_BY_ADDRESS = "Another one, by its address"
_SCENE = "A generated door with people, to try Porchlight without a camera"


def cameras(talk: Talk) -> Answers:
    """All cameras."""
    answers: Answers = {}
    for source in talk.given.sources:
        told = iter([source])
        answers |= _one(talk, answers, lambda told=told: _given(next(told, None)) or _typed(talk))  # type: ignore[misc]
    if answers:
        return answers
    choices = _choices(talk)
    while True:
        answers |= _one(talk, answers, lambda: _chosen(talk, choices))
        if not talk.asker.confirm("Another camera?", default=False):
            return answers


def _given(source: str | None) -> Streams | None:
    return Streams(main=source) if source else None


def _one(talk: Talk, before: Answers, choose: Callable[[], Streams]) -> Answers:
    """One camera that was seen, and its name."""
    taken = {str(where[1]) for where in before}

    def attempt() -> Answers:
        streams = choose()
        default = f"Camera {len(taken) + 1}" if taken else "Front door"
        if not _shows(talk, streams.main, f"camera-{len(taken) + 1}"):
            raise OnceMoreError
        small = streams.small if _spares(talk, streams.small) else None
        name = talk.asker.text("What is this camera called?", default, option="")
        return camera_answers(name, streams.main, taken, small=small)

    return until_right(talk.asker, talk.console, attempt)


def _chosen(talk: Talk, choices: dict[str, Callable[[], Streams]]) -> Streams:
    return talk.asker.choose("Which camera?", choices, next(iter(choices)))()


def _choices(talk: Talk) -> dict[str, Callable[[], Streams]]:
    """What was found and what there is besides; each gives an address or two, and may ask for more."""
    with talk.console.status("Looking for cameras at this machine and in its network …"):
        found = find()
    choices: dict[str, Callable[[], Streams]] = {}
    for here in found.here:
        choices[f"{here.name} ({here.address})"] = lambda address=here.address: Streams(main=address)  # type: ignore[misc]
    for camera in found.network:
        choices[f"{camera.name} (network, {camera.host})"] = lambda camera=camera: _by_onvif(talk, camera)  # type: ignore[misc]
    count = len(choices)
    talk.say(
        "No camera was found." if not count else f"{count} {'camera was' if count == 1 else 'cameras were'} found."
    )
    return {**choices, _BY_ADDRESS: lambda: _typed(talk), _SCENE: lambda: Streams(main="scene://door")}


def _by_onvif(talk: Talk, camera: NetworkCamera) -> Streams:
    """Ask the camera where its video is; where it does not tell, ask for it."""
    login = _login(talk)
    try:
        return video_streams(camera, login)
    except SourceError as error:
        talk.say(f"{error}. So its address is needed.")
    likely = f"rtsp://{camera.host}:554{likely_path(camera.name)}"
    address = talk.asker.text("Where is its video?", likely, option="--source")
    return Streams(main=with_login(address, login) if "@" not in address else address)


def _typed(talk: Talk) -> Streams:
    """An address, and the login that it may need."""
    talk.say(
        "An address is rtsp://host:554 with a path, http://…, a device such as /dev/video0, or a video file. Paths:"
    )
    for brand, path in PATHS.items():
        talk.say(f"  {brand:<10} {path}")
    address = talk.asker.text("Where is its video?", "", option="--source")
    if urlsplit(address).scheme not in _WITH_LOGIN or "@" in address:
        return Streams(main=address)
    return Streams(main=with_login(address, _login(talk)))


def _login(talk: Talk) -> Login | None:
    user = talk.asker.text("Which user of the camera? (often admin; empty: none)", "", option="")
    return Login(user=user, password=talk.asker.secret("That user's password?")) if user else None


def _shows(talk: Talk, source: str, name: str) -> bool:
    """Read the stream and show its picture: is it the right one?"""
    seen: list[Frame] = []

    def keep(frame: Frame) -> None:
        seen[:] = [frame]  # the last one: a camera's first pictures are dark

    if not talk.keeps("camera", lambda: try_camera("camera", source, keep)):
        return False
    if not seen or not talk.asker.patient:
        return True
    setup_picture.show(talk.console, seen[0], talk.pictures, name)
    return talk.asker.confirm("Is that what it should see?", default=True)


def _spares(talk: Talk, small: str | None) -> bool:
    """Shall people be looked for in a smaller stream, and can it be read?"""
    question = "It has a smaller stream too. Look for people in that one, which spares this machine work?"
    if small is None or not talk.asker.confirm(question, default=True):
        return False
    return talk.keeps("smaller stream", lambda: try_camera("smaller stream", small))
