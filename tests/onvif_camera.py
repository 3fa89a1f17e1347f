"""A camera that speaks ONVIF on loopback: answers probes by UDP, and tells by SOAP where its video is."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"

MATCH = """<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch>
<d:Types>dn:NetworkVideoTransmitter</d:Types>
<d:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/{name}
 onvif://www.onvif.org/hardware/{hardware}</d:Scopes>
<d:XAddrs>{addresses}</d:XAddrs></d:ProbeMatch></d:ProbeMatches></SOAP-ENV:Body></SOAP-ENV:Envelope>"""

ANSWER = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>{}</s:Body></s:Envelope>'
REFUSAL = ANSWER.format('<s:Fault><s:Reason><s:Text xml:lang="en">Sender not Authorized</s:Text></s:Reason></s:Fault>')
#: As a camera of a known maker tells it, shortened.
PROFILE = """<trt:Profiles token="{0}" fixed="true"><tt:Name>x</tt:Name>
<tt:VideoSourceConfiguration token="v"><tt:Bounds x="0" y="0" width="9999" height="9999"/></tt:VideoSourceConfiguration>
<tt:VideoEncoderConfiguration token="e"><tt:Encoding>{3}</tt:Encoding>
<tt:Resolution><tt:Width>{1}</tt:Width><tt:Height>{2}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality>
</tt:VideoEncoderConfiguration></trt:Profiles>"""
DATE = """<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>
<tt:Time><tt:Hour>13</tt:Hour><tt:Minute>5</tt:Minute><tt:Second>9</tt:Second></tt:Time>
<tt:Date><tt:Year>2001</tt:Year><tt:Month>2</tt:Month><tt:Day>3</tt:Day></tt:Date>
</tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"""


@dataclass(kw_only=True)
class OnvifCamera:
    """A context manager; its video is where `video` says."""

    video: str
    #: Where the smaller video is, and the profiles that it tells of, by token with width, height and encoding.
    small_video: str = ""
    profiles: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    #: Who may ask, with their passwords; everybody when there is none.
    users: dict[str, str] = field(default_factory=dict)
    name: str = "Porch_Cam%203"
    hardware: str = "DS-2CD"
    #: What it answers in place of what it should, by the operation's name.
    instead: dict[str, str] = field(default_factory=dict)
    #: What is sent in answer to a probe, in place of a match.
    match: str = ""
    #: The host that it tells of itself, which may be another than that it has.
    told_host: str = HOST
    asked: list[str] = field(default_factory=list)
    profiles_asked: list[str] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Answer."""
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((HOST, 0))
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = camera.answer(body)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", answer)
                self.send_header("Content-Length", str(len(answer.encode())))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer((HOST, 0), Handler)
        self._threads = [threading.Thread(target=each) for each in (self._match_probes, self._serve)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.group)
        self._http.shutdown()
        self._http.server_close()
        for thread in self._threads:
            thread.join()
        self._udp.close()

    def _serve(self) -> None:
        self._http.serve_forever(poll_interval=0.02)

    @property
    def group(self) -> tuple[str, int]:
        """Where it listens for probes."""
        return HOST, self._udp.getsockname()[1]

    @property
    def service(self) -> str:
        """Where it is asked."""
        return f"http://{HOST}:{self._http.server_port}/onvif/device_service"

    def _match_probes(self) -> None:
        while (told := self._udp.recvfrom(65_535))[0]:
            assert b"NetworkVideoTransmitter" in told[0]
            where = f"http://{self.told_host}:{self._http.server_port}/onvif/device_service"
            addresses = f"http://[fe80::1]/onvif {where}"
            match = MATCH.format(name=self.name, hardware=self.hardware, addresses=addresses)
            self._udp.sendto((self.match or match).encode(), told[1])

    def answer(self, body: str) -> tuple[int, str]:
        """Status and answer of one call."""
        operation = re.findall(r"<(Get\w+)", body)[0]
        self.asked.append(operation)
        if operation in self.instead:
            return (302 if self.instead[operation].startswith("http") else 200), self.instead[operation]
        if operation == "GetSystemDateAndTime":
            return 200, ANSWER.format(DATE)
        if self.users and not self._knows(body):
            return 400, REFUSAL
        media = f"http://{self.told_host}:{self._http.server_port}/onvif/media?a=1&amp;b=2"
        answers = {
            "GetCapabilities": f"<Capabilities><tt:Media><tt:XAddr>{media}</tt:XAddr></tt:Media></Capabilities>",
            "GetProfiles": "".join(PROFILE.format(token, *told) for token, told in self.profiles.items())
            or '<trt:Profiles fixed="true" token="main"/><trt:Profiles token="sub"/>',
            "GetStreamUri": f"<trt:MediaUri><tt:Uri>{self._video_of(body)}</tt:Uri></trt:MediaUri>",
        }
        return 200, ANSWER.format(answers[operation])

    def _video_of(self, body: str) -> str:
        asked = re.findall(r"<ProfileToken>([^<]+)<", body)
        self.profiles_asked += asked
        video = self.video if asked == ["main"] or not self.small_video else self.small_video
        return video.replace("&", "&amp;")

    def _knows(self, body: str) -> bool:
        """Is the digest that of the user's password, as the specification makes it?"""
        found = {
            name: re.findall(rf"<{name}[^>]*>([^<]+)<", body) for name in ("Username", "Password", "Nonce", "Created")
        }
        password = self.users.get("".join(found["Username"]))
        if password is None:
            return False
        self.created += found["Created"]
        told = base64.b64decode(found["Nonce"][0]) + (found["Created"][0] + password).encode()
        digest = hashlib.sha1(told, usedforsecurity=False).digest()
        return found["Password"] == [base64.b64encode(digest).decode()]
