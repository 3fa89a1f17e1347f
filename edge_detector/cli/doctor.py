"""`porchlight doctor`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console

from edge_detector.app.doctor import Finding, examine
from edge_detector.cli.configured import configured, set_up_logging
from edge_detector.config import Config
from edge_detector.core.errors import ConfigError
from edge_detector.core.masking import redact

_CONFIG_MEND = "`porchlight check-config FILE` says the same; examples/minimal.yaml is one to start from"


def doctor(file: Path | None, *, as_json: bool) -> None:
    """Print what was found; ends with status 1 if anything fails."""
    findings = []
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for finding in _findings(file):
        findings.append(finding)
        if not as_json:
            show(console, finding)
    ok = all(finding.ok for finding in findings)
    if as_json:
        checks = [{**asdict(finding), "found": redact(finding.found)} for finding in findings]
        typer.echo(json.dumps({"ok": ok, "checks": checks}, ensure_ascii=False))
    if not ok:
        raise typer.Exit(1)


def _findings(file: Path | None) -> Iterator[Finding]:
    try:
        config = configured(file)
    except ConfigError as error:
        yield Finding(what="configuration", ok=False, found=str(error), mend=_CONFIG_MEND)
        return
    _quiet(config)
    cameras = "1 camera" if len(config.cameras) == 1 else f"{len(config.cameras)} cameras"
    yield Finding(what="configuration", ok=True, found=f"is well formed, {cameras}")
    yield from examine(config)


def _quiet(config: Config) -> None:
    """Only faults are logged: what was found is told anyhow."""
    set_up_logging(config, terse=True)
    logging.getLogger("edge_detector").setLevel(logging.ERROR)


def show(console: Console, finding: Finding) -> None:
    """One finding as a line, and how to mend it."""
    console.print("ok    " if finding.ok else "FAILS ", style="green" if finding.ok else "bold red", end="")
    console.print(f"{finding.what}: {redact(finding.found)}")
    if finding.mend:
        console.print(f"      {finding.mend}")
