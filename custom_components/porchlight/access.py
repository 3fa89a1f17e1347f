"""How clips are read, and a test of it before it is accepted.

`entry.data["clips"]` is one of::

    {"type": "none"}
    {"type": "edge", "url": "http://192.0.2.7:8480", "token": "…"}
    {"type": "s3", "endpoint": "https://s3.eu-central-1.amazonaws.com", "region": "eu-central-1", "bucket": "evidence",
     "prefix": "home", "access_key_id": "…", "secret_access_key": "…"}

All keys are always there. `endpoint` and `url` have a scheme and no trailing slash; `prefix` has no slash at either end
and may be empty. The bucket stands in the path of the request.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientConnectorCertificateError, ClientError, ClientResponse, ClientSSLError, ClientTimeout
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
from yarl import URL

from .sigv4 import Key, object_url, signed_headers

CONF_CLIPS: Final = "clips"
CONF_TYPE: Final = "type"
CONF_URL: Final = "url"
CONF_TOKEN: Final = "token"  # noqa: S105 - the name of a field
CONF_ENDPOINT: Final = "endpoint"
CONF_REGION: Final = "region"
CONF_BUCKET: Final = "bucket"
CONF_PREFIX: Final = "prefix"
CONF_ACCESS_KEY_ID: Final = "access_key_id"
CONF_SECRET_ACCESS_KEY: Final = "secret_access_key"  # noqa: S105 - the name of a field

TYPE_NONE: Final = "none"
TYPE_EDGE: Final = "edge"
TYPE_S3: Final = "s3"

NO_CLIPS: Final[Mapping[str, str]] = {CONF_TYPE: TYPE_NONE}

#: Somebody waits in front of a form.
TIMEOUT: Final = ClientTimeout(total=10)
#: An error of S3 is a few hundred bytes of XML.
MAX_ANSWER_BYTES: Final = 65_536

#: What is asked for where the bucket holds nothing yet: who may read is told that it is not there.
ABSENT: Final = ".porchlight-access-test"

#: Error codes of S3 and the reasons that they are told as; the same codes come from MinIO, Garage, R2 and B2.
S3_CODES: Final[Mapping[str, str]] = {
    "InvalidAccessKeyId": "invalid_access_key",
    "SignatureDoesNotMatch": "invalid_secret",
    "NoSuchBucket": "no_bucket",
    "AuthorizationHeaderMalformed": "wrong_region",
    "PermanentRedirect": "wrong_region",
    "IllegalLocationConstraintException": "wrong_region",
    "RequestTimeTooSkewed": "clock_skew",
}


class ClipAccessError(Exception):
    """Clips cannot be read; `reason` is a key of `config.error` in the translations, `detail` what was answered."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


async def async_check(hass: HomeAssistant, config: Mapping[str, Any]) -> None:
    """Read something the way that `config` says; raises ClipAccessError with the exact reason."""
    await _CHECKS[config[CONF_TYPE]](hass, config)


async def _check_none(hass: HomeAssistant, config: Mapping[str, Any]) -> None:
    """Nothing is read, so nothing can fail."""


async def _check_edge(hass: HomeAssistant, config: Mapping[str, Any]) -> None:
    url, headers = f"{config[CONF_URL]}/api/v1/health", {"Authorization": f"Bearer {config[CONF_TOKEN]}"}
    status, body, _ = await _get(hass, url, headers)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise ClipAccessError("invalid_token")
    if status != HTTPStatus.OK or not body.lstrip().startswith("{"):
        raise ClipAccessError("no_edge", f"HTTP {status}")


async def _check_s3(hass: HomeAssistant, config: Mapping[str, Any]) -> None:
    prefix = f"{config[CONF_PREFIX]}/" if config[CONF_PREFIX] else ""
    status, body = await _ask_s3(hass, config, query={"list-type": "2", "max-keys": "1", "prefix": prefix})
    if status != HTTPStatus.OK:
        raise _s3_error(status, body, denied="list_denied")
    if "<ListBucketResult" not in body:
        raise ClipAccessError("no_s3", f"HTTP {status}")
    found = re.search(r"<Key>([^<]+)</Key>", body)
    key = _unescaped(found[1]) if found else prefix + ABSENT
    status, body = await _ask_s3(hass, config, key=key)
    if status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.NOT_FOUND):
        raise _s3_error(status, body, denied="get_denied")


async def _ask_s3(
    hass: HomeAssistant, config: Mapping[str, Any], *, key: str = "", query: dict[str, str] | None = None
) -> tuple[int, str]:
    url = object_url(config[CONF_ENDPOINT], config[CONF_BUCKET], key, query)
    signer = Key(
        access_key_id=config[CONF_ACCESS_KEY_ID],
        secret_access_key=config[CONF_SECRET_ACCESS_KEY],
        region=config[CONF_REGION],
    )
    one_byte = {"range": "bytes=0-0"} if key else {}
    status, body, location = await _get(
        hass, url, signed_headers(signer, "GET", url, now=dt_util.utcnow(), headers=one_byte)
    )
    if location:
        raise ClipAccessError("wrong_region", _code(body) or f"HTTP {status}")
    return status, body


async def _get(hass: HomeAssistant, url: URL | str, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """Status, text and where else to go."""
    try:
        async with async_get_clientsession(hass).get(
            url, headers=headers, timeout=TIMEOUT, allow_redirects=False
        ) as response:
            return response.status, await _text(response), response.headers.get("Location", "")
    except (ClientConnectorCertificateError, ClientSSLError) as error:
        raise ClipAccessError("bad_certificate", str(error)) from error
    except (ClientError, ValueError) as error:
        raise ClipAccessError("cannot_connect", str(error)) from error
    except TimeoutError as error:
        raise ClipAccessError("cannot_connect", f"no answer within {TIMEOUT.total:.0f} s") from error


async def _text(response: ClientResponse) -> str:
    return (await response.content.read(MAX_ANSWER_BYTES)).decode(errors="replace")


def _s3_error(status: int, body: str, *, denied: str) -> ClipAccessError:
    code = _code(body)
    if (reason := S3_CODES.get(code)) is not None:
        return ClipAccessError(reason, code)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ClipAccessError(denied, code or f"HTTP {status}")
    return ClipAccessError("no_s3", code or f"HTTP {status}")


def _code(body: str) -> str:
    """The error code in an answer of S3, empty when it has none."""
    found = re.search(r"<Code>([A-Za-z0-9]{1,64})</Code>", body)
    return found[1] if found else ""


def _unescaped(text: str) -> str:
    for name, value in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        text = text.replace(name, value)
    return text


_CHECKS: Final[Mapping[str, Callable[[HomeAssistant, Mapping[str, Any]], Awaitable[None]]]] = {
    TYPE_NONE: _check_none,
    TYPE_EDGE: _check_edge,
    TYPE_S3: _check_s3,
}
