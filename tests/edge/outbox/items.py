"""Files to deliver, for the tests of the ledger."""

from pathlib import Path

from edge_detector.core.evidence import Item, ItemKind


def item(
    kind: ItemKind = ItemKind.CLIP,
    *,
    visit: str = "V1",
    n: int = 1,
    created: float = 100.0,
    sha256: str = "aa",
    camera: str = "door",
    path: str = "",
) -> Item:
    key = f"{kind}/{visit}-{n}"
    return Item(
        key=key,
        kind=kind,
        camera=camera,
        visit_id=visit,
        n=n,
        path=Path(path or f"/spool/{key}"),
        bytes=1000,
        sha256=sha256,
        content_type="video/mp4",
        metadata=(("visit-id", visit), ("odd", 'ä "quoted"')),
        created_utc=created,
    )
