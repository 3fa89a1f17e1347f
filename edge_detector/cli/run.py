"""`porchlight run`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge_detector.app import parts
from edge_detector.app.lock import need_folder
from edge_detector.app.memory import be_sparing, give_back
from edge_detector.app.node import run_node
from edge_detector.cli.configured import configured, set_up_logging
from edge_detector.cli.progress import fetching


def run(file: Path | None, *, detector: str | None, model: str | None) -> None:
    """Run the edge until a signal; raises PorchlightError when it cannot start."""
    config = configured(file, detector=detector, model=model)
    set_up_logging(config)
    folder = parts.data_dir(config)
    need_folder(folder)
    be_sparing()
    with fetching() as progress:
        built = parts.build_detector(config, folder, progress, may_measure=True)
    give_back()
    asyncio.run(run_node(config, detector=built))
