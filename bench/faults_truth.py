"""What the fault run left: the store's objects against what was recorded, what the ledger says, and the events."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import av

from edge_detector.core import naming
from edge_detector.core.evidence import ItemKind
from edge_detector.recorder.fragments import scan
from tests.s3_server import PREFIX

#: A visit and the number of one of its clips.
Clip = tuple[str, int]


@dataclass(slots=True)
class Verdict:
    """What was found; each list holds a sentence a fault."""

    delivered: int = 0
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)


def noted(path: Path) -> set[Clip]:
    """The clips that the program noted itself."""
    return {(visit_id, n) for visit_id, n in _notes(path) if n}


def begun(path: Path) -> set[str]:
    """The visits that the program noted itself."""
    return {visit_id for visit_id, n in _notes(path) if not n}


def _notes(path: Path) -> Iterator[Clip]:
    for line in path.read_text().splitlines() if path.exists() else ():
        visit_id, n = line.split()
        yield visit_id, int(n)


def in_spool(data: Path) -> set[Clip]:
    """The clips in the spool of which one picture at least is on the disk."""
    found = set()
    for path in (data / "spool").rglob("*.part"):
        part = naming.parse_part_name(path.name)
        if scan(path).samples:
            found.add((part.visit_id, part.n))
    for path in (data / "spool").rglob("*.mp4"):
        clip = naming.parse_clip_name(path.stem)
        found.add((clip.visit_id, clip.n))
    return found


def check(
    *, recorded: set[Clip], visits: set[str], objects: Mapping[str, bytes], database: Path, left: Sequence[str]
) -> Verdict:
    """Compare; `visits` are all that began, `left` names that still lie in the spool."""
    verdict = Verdict(lost=[f"{name} still lies in the spool" for name in left])
    with closing(sqlite3.connect(database)) as connection:
        ledger = dict(connection.execute("SELECT key, sha256 FROM items WHERE state IN ('stored', 'purged')"))
        waiting = connection.execute(
            "SELECT key, state, last_error FROM items WHERE state NOT IN ('stored', 'purged')"
        ).fetchall()
        events = [json.loads(payload) for (payload,) in connection.execute("SELECT payload FROM events")]
    verdict.lost += [f"{key} is {state} in the ledger: {error}" for key, state, error in waiting]
    verdict.lost += [
        f"{key} was delivered and is not in the store" for key in ledger if PREFIX + "/" + key not in objects
    ]
    clips = _clips(objects, ledger, visits, verdict)
    for clip in sorted(recorded | clips.keys()):
        _judge(clip, recorded, clips, verdict)
    _judge_events(recorded, events, verdict)
    return verdict


def _clips(
    objects: Mapping[str, bytes], ledger: Mapping[str, str], visits: set[str], verdict: Verdict
) -> dict[Clip, list[str]]:
    """The keys of every clip's objects; what is wrong with single objects goes to the verdict."""
    clips: dict[Clip, list[str]] = {}
    for full, content in objects.items():
        key = naming.parse_archive_key(full, prefix=PREFIX)
        below = full.removeprefix(PREFIX + "/")
        if key.visit_id not in visits:
            verdict.duplicates.append(f"{full} belongs to no visit that began")
        if key.kind is ItemKind.PARTIAL:  # the ledger forgets it once the whole clip has come
            verdict.corrupt += _faults_of_video(full, key.visit_id, content)
            continue
        if below not in ledger:
            verdict.duplicates.append(f"{full} is not in the ledger")
        elif hashlib.sha256(content).hexdigest() != ledger[below]:
            verdict.corrupt.append(f"{full} holds other bytes than the ledger says")
        if key.kind is ItemKind.CLIP:
            clips.setdefault((key.visit_id, key.n), []).append(full)
            verdict.corrupt += _faults_of_video(full, key.visit_id, content)
    return clips


def _judge(clip: Clip, recorded: set[Clip], clips: Mapping[Clip, list[str]], verdict: Verdict) -> None:
    found = clips.get(clip, [])
    if clip not in recorded:
        verdict.duplicates.append(f"{clip} was not recorded and has {len(found)} objects")
    elif not found:
        verdict.lost.append(f"{clip} has no object")
    else:
        verdict.delivered += 1
        verdict.duplicates += [f"{clip} has another object, {key}" for key in found[1:]]


def _judge_events(recorded: set[Clip], events: list[dict[str, object]], verdict: Verdict) -> None:
    """Each clip was told of as stored under one id; the door's visits have one clip each."""
    told = Counter(str(event["visit_id"]) for event in events if event["event_type"] == "clip_stored")
    for visit_id, _ in sorted(recorded):
        if not told[visit_id]:
            verdict.lost.append(f"nobody was told that the clip of {visit_id} is stored")
        elif told[visit_id] > 1:
            verdict.duplicates.append(f"the clip of {visit_id} was told of under {told[visit_id]} ids")


def _faults_of_video(name: str, visit_id: str, content: bytes) -> Iterator[str]:
    """It decodes from the first packet to the last, and is of this very visit."""
    if visit_id.encode() not in content:
        yield f"{name} is the clip of another visit"
    try:
        with av.open(BytesIO(content), "r") as container:
            stream = container.streams.video[0]
            packets = len([packet for packet in container.demux(stream) if packet.size])
            container.seek(0)
            pictures = len(list(container.decode(stream)))
    except (av.FFmpegError, IndexError) as error:
        yield f"{name} cannot be decoded: {error}"
        return
    if not packets == pictures > 0:
        yield f"{name} has {packets} packets and {pictures} pictures"
