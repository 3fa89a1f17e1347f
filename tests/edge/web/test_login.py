import asyncio

import pytest

from edge_detector.web.auth import SESSION_S, Lock
from tests.edge.web.client import Answer, Client
from tests.edge.web.conftest import NOW_UTC, Site

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept": "text/html,*/*"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def enter(site: Site, body: bytes) -> Answer:
    client = Client(port=site.client.port)
    return await asyncio.to_thread(client.ask, "//login", FORM, method="POST", body=body)


async def login(site: Site, token: str) -> Answer:
    return await enter(site, f"token={token}".encode())


async def browser(site: Site) -> tuple[Client, dict[str, str]]:
    """A browser that has logged in, and what it sends from the edge's own page."""
    answer = await login(site, site.client.token)
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return Client(port=site.client.port), {"Cookie": cookie, "Origin": f"http://127.0.0.1:{site.client.port}"}


async def test_browser_is_shown_a_form_and_no_window_of_its_own(site: Site) -> None:
    answer = await Client(port=site.client.port).get("//", BROWSER)
    assert answer.status == 401
    assert answer.headers.get_all("WWW-Authenticate") == ['Bearer realm="porchlight"']
    assert b'<form method="post"' in answer.body
    assert "script" not in answer.body.decode()


async def test_token_is_exchanged_for_a_cookie_that_scripts_cannot_read(site: Site) -> None:
    answer = await login(site, site.client.token)
    assert (answer.status, answer.headers["Location"]) == (303, ".")
    pair, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert set(attributes) == {"HttpOnly", "SameSite=Strict", "Path=/", f"Max-Age={SESSION_S}"}
    assert site.client.token not in pair
    assert (await Client(port=site.client.port).get("/cameras", {"Cookie": f"other=1; {pair}"})).status == 200


async def test_wrong_token_gets_the_form_again_and_no_cookie(site: Site) -> None:
    answer = await login(site, "0123456789abcdefghijk")
    assert (answer.status, answer.headers["Set-Cookie"]) == (401, None)
    assert b"That is not the token" in answer.body


async def test_who_guesses_in_the_form_has_to_wait(site: Site) -> None:
    assert [(await login(site, f"guess-{n}")).status for n in range(11)] == [401] * 10 + [429]
    assert (await login(site, site.client.token)).status == 429


@pytest.mark.parametrize("body", [b"", b"token=", b"token=a&token=b", b"\xff\xfe", b"&" * 100])
async def test_odd_forms_are_refused(site: Site, body: bytes) -> None:
    assert (await enter(site, body)).status == 401


async def test_session_may_change_things_from_the_own_page_alone(site: Site) -> None:
    client, headers = await browser(site)
    change = {"armed": False}
    assert (await client.send("PATCH", "/settings/door", change, headers)).status == 200
    for origin in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": ""}):
        answer = await client.send("PATCH", "/settings/door", {"armed": True}, headers | origin)
        assert (answer.status, answer.code) == (403, "origin"), origin
    silent = {"Cookie": headers["Cookie"]}
    assert (await client.send("PATCH", "/settings/door", change, silent)).status == 403
    assert (await client.get("/settings", silent)).json[0]["settings"]["armed"] is False


async def test_logging_out_removes_the_cookie(site: Site) -> None:
    client, headers = await browser(site)
    answer = await client.get("//logout", headers, method="POST")
    assert answer.status == 303
    assert "Max-Age=0" in answer.headers["Set-Cookie"]


def test_session_ends_and_holds_for_one_token_alone() -> None:
    lock = Lock("a" * 20)
    pair = f"{lock.cookie}={lock.session(NOW_UTC)}"
    assert lock.admits(pair, NOW_UTC + SESSION_S - 1)
    assert not lock.admits(pair, NOW_UTC + SESSION_S)
    other = Lock("b" * 20)
    assert not other.admits(pair, NOW_UTC)
    assert not other.admits(f"{other.cookie}={lock.session(NOW_UTC)}", NOW_UTC)
    end, _, signature = lock.session(NOW_UTC).partition(".")
    for value in (f"{int(end) + 1}.{signature}", end, f".{signature}", f"{end}.", "9" * 40, f"{end}.é"):
        assert not lock.admits(f"{lock.cookie}={value}", NOW_UTC), value
