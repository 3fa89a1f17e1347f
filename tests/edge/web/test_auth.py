import logging
import stat
from pathlib import Path

import pytest

from edge_detector.core.errors import WebError
from edge_detector.web.auth import Lock, keep_token
from tests.edge.web.client import Client, basic
from tests.edge.web.conftest import Site


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    token = keep_token(tmp_path)
    assert len(token) == 43, "256 bits"
    assert mode(tmp_path / "api-token") == 0o600
    assert keep_token(tmp_path) == token
    assert [path.name for path in tmp_path.iterdir()] == ["api-token"]


def test_two_edges_have_two_tokens(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert keep_token(tmp_path / "a") != keep_token(tmp_path / "b")


def test_token_that_others_could_read_is_closed_aloud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "api-token"
    path.write_text("an-owner-may-choose-a-token-too\n")
    path.chmod(0o644)
    assert keep_token(tmp_path) == "an-owner-may-choose-a-token-too"
    assert mode(path) == 0o600
    assert "could be read by others" in caplog.text
    assert "an-owner" not in caplog.text


def test_leftover_of_a_crash_is_no_token(tmp_path: Path) -> None:
    (tmp_path / ".api-token.tmp").write_text("half")
    assert keep_token(tmp_path) != "half"


@pytest.mark.parametrize(
    "content",
    [
        b"",  # emptied
        b"short",  # can be guessed
        b"twenty characters and a space",  # no header holds it
        b"\xff" * 30,  # no text
    ],
)
def test_what_is_no_token_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "api-token").write_bytes(content)
    with pytest.raises(WebError, match="api-token holds no token: put 20 letters and digits or more there, or remove"):
        keep_token(tmp_path)


def test_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(WebError, match="api-token"):
        keep_token(tmp_path / "absent")


TOKEN = "0123456789abcdefghijk"  # noqa: S105 - of nobody


@pytest.mark.parametrize(
    ("header", "opens"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),  # the scheme's case and blanks count for nothing
        (basic("anybody", TOKEN)["Authorization"], True),
        (basic("", TOKEN)["Authorization"], True),
        (basic(TOKEN, "")["Authorization"], False),  # it is the password, not the user
        (f"Bearer {TOKEN}x", False),
        (f"Bearer {TOKEN[:-1]}", False),
        (f"Bearer {TOKEN.upper()}", False),
        ("Bearer", False),
        ("Bearer ", False),
        (TOKEN, False),
        (f"Token {TOKEN}", False),
        ("Basic %%%", False),  # no base64
        ("Basic", False),
        ("", False),
        ("Bearer \xff\xfe", False),  # no ASCII
    ],
)
def test_lock(header: str, opens: bool) -> None:
    assert Lock(TOKEN).opens(header.encode("latin-1")) is opens


async def test_token_is_told_nowhere(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = site.client.token
    for client in (site.client, Client(port=site.client.port, token=token[:-1] + "!")):
        await client.get(f"/visits?cursor={token}")
        await client.get("/nosuch")
        await client.get("/health", basic("x", client.token))
    answer = await site.client.get("/cameras")
    assert token not in caplog.text
    assert token.encode() not in answer.body + str(answer.headers).encode()
