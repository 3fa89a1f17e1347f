"""`porchlight setup`: from an empty folder to a configuration that was tried, and to what is left to do."""

from __future__ import annotations

import logging
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.console import Console

from edge_detector.app import parts, setup_service
from edge_detector.app.setup import Answers, config_of, node_answers, save
from edge_detector.app.web import announced_url
from edge_detector.cli.setup_ask import Nobody, Terminal, until_right
from edge_detector.cli.setup_camera import cameras
from edge_detector.cli.setup_command import Given
from edge_detector.cli.setup_places import archive, broker
from edge_detector.cli.setup_talk import Talk
from edge_detector.config import Config, FolderArchive, S3Archive
from edge_detector.core.errors import PorchlightError

_HACS = (
    "https://my.home-assistant.io/redirect/hacs_repository/"
    "?owner=porchlight-home&repository=porchlight&category=integration"
)
_LOCAL = "http://127.0.0.1:8099"
_BLUEPRINT = (
    "https://my.home-assistant.io/redirect/blueprint_import/?blueprint_url="
    "https%3A%2F%2Fgithub.com%2Fporchlight-home%2Fporchlight%2Fblob%2Fmain%2Fblueprints%2Fautomation%2Fporchlight"
    "%2Fperson_notification.yaml"
)


def run(given: Given) -> None:
    """Ask, try, write, install; nothing is written before the last answer."""
    os.umask(0o077)  # what is written may hold passwords
    logging.getLogger("edge_detector").setLevel(logging.CRITICAL)  # what was found is told anyhow
    console = Console(soft_wrap=True, highlight=False, markup=False)
    asker = Nobody(console) if given.yes else Terminal()
    with tempfile.TemporaryDirectory(prefix="porchlight-setup-") as pictures:
        talk = Talk(given=given, asker=asker, console=console, pictures=Path(pictures))
        _may_write(talk)
        answers = _asked(talk)
    config, file = config_of(answers), given.config.absolute()
    aside = save(answers, file)
    console.print(f"\n{file} is written." + (f" The one before is {aside} now." if aside else ""))
    _farewell(talk, config, runs=_served(talk, config, file))


def _may_write(talk: Talk) -> None:
    """Nothing is overwritten unasked."""
    file, given = talk.given.config, talk.given
    if not file.exists() or given.replace:
        return
    if not talk.asker.patient:
        raise PorchlightError(f"{file} is there already: add --replace, which sets it aside")
    if not talk.asker.confirm(f"{file} is there already. Set it aside and make a new one?", default=False):
        talk.say("Nothing was changed.")
        raise typer.Exit(1)


def _asked(talk: Talk) -> Answers:
    node = until_right(talk.asker, talk.console, lambda: _node(talk))
    answers = {**node, **cameras(talk), **broker(talk), **archive(talk, node)}
    share = talk.given.share
    if share is None:
        question = "Shall Home Assistant show live pictures and clips from here, over your network, by a token?"
        share = talk.asker.confirm(question, default=isinstance(config_of(answers).archive, FolderArchive))
    return answers | ({("web", "host"): "0.0.0.0"} if share else {})  # noqa: S104 - as was just asked


def _node(talk: Talk) -> Answers:
    name = talk.given.name or talk.asker.text("What is this Porchlight called?", "Porchlight", option="")
    return node_answers(name, _data_dir(talk.given).absolute())


def _data_dir(given: Given) -> Path:
    """As told, else where a service keeps it for root, else the user's own."""
    if given.data is not None:
        return given.data.expanduser()
    if not os.geteuid() and "PORCHLIGHT_DATA" not in os.environ:
        return setup_service.SYSTEM_DATA
    return parts.data_dir(config_of({}))


def _served(talk: Talk, config: Config, file: Path) -> bool:
    """Install the service if that is wanted: does it run now?"""
    wanted, data_dir = talk.given.service, parts.data_dir(config)
    if wanted is False:
        return False
    if not setup_service.runs_systemd():
        talk.say("Systemd does not run here, so it is not installed as a service.")
        return False
    if wanted is None and not talk.asker.confirm("Start it now and at every boot, as a service?", default=True):
        return False
    archive_dir = parts.archive_dir(config.archive, data_dir) if isinstance(config.archive, FolderArchive) else None
    outside = archive_dir if archive_dir and not archive_dir.is_relative_to(data_dir) else None
    service = setup_service.Service(user=setup_service.owner(), config=file, data_dir=data_dir, archive=outside)
    if problem := setup_service.hidden(service):
        talk.say(f"It is not installed as a service: {problem}.")
        return False
    return _installed(talk, service, file.with_name(setup_service.UNIT.name))


def _installed(talk: Talk, service: setup_service.Service, unit_file: Path) -> bool:
    setup_service.write_unit(service, unit_file)
    commands = setup_service.commands(service, unit_file)
    if os.geteuid():
        talk.say(f"{unit_file} is written. Root installs and starts it, that is you by these commands:")
        for command in commands:
            talk.say(f"    sudo {shlex.join(command)}")
        return True
    for command in commands:
        talk.say(f"# {shlex.join(command)}")
        setup_service.perform(command)
    unit_file.unlink()
    talk.say("The service runs; journalctl -u porchlight -f shows what it does.")
    return True


def _farewell(talk: Talk, config: Config, *, runs: bool) -> None:
    """What is left to do."""
    talk.say("\nWhat is left:")
    for number, step in enumerate(_left(talk.given.config, config, runs=runs), start=1):
        talk.say(f"  {number}. {step}")


def _left(file: Path, config: Config, *, runs: bool) -> Iterator[str]:
    url = announced_url(config, config.web.host, config.web.port)
    token = parts.data_dir(config) / "api-token"
    if not runs:
        yield f"Start it: porchlight run --config {shlex.quote(str(file))}"
    yield f"Draw zones and lines on its page: {url or _LOCAL}, which asks for the token that {token} then holds"
    if config.mqtt.enabled:
        where = f"{config.mqtt.host}:{config.mqtt.port}"
        yield f"In Home Assistant, add the integration MQTT, if you have not yet, with the broker {where}"
        yield f"Add Porchlight to it by HACS, and start it again: {_HACS}"
        yield f"{config.node.name} waits under Settings > Devices & services: press Add. {_clips(config, url)}"
        yield f"To be told on your phone, make an automation of the blueprint: {_BLUEPRINT}"


def _clips(config: Config, url: str | None) -> str:
    """How Home Assistant gets at clips."""
    if url:
        return f"Clips are read `From the node itself`, at {url}, with that token"
    if isinstance(config.archive, S3Archive):
        policy = f"porchlight iam-policy --bucket {config.archive.bucket} --for home-assistant"
        return f"Clips are read `From an S3 bucket`, with a key of its own: `{policy}` prints what it needs"
    return "Clips are read `Not at all`: only this machine has them"
