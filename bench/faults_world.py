"""What the fault run's program lives in: a disk that fills up, a key that expires, a line that breaks."""

from __future__ import annotations

import contextlib
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tests.fault_proxy import Fault, FaultProxy, Kind, Mix, Request
from tests.s3_server import BUCKET, EDGE, PREFIX, Key, MotoServer, SeaweedServer

#: The disk is small, so that it is full within a moment, and holds any backlog of such short clips.
DISK_BYTES = 192 << 20
_CHUNK_BYTES = 1 << 20
#: Chances at every request; together nearly one in five is spoiled.
RATES: Mapping[Kind, float] = {
    Kind.RESET: 0.03,
    Kind.RESET_ANSWER: 0.02,
    Kind.CLOSE: 0.01,
    Kind.HANG: 0.012,
    Kind.FLIP: 0.03,
    Kind.INTERNAL_ERROR: 0.03,
    Kind.SLOW_DOWN: 0.02,
    Kind.UNAVAILABLE: 0.01,
    Kind.BAD_DIGEST: 0.01,
    Kind.SKEWED: 0.004,
    Kind.CAPTIVE: 0.008,
}
MOST_RETRY_AFTER_S = 0.5
#: Between two kinds of weather, and how long each lasts, in seconds.
_CALM_S, _REFUSED_S, _EXPIRED_S, _FULL_S = (0.5, 2.0), (0.5, 0.9), (0.3, 0.8), (0.5, 1.2)


class ManyKeysServer(SeaweedServer):
    """Knows more keys of the edge, each good for a while in the eyes of the line before it."""

    keys = (EDGE, *(Key(id=f"edge{n:017}", secret=f"the-secret-of-edge-{n}") for n in range(1, 8)))

    def _identities(self) -> Iterable[dict[str, object]]:
        yield from super()._identities()
        for key in self.keys[1:]:
            credentials = [{"accessKey": key.id, "secretKey": key.secret}]
            yield {"name": key.id, "credentials": credentials, "actions": [f"Write:{BUCKET}/{PREFIX}/*"]}


class ManyKeysMoto(MotoServer):
    """The same; it takes any key."""

    keys = ManyKeysServer.keys


SERVERS: Mapping[str, type[ManyKeysServer | ManyKeysMoto]] = {"seaweedfs": ManyKeysServer, "moto": ManyKeysMoto}


class KeyRing:
    """The file from which boto3 has its key; a key expires, and later the next one stands there."""

    def __init__(self, path: Path, keys: tuple[Key, ...]) -> None:
        """The first key is good."""
        self._path, self._keys = path, keys
        self._index = 0
        self._expired: str | None = None
        self._write()

    def expire(self) -> None:
        """From now on the key is refused."""
        self._expired = self._keys[self._index].id

    def renew(self) -> None:
        """Somebody puts the next key in its place."""
        self._index = (self._index + 1) % len(self._keys)
        self._write()

    def refuses(self, request: Request) -> bool:
        """Is this request signed with an expired key?"""
        return self._expired is not None and f"Credential={self._expired}/" in request.headers.get("authorization", "")

    def _write(self) -> None:
        key = self._keys[self._index]
        text = f"[default]\naws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        beside = self._path.with_suffix(".new")
        beside.write_text(text)
        beside.replace(self._path)


class Disk:
    """A small file system in memory that can be filled; an ordinary folder where mounting is not allowed."""

    def __init__(self, folder: Path) -> None:
        """Mount it, if that can be."""
        folder.mkdir()
        self.folder = folder
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
        try:
            self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            self.mounted = False
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave not one byte."""
        with contextlib.suppress(OSError), self._ballast.open("wb", buffering=0) as ballast:
            for size in (_CHUNK_BYTES, 1 << 12):
                with contextlib.suppress(OSError):
                    while ballast.write(bytes(size)) == size:
                        pass

    def free(self) -> None:
        """Somebody made room."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Unmount it; what is there is gone."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


class Weather:
    """Spoils single requests by the proxy's plan, and now and then the line, the key or the disk as a whole."""

    def __init__(self, *, proxy: FaultProxy, keys: KeyRing, disk: Disk, seed: int) -> None:
        """Bad from the start."""
        self._proxy, self._keys, self._disk = proxy, keys, disk
        self._chance = random.Random(seed)  # noqa: S311 - no secrets
        self._mix = Mix(seed=seed, rates=RATES, retry_after_s=MOST_RETRY_AFTER_S)
        self._over = threading.Event()
        self._done: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._run, name="weather")
        proxy.plan = self._plan
        self._thread.start()

    @property
    def faults(self) -> dict[str, int]:
        """How often each kind was done; of the line, how often it was cut and of the disk, how often it was full."""
        return dict(sorted((Counter(self._proxy.faults) + self._done).items()))

    def clear(self) -> None:
        """From now on all is well."""
        self._over.set()
        self._thread.join()
        self._proxy.plan = lambda _: None

    def _plan(self, request: Request) -> Fault | None:
        return Fault(kind=Kind.EXPIRED_TOKEN) if self._keys.refuses(request) else self._mix(request)

    def _run(self) -> None:
        kinds = [self._refuse, self._expire, *([self._fill] if self._disk.mounted else [])]
        while True:
            self._chance.shuffle(kinds)
            for kind in kinds:
                if self._over.wait(self._chance.uniform(*_CALM_S)):
                    return
                kind()

    def _refuse(self) -> None:
        self._done["refused"] += 1
        self._for(_REFUSED_S, self._proxy.stop, self._proxy.start)

    def _expire(self) -> None:
        self._for(_EXPIRED_S, self._keys.expire, self._keys.renew)

    def _fill(self) -> None:
        self._done["disk_full"] += 1
        self._for(_FULL_S, self._disk.fill, self._disk.free)

    def _for(self, bounds: tuple[float, float], begin: Callable[[], None], end: Callable[[], None]) -> None:
        begin()
        try:
            self._over.wait(self._chance.uniform(*bounds))
        finally:
            end()
