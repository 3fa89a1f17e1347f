"""`porchlight iam-policy` and `porchlight setup-bucket`."""

from __future__ import annotations

import json
import shlex

import typer
from rich.console import Console

from edge_detector.app.bucket import Who, iam_policy, set_up, steps, why_not
from edge_detector.config import S3Archive
from edge_detector.config.describe import Where
from edge_detector.config.layers import given
from edge_detector.config.load import check

#: What --apply joins with what is there, and a command by itself puts in its place.
_AMENDED = {
    "put_bucket_lifecycle_configuration": "; takes the place of all such rules, --apply keeps those of others",
    "put_bucket_policy": "; takes the place of the whole policy, --apply keeps the rest of it",
}


def print_policy(who: str, *, bucket: str, prefix: str, kms_key: str | None) -> None:
    """Print a policy as JSON; raises ConfigError."""
    typer.echo(json.dumps(iam_policy(Who(who), _archive(bucket=bucket, prefix=prefix, kms_key=kms_key)), indent=2))


def set_up_bucket(*, keep_days: int | None, apply: bool, **options: str | None) -> None:
    """Print the commands that make a safe bucket, or do what they would; status 1 when a step fails."""
    archive = _archive(**options)
    if not apply:
        _print_commands(archive, keep_days)
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for outcome in set_up(archive, keep_days=keep_days):
        mark = "[green]ok  [/]" if outcome.ok else "[red]FAIL[/]"
        console.print(mark, outcome.step.what, end="", markup=True)
        console.print(f": {outcome.told}" if outcome.told else "")
        if not outcome.ok:
            raise typer.Exit(1)


def _print_commands(archive: S3Archive, keep_days: int | None) -> None:
    more = {"--endpoint-url": archive.endpoint, "--region": archive.region, "--profile": archive.profile}
    common = "".join(f" {name} {shlex.quote(value)}" for name, value in more.items() if value)
    for step in steps(archive, keep_days=keep_days):
        if why := why_not(step, archive):
            typer.echo(f"# {step.what}: left out: {why}")
            continue
        typer.echo(f"# {step.what}{_AMENDED.get(step.call, '')}")
        typer.echo(f"{step.command} --bucket {archive.bucket}{common}")


def _archive(**options: str | None) -> S3Archive:
    """The bucket that the options name; raises ConfigError."""
    if options.get("kms_key"):
        options["encryption"] = "sse-kms"
    # The rest of a configuration does not matter here.
    places: dict[Where, object] = {("archive", "type"): "s3", ("cameras", "door", "source"): "scene://door"}
    places |= {("archive", name): value for name, value in options.items()}
    origins: dict[Where, str] = {("archive", name): f"--{name.replace('_', '-')}" for name in options}
    archive = check([given(places, origins)]).archive
    if not isinstance(archive, S3Archive):
        raise TypeError(type(archive))
    return archive
