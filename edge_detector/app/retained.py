"""What an earlier run left that the broker should know: each camera's last clip."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from edge_detector.core.documents import clip_of
from edge_detector.core.errors import StoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import FileStored
from edge_detector.ports import Ledger, ObjectStore, VisitReader

_LOG = logging.getLogger(__name__)

#: Visits without a clip that are looked through at most: clips keep their distance, visits do not.
_VISITS = 50


def last_clips(
    cameras: Sequence[str], *, visits: VisitReader, ledger: Ledger, store: ObjectStore
) -> Iterator[FileStored]:
    """The newest delivered clip of each camera, as the fact that told of it; a broker may have forgotten it since."""
    for camera in cameras:
        item = _last_clip(camera, visits, ledger)
        if item is not None:
            try:
                stored = store.address(item.key)
            except StoreError as error:
                _LOG.debug("The last clip of %s has no address now: %s", camera, error)
                continue
            yield FileStored(
                camera=camera,
                visit_id=item.visit_id,
                n=item.n,
                kind=item.kind,
                utc=item.created_utc,
                uri=stored.uri,
                url=stored.url,
                sha256=item.sha256,
                bytes=item.bytes,
                clip=clip_of(item),
            )


def _last_clip(camera: str, visits: VisitReader, ledger: Ledger) -> Item | None:
    for visit in visits.page(camera=camera, limit=_VISITS):
        clips = [
            item
            for item in ledger.items(visit_id=visit.visit_id)
            if item.kind is ItemKind.CLIP and item.state in {ItemState.STORED, ItemState.PURGED}
        ]
        if clips:
            return max(clips, key=lambda item: item.n)
    return None
