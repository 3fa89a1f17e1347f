"""The options of `porchlight setup`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from edge_detector.cli.options import FILE_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was answered beforehand."""

    config: Path
    name: str | None
    sources: list[str]
    broker: str | None
    archive: str | None
    endpoint: str | None
    region: str | None
    data: Path | None
    share: bool | None
    service: bool | None
    test: bool
    replace: bool
    yes: bool


def setup(  # noqa: PLR0913 - the options, by name
    *,
    config: Annotated[
        Path, typer.Option("--config", metavar="FILE", help="The configuration to write.", dir_okay=False)
    ] = Path(FILE_NAME),
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What this Porchlight is called.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option("--source", metavar="URL|FILE", help="A camera, as cameras.<id>.source; may be repeated."),
    ] = None,
    broker: Annotated[
        str | None,
        typer.Option(
            "--broker",
            metavar="HOST[:PORT]",
            help="The MQTT broker, also as mqtts://user:password@host:port; `none` for none.",
        ),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive",
            metavar="DIR|BUCKET",
            help="A folder, or s3://bucket/prefix with the key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        ),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="The bucket's store; AWS when absent.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="The bucket's region.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="As node.data_dir.", file_okay=False)
    ] = None,
    share: Annotated[
        bool | None, typer.Option("--share/--no-share", help="Whether the network reaches page and API, by a token.")
    ] = None,
    service: Annotated[
        bool | None, typer.Option("--service/--no-service", help="Whether it starts at every boot, by systemd.")
    ] = None,
    test: Annotated[bool, typer.Option("--test/--no-test", help="Whether each answer is tried.")] = True,
    replace: Annotated[bool, typer.Option("--replace", help="Set an older configuration aside unasked.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: take the default of all that is left.")] = False,
) -> None:
    """Ask for camera, broker and archive, try each, and write the configuration."""
    from edge_detector.cli.setup import run  # noqa: PLC0415 - loads the whole program

    given = Given(
        config=config,
        name=name,
        sources=source or [],
        broker=broker,
        archive=archive,
        endpoint=endpoint,
        region=region,
        data=data,
        share=share,
        service=service,
        test=test,
        replace=replace,
        yes=yes,
    )
    run(given)
