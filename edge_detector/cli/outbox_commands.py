"""The commands below `porchlight outbox`, and their options."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from edge_detector.cli.options import ConfigFile
from edge_detector.core.evidence import ItemKind, ItemState

outbox_app = typer.Typer(
    help="Files that wait for the archive.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _any(values: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = values
    return f"{', '.join(others)} or {last}"


Names = Annotated[
    list[str], typer.Argument(metavar="NAME", help="Keys of files, or ids of visits for all their files.")
]


@outbox_app.command("list")
def list_files(  # noqa: PLR0913 - the options, by name
    *,
    config: ConfigFile = None,
    state: Annotated[
        list[ItemState] | None,
        typer.Option("--state", metavar="STATE", help=f"Only {_any(ItemState)}; may be repeated."),
    ] = None,
    camera: Annotated[
        list[str] | None, typer.Option("--camera", metavar="ID", help="Only this camera's files; may be repeated.")
    ] = None,
    kind: Annotated[
        list[ItemKind] | None, typer.Option("--kind", metavar="KIND", help=f"Only {_any(ItemKind)}; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delivered files as well.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most so many, the oldest first.")
    ] = 1000,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object in place of the table.")] = False,
) -> None:
    """List the files that wait or were given up."""
    from edge_detector.cli.outbox import list_files as command  # noqa: PLC0415 - loads the whole program

    command(
        config,
        states=state or (),
        cameras=camera or (),
        kinds=kind or (),
        everything=everything,
        limit=limit,
        as_json=as_json,
    )


@outbox_app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A file's key, or a visit's id for all its files.")],
    *,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object in place of the text.")] = False,
) -> None:
    """Tell all that is known of a file or visit."""
    from edge_detector.cli.outbox import show as command  # noqa: PLC0415 - loads the whole program

    command(name, config, as_json=as_json)


@outbox_app.command()
def retry(
    names: Names = [],  # noqa: B006 - typer's way to say that there may be none
    *,
    config: ConfigFile = None,
    failed: Annotated[bool, typer.Option("--failed", help="All files that were given up.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All files that wait or were given up.")] = False,
) -> None:
    """Try files again now, also those that were given up."""
    from edge_detector.cli.outbox import retry as command  # noqa: PLC0415 - loads the whole program

    command(names, config, failed=failed, everything=everything)


@outbox_app.command()
def flush(config: ConfigFile = None) -> None:
    """Deliver all that waits now, here or by watching the running edge."""
    from edge_detector.cli.outbox import flush_all as command  # noqa: PLC0415 - loads the whole program

    command(config)


@outbox_app.command()
def forget(
    names: Names,
    *,
    config: ConfigFile = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the local files as well.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give files up: they are not delivered any more."""
    from edge_detector.cli.outbox import forget as command  # noqa: PLC0415 - loads the whole program

    command(names, config, delete=delete, yes=yes)
