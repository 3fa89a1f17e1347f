"""Signature version 4 of the S3 protocol in headers: pure, so that no library is needed to read a bucket."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from yarl import URL

ALGORITHM: Final = "AWS4-HMAC-SHA256"
#: What a request without a body is signed for.
EMPTY_SHA256: Final = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that may read a bucket."""

    access_key_id: str
    #: Never shown in a log or a traceback.
    secret_access_key: str = ""
    region: str = "us-east-1"

    def __repr__(self) -> str:
        return f"Key(access_key_id={self.access_key_id!r})"


def object_url(endpoint: str, bucket: str, key: str = "", query: dict[str, str] | None = None) -> URL:
    """The address of an object, with the bucket in the path, as every S3 endpoint takes it; encoded as it is signed."""
    text = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted((query or {}).items()))
    path = f"/{_encoded(bucket)}/{quote(key, safe='/-_.~')}"
    return URL(f"{endpoint.rstrip('/')}{path}{'?' if text else ''}{text}", encoded=True)


def signed_headers(
    key: Key, method: str, url: URL, *, now: datetime, headers: dict[str, str] | None = None
) -> dict[str, str]:
    """The headers of a request without a body, signed; `now` is UTC, `url` is from `object_url`."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {
        "host": url.host_port_subcomponent or "",
        "x-amz-content-sha256": EMPTY_SHA256,
        "x-amz-date": stamp,
        **{name.lower(): value.strip() for name, value in (headers or {}).items()},
    }
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    canonical = f"{method}\n{url.raw_path}\n{url.raw_query_string}\n{lines}\n{names}\n{EMPTY_SHA256}"
    scope = f"{stamp[:8]}/{key.region}/s3/aws4_request"
    to_sign = "\n".join((ALGORITHM, stamp, scope, sha256(canonical.encode()).hexdigest()))
    signature = hmac.new(_signing_key(key, stamp[:8]), to_sign.encode(), sha256).hexdigest()
    credential = f"{key.access_key_id}/{scope}"
    return {
        **signed,
        "authorization": f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}",
    }


def _signing_key(key: Key, day: str) -> bytes:
    secret = f"AWS4{key.secret_access_key}".encode()
    for part in (day, key.region, "s3", "aws4_request"):
        secret = hmac.new(secret, part.encode(), sha256).digest()
    return secret


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
