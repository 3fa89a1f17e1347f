"""Two real S3 servers that are not ours, on loopback: moto's, which enforces IAM, and SeaweedFS, which checks bytes."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from edge_detector.archive.policies import edge_policy
from edge_detector.config.archive import S3Archive
from tests.broker import HOST, free_port

BUCKET = "evidence"
PREFIX = "porch"
#: A server that does not answer after this is broken; both take about 3 s on an idle machine.
READY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An access key."""

    id: str
    secret: str


OWNER = Key(id="owner0000000000000000", secret="the-secret-of-the-owner")  # noqa: S106 - of a server for tests
EDGE = Key(id="edge00000000000000000", secret="the-secret-of-the-edge")  # noqa: S106 - of a server for tests


class S3Server(ABC):
    """A server with one bucket, an owner who may do all, and an edge whose key may only write below the prefix."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started before `with`."""
        self.folder = folder
        self.port = free_port()
        self.edge = EDGE
        self.owner_key = OWNER
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> str:
        """What it told so far."""
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        """Start it, and make the bucket and the edge's key."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, cwd=self.folder)
        try:
            self._wait()
            self._furnish()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def owner(self) -> Any:  # noqa: ANN401 - boto3 has no types
        """A client that may do all."""
        return client("s3", self.url, self.owner_key)

    def config(self, **changes: object) -> S3Archive:
        """The edge's own configuration for it."""
        values: dict[str, object] = {
            "bucket": BUCKET,
            "prefix": PREFIX,
            "endpoint": self.url,
            "access_key_id": self.edge.id,
            "secret_access_key": self.edge.secret,
        }
        return S3Archive.model_validate(values | changes)

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Every object with its content."""
        owner = self.owner()
        pages = owner.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {key: owner.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def head(self, key: str) -> dict[str, Any]:
        """What the server says of an object."""
        found: dict[str, Any] = self.owner().head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        return found

    def uploads(self) -> list[str]:
        """The keys of uploads in parts that were neither ended nor aborted."""
        return [entry["Key"] for entry in self.owner().list_multipart_uploads(Bucket=BUCKET).get("Uploads", ())]

    def clear(self) -> None:
        """Remove all objects and unfinished uploads."""
        owner = self.owner()
        for key in self.objects():
            owner.delete_object(Bucket=BUCKET, Key=key)
        for entry in owner.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
            owner.abort_multipart_upload(Bucket=BUCKET, Key=entry["Key"], UploadId=entry["UploadId"])

    @abstractmethod
    def _command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def _furnish(self) -> None:
        """Make the bucket and what else is needed."""

    def _wait(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + READY_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{type(self).__name__} did not start:\n{self.log[-3000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.owner().list_buckets()
        except Exception:  # noqa: BLE001 - whatever a server says that is only coming up
            return False
        return True

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()  # nothing of it is kept
            self._process.wait()
            self._process = None


class MotoServer(S3Server):
    """Enforces IAM and signatures; verifies no checksum, and confirms none but an ETag that is the MD5."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started before `with`."""
        super().__init__(folder)
        self._users = itertools.count()

    def calls(self) -> list[str]:
        """Every call so far, as `METHOD path?query status`, from its own log."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.log)
        return [
            f"{verb} {path} {status}" for verb, path, status in re.findall(r'"([A-Z]+) (\S+) HTTP/1\.1" (\d+)', text)
        ]

    def enforce(self, *, iam: bool) -> None:
        """From now on, ask for a key with the right to do what it does, or for none."""
        count = b"0" if iam else b"inf"
        address, headers = f"{self.url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        request = urllib.request.Request(address, count, headers)  # noqa: S310 - our own address
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=READY_S).close()

    def user(self, name: str, allowed: Mapping[str, str]) -> Key:
        """A new user's key, with the right to these actions on these resources."""
        statements = [{"Effect": "Allow", "Action": action, "Resource": where} for action, where in allowed.items()]
        return self._user(name, {"Version": "2012-10-17", "Statement": statements})

    def client_with(self, policy: Mapping[str, object]) -> Any:  # noqa: ANN401 - boto3 has no types
        """A client of a new user with this policy."""
        return client("s3", self.url, self._user(f"user-{next(self._users)}", policy))

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(self.port)]

    def _furnish(self) -> None:
        self.owner().create_bucket(Bucket=BUCKET)
        self.owner_key = self.user("owner", {"*": "*"})
        self.edge = self._user("edge", edge_policy(BUCKET, PREFIX))

    def _user(self, name: str, policy: Mapping[str, object]) -> Key:
        iam = client("iam", self.url, self.owner_key)
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Key(id=key["AccessKeyId"], secret=key["SecretAccessKey"])


class SeaweedServer(S3Server):
    """Verifies signatures, SHA-256 and MD5, of parts too; has no KMS, and no block on public access."""

    def __init__(self, folder: Path) -> None:
        """Nothing is started before `with`."""
        super().__init__(folder)
        self._tls_port = free_port()
        self._grpc: dict[str, int] = {}

    @property
    def tls_url(self) -> str:
        """Where it listens with a certificate of its own, in `certificate`; nowhere without openssl."""
        return f"https://{HOST}:{self._tls_port}"

    @property
    def certificate(self) -> Path:
        """What its clients must trust."""
        return self.folder / "tls.pem"

    def _tls(self) -> dict[str, str | int]:
        openssl = shutil.which("openssl")
        if openssl is None:
            return {}
        key = self.folder / "tls.key"
        command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=IP:{HOST}"]
        subprocess.run([*command, "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        return {"s3.port.https": self._tls_port, "s3.cert.file": str(self.certificate), "s3.key.file": str(key)}

    def _command(self) -> list[str]:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps({"identities": [*self._identities()]}))
        master, volume, filer = free_port(), free_port(), free_port()
        self._grpc = {name: free_port() for name in ("master", "volume", "filer", "s3")}
        options = {
            "dir": "data",
            "ip": HOST,
            "ip.bind": HOST,
            "metricsPort": 0,
            "master.port": master,
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 256,
            "volume.port": volume,
            "volume.max": 64,
            "filer": "true",
            "filer.port": filer,
            "s3": "true",
            "s3.port": self.port,
            "s3.config": "s3.json",
            "s3.autoCreateBucket": "false",
            "s3.localSocket": "s3.sock",
            "filer.localSocket": "filer.sock",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            **self._tls(),
            **{f"{name}.port.grpc": port for name, port in self._grpc.items()},
        }
        program = Path(sys.executable).with_name("weed")
        return [str(program), "-logtostderr=true", "server", *(f"-{name}={value}" for name, value in options.items())]

    def _end(self) -> None:
        super()._end()
        for name, port in self._grpc.items():  # it does not remove them itself
            Path(f"/tmp/seaweedfs-{name}-grpc-{port}.sock").unlink(missing_ok=True)

    def _identities(self) -> Iterable[dict[str, object]]:
        for key, actions in ((OWNER, ["Admin"]), (EDGE, [f"Write:{BUCKET}/{PREFIX}/*"])):
            credentials = [{"accessKey": key.id, "secretKey": key.secret}]
            yield {"name": key.id, "credentials": credentials, "actions": actions}

    def _furnish(self) -> None:
        self.owner().create_bucket(Bucket=BUCKET)


def client(service: str, url: str, key: Key, *, verify: str | None = None) -> Any:  # noqa: ANN401 - boto3 has no types
    """A boto3 client with nothing of ours about it; `verify` is a file of certificates to trust."""
    return boto3.client(
        service,
        endpoint_url=url,
        verify=verify,
        region_name="us-east-1",
        aws_access_key_id=key.id,
        aws_secret_access_key=key.secret,
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
