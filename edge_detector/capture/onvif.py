"""Finds cameras of the network by ONVIF: who answers a probe, and where its video is.

What they answer is not trusted: it is read as plain text of a bounded size, and a camera can name no host but its own.
"""

from __future__ import annotations

import base64
import hashlib
import html
import http.client
import re
import secrets
import socket
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from edge_detector.core.errors import SourceError

#: Where cameras listen for probes.
GROUP = ("239.255.255.250", 3702)
#: Cameras answer after a chance delay of half a second at most; the probe is sent twice, since UDP may lose it.
LISTEN_S = 2.0
#: An answer over HTTP that takes longer hangs.
ASK_S = 5.0
#: A picture that is less wide shows people at a distance too small.
DETECT_WIDTH = 640
#: The largest answer that is read, and the largest of UDP.
ANSWER_BYTES = 262_144
DATAGRAM_BYTES = 65_535

_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_PROBE = f"""<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="{_SOAP}" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:n="http://www.onvif.org/ver10/network/wsdl">
<e:Header><w:MessageID>uuid:%s</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>
<e:Body><d:Probe><d:Types>n:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""

_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCamera:
    """A camera that answered."""

    #: Make and model as it tells them, else its address.
    name: str
    host: str
    #: Where its ONVIF services are asked.
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user of the camera."""

    user: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The addresses of a camera's video; they may hold a login."""

    #: The one that is worth recording.
    main: str
    #: A smaller one of the same picture, for detection, if it has one.
    small: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """One stream, as a camera offers it."""

    #: As it stood in XML, so escaped already.
    token: str
    width: int
    height: int
    jpeg: bool

    @property
    def pixels(self) -> int:
        return self.width * self.height


def network_cameras(target: tuple[str, int] = GROUP, *, listen_s: float = LISTEN_S) -> list[NetworkCamera]:
    """Who answers a probe within this time; none where there is no network."""
    found: dict[str, NetworkCamera] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
            for _ in range(2):
                probe.sendto((_PROBE % uuid.uuid4()).encode(), target)
        except OSError:
            return []
        deadline = time.monotonic() + listen_s
        while (rest_s := deadline - time.monotonic()) > 0:
            probe.settimeout(rest_s)
            try:
                data, (host, _) = probe.recvfrom(DATAGRAM_BYTES)
            except OSError:
                break  # the time is over
            camera = _camera(data.decode(errors="replace"), host)
            if camera is not None:
                found.setdefault(host, camera)
    return list(found.values())


def _camera(answer: str, host: str) -> NetworkCamera | None:
    """What an answer tells; None when it is none of a camera."""
    addresses = " ".join(_texts(answer, "XAddrs")).split()
    parts = [split for address in addresses if _is_http(split := urlsplit(address)) and "[" not in split.netloc]
    if not parts:
        return None
    own = next((each for each in parts if each.hostname == host), parts[0])
    scopes = " ".join(_texts(answer, "Scopes")).split()
    told = {part: _of_scope(scopes, part) for part in ("name", "hardware")}
    name = " ".join(dict.fromkeys(filter(None, told.values())))
    return NetworkCamera(name=name or host, host=host, service=_at_host(own.geturl(), host))


def _is_http(parts: SplitResult) -> bool:
    return parts.scheme in {"http", "https"}


def _of_scope(scopes: list[str], part: str) -> str:
    start = f"onvif://www.onvif.org/{part}/"
    value = next((unquote(scope.removeprefix(start)) for scope in scopes if scope.startswith(start)), "")
    return "".join(letter for letter in value if letter.isprintable())[:60].replace("_", " ").strip()


def video_streams(camera: NetworkCamera, login: Login | None) -> Streams:
    """The addresses of its largest video and of a smaller one, with the login in them; raises SourceError."""
    offset_s = _clock_offset_s(camera)
    capabilities = f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
    answer = _ask(camera.service, capabilities, login, offset_s)
    media = re.search(r"<(?:\w+:)?Media\b.*?<(?:\w+:)?XAddr\b[^>]*>\s*([^<\s]+)", answer, re.DOTALL)
    service = _at_host(html.unescape(media[1]), camera.host) if media else camera.service
    profiles = _profiles(_ask(service, f'<GetProfiles xmlns="{_MEDIA}"/>', login, offset_s))
    if not profiles:
        raise SourceError(f"{camera.name} tells of no video")
    main = max(profiles, key=lambda profile: (not profile.jpeg, profile.pixels))  # the first of those that are alike
    address = _address(camera, _stream_uri(service, main, login, offset_s), login)
    small = _smaller(profiles, main)
    if small is None:
        return Streams(main=address)
    try:
        other = _address(camera, _stream_uri(service, small, login, offset_s), login)
    except SourceError:
        return Streams(main=address)  # it can be done without
    return Streams(main=address, small=other if other != address else None)


def _profiles(answer: str) -> list[_Profile]:
    """The streams that an answer tells of; one without a size may have no video at all."""
    found = []
    for told in re.split(r"<(?:\w+:)?Profiles\b", answer)[1:]:
        token = re.match(r'[^>]*\btoken="([^"]{1,100})"', told)
        encoder = re.split(r"<(?:\w+:)?VideoEncoderConfiguration\b", told)[-1]
        size = re.search(r"Width>\s*(\d{1,5})\s*<.*?Height>\s*(\d{1,5})\s*<", encoder, re.DOTALL)
        if token:
            width, height = (int(size[1]), int(size[2])) if size else (0, 0)
            jpeg = "JPEG" in _texts(encoder, "Encoding")
            found.append(_Profile(token=token[1], width=width, height=height, jpeg=jpeg))
    return found


def _smaller(profiles: list[_Profile], main: _Profile) -> _Profile | None:
    """The smallest that shows enough, else the largest of those that do not; as wide as the large one, or about."""
    smaller = [each for each in profiles if 0 < each.pixels < main.pixels and not each.jpeg]
    enough = [each for each in smaller if each.width >= DETECT_WIDTH]
    return (
        min(enough, key=lambda each: each.pixels)
        if enough
        else max(smaller, key=lambda each: each.pixels, default=None)
    )


def _stream_uri(service: str, profile: _Profile, login: Login | None, offset_s: float) -> str:
    """What the camera answers when it is asked for the address of a stream."""
    wanted = (
        f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast</Stream>'
        f'<Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
        f"<ProfileToken>{profile.token}</ProfileToken></GetStreamUri>"
    )
    return _ask(service, wanted, login, offset_s)


def _address(camera: NetworkCamera, answer: str, login: Login | None) -> str:
    uris = _texts(answer, "Uri")
    if not uris or urlsplit(uris[0]).scheme not in {"rtsp", "rtsps"}:
        raise SourceError(f"{camera.name} tells no address of its video")
    return with_login(_at_host(uris[0], camera.host), login)


def with_login(address: str, login: Login | None) -> str:
    """The address with user and password before its host, percent-encoded, in place of any that are there."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    user = f"{quote(login.user, safe='')}:{quote(login.password, safe='')}@" if login else ""
    return urlunsplit(parts._replace(netloc=user + host))


def _at_host(address: str, host: str) -> str:
    """The address with the host that really answered: behind a router cameras tell others, and none is sent away."""
    parts = urlsplit(address)
    port = re.search(r":(\d+)$", parts.netloc)
    return urlunsplit(parts._replace(netloc=host + (port[0] if port else "")))


def _clock_offset_s(camera: NetworkCamera) -> float:
    """How far the camera's clock is ahead: a login holds the time, and many cameras do not know it."""
    answer = _ask(camera.service, f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>', None, 0.0)
    utc = re.search(r"<(?:\w+:)?UTCDateTime\b(.*?)</(?:\w+:)?UTCDateTime", answer, re.DOTALL)
    numbers = [_texts(utc[1], part) for part in ("Year", "Month", "Day", "Hour", "Minute", "Second")] if utc else [[]]
    try:
        there = datetime(*(int(found[0]) for found in numbers), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except (IndexError, ValueError):
        return 0.0
    return there.timestamp() - time.time()


def _ask(service: str, body: str, login: Login | None, offset_s: float) -> str:
    """The answer of a service; raises SourceError."""
    if not _is_http(urlsplit(service)):
        raise SourceError("the camera tells no address of its services")
    header = f"<s:Header>{_signed(login, offset_s)}</s:Header>" if login else ""
    envelope = f'<s:Envelope xmlns:s="{_SOAP}">{header}<s:Body>{body}</s:Body></s:Envelope>'
    request = urllib.request.Request(  # noqa: S310 - an HTTP address
        service, envelope.encode(), {"Content-Type": "application/soap+xml; charset=utf-8"}
    )
    try:
        with _OPENER.open(request, timeout=ASK_S) as answer:
            data: bytes = answer.read(ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            said = _texts(error.read(ANSWER_BYTES).decode(errors="replace"), "Text")
        reason = said[0] if said else f"status {error.code}"
        raise SourceError(f"the camera at {urlsplit(service).hostname} refuses: {reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise SourceError(f"the camera at {urlsplit(service).hostname} does not answer by ONVIF") from error
    return data.decode(errors="replace")


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """A camera sends nobody anywhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


#: Neither a redirect nor a proxy comes between us and the camera.
_OPENER = urllib.request.build_opener(_Nowhere, urllib.request.ProxyHandler({}))


def _signed(login: Login, offset_s: float) -> str:
    """A login by a digest that holds for a moment, as ONVIF has it."""
    nonce = secrets.token_bytes(16)
    created = datetime.fromtimestamp(time.time() + offset_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha1(nonce + created.encode() + login.password.encode(), usedforsecurity=False).digest()
    return (
        f'<Security xmlns="{_SECURITY}wssecurity-secext-1.0.xsd"><UsernameToken>'
        f"<Username>{html.escape(login.user)}</Username>"
        f'<Password Type="{_SECURITY}username-token-profile-1.0#PasswordDigest">'
        f"{base64.b64encode(digest).decode()}</Password><Nonce>{base64.b64encode(nonce).decode()}</Nonce>"
        f'<Created xmlns="{_SECURITY}wssecurity-utility-1.0.xsd">{created}</Created></UsernameToken></Security>'
    )


def _texts(xml: str, name: str) -> list[str]:
    """The texts of all elements of this name, whatever their namespace is called."""
    return [html.unescape(text).strip() for text in re.findall(rf"<(?:\w+:)?{name}\b[^>]*>([^<]*)<", xml)]
