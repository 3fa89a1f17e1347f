"""Every command that a page shows runs, or the page says why it cannot be run by a test."""

import json
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from edge_detector.cli.commands import app
from tests.broker import HOST, Broker, free_port
from tests.docs.blocks import SHELLS, Block, blocks_of, every_block, name_of, pages
from tests.docs.machine import PATIENCE_S, Machine, furnish

#: Other languages, which nobody types; test_examples.py looks at them.
DATA = frozenset({"ini", "json", "mermaid", "python", "sql", "text", "toml", "yaml"})
#: Pages that need a running edge, or what one leaves.
WITH_EDGE = frozenset({"docs/how-to/api.md", "docs/troubleshooting.md"})
#: A reason that says something.
REASON_CHARS = 10
COMMAND = get_command(app)
PORCHLIGHT = (sys.executable, "-m", "edge_detector")
#: The visit of the examples.
VISIT = "01M7YQ4254GDE9XSE5SHQR13TV"
#: What is named in running text.
INLINE = re.compile(r"(?<!`)`([^`\n]*\bporchlight [^`\n]+)`(?!`)")
CALLED = re.compile(r"(?:^\s*|\$ |bin/|`|sudo )porchlight ((?:--?)?[a-z].*)")
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


#: A clip of the generated scene is there some seconds after the start; the machine may be busy.
CLIP_S = 45.0


def shell_blocks() -> list[Block]:
    return [block for block in every_block() if block.language in SHELLS]


def pages_with_commands() -> list[str]:
    return sorted({name_of(block.page) for block in shell_blocks() if block.not_run is None})


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def machine(tmp_path: Path, broker: Broker) -> Machine:
    return furnish(tmp_path, broker.port, free_port())


@pytest.mark.parametrize("name", [name for name in pages_with_commands() if name not in WITH_EDGE])
def test_commands_run(name: str, machine: Machine, broker: Broker) -> None:
    run(name, machine, broker, {})


@pytest.mark.parametrize("name", sorted(WITH_EDGE))
def test_commands_run_beside_an_edge(name: str, watched: tuple[Machine, str], broker: Broker) -> None:
    machine, visit_id = watched
    run(name, machine, broker, {VISIT: visit_id})


def run(name: str, machine: Machine, broker: Broker, replace: dict[str, str]) -> None:
    """Type all commands of a page that are not marked."""
    blocks = [block for block in shell_blocks() if name_of(block.page) == name and block.not_run is None]
    there = {f"{HOST}:8099": f"{HOST}:{machine.web_port}", "-h broker.lan": f"-h {HOST} -p {broker.port}"}
    done = machine.run(blocks, {**there, **replace})
    assert done.returncode == 0, done.stderr[-3000:] or done.stdout[-3000:]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[tuple[Machine, str]]:
    """A machine on which an edge runs that has a clip, and the id of its visit."""
    machine = furnish(tmp_path_factory.mktemp("watched"), broker.port, free_port())
    variables = {**machine.environment, "PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://pair"}
    with (machine.folder / "edge.log").open("w") as log:
        process = subprocess.Popen([*PORCHLIGHT, "run"], cwd=machine.folder, env=variables, stdout=log, stderr=log)
        try:
            yield machine, visit_with_clip(machine, process)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def visit_with_clip(machine: Machine, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + CLIP_S
    token = Path(machine.environment["PORCHLIGHT_DATA"]) / "api-token"
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            request = urllib.request.Request(
                f"http://{HOST}:{machine.web_port}/api/v1/visits",
                headers={"Authorization": f"Bearer {token.read_text().strip()}"},
            )
            for visit in json.load(NO_PROXY.open(request))["visits"]:
                if visit["clips"]:
                    return str(visit["visit_id"])
        time.sleep(0.2)
    pytest.fail((machine.folder / "edge.log").read_text())


def test_every_block_says_what_it_is() -> None:
    assert [block.name for block in every_block() if block.language not in SHELLS | DATA] == []


def test_what_is_not_run_says_why() -> None:
    reasons = {block.name: block.not_run for block in every_block() if block.not_run is not None}
    assert [name for name, why in reasons.items() if len(why) < REASON_CHARS] == []
    assert [block.name for block in every_block() if block.not_run is not None and block.language in DATA] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_command_exists(page: Path) -> None:
    """Also where it is not run: the command, its options, and as many arguments as it takes."""
    texts = [block.commands for block in blocks_of(page) if block.language in SHELLS]
    texts += INLINE.findall(page.read_text())
    for text in texts:
        for words in spoken(text):
            assert_exists(words)


def spoken(text: str) -> Iterator[list[str]]:
    """The words after each `porchlight` that is called."""
    for line in text.replace("\\\n", " ").splitlines():
        for command in re.split(r"&&|\|\||[;|]", line):
            if found := CALLED.search(command):
                yield shlex.split(found[1], comments=True)


def assert_exists(words: list[str]) -> None:
    command = COMMAND
    for n, word in enumerate(words):
        options = {name for param in command.params for name in param.opts}
        if isinstance(command, TyperGroup) and not word.startswith("-"):
            assert word in command.commands, f"there is no `porchlight {' '.join(words[: n + 1])}`"
            command = command.commands[word]
        elif word.startswith("-"):
            assert word.partition("=")[0] in options | {"--help"}, f"`porchlight {' '.join(words)}` has no {word}"


def test_a_missing_command_or_option_is_seen() -> None:
    for text in (
        "porchlight runs",
        "porchlight run --loud",
        "sudo /opt/porchlight/bin/porchlight outbox list --loudly",
    ):
        [words] = spoken(text)
        with pytest.raises(AssertionError):
            assert_exists(words)


def test_a_command_that_fails_is_seen(machine: Machine) -> None:
    block = Block(
        page=pages()[0], line=7, language="sh", info="sh", text="porchlight check-config no.yaml\ntrue\n", not_run=None
    )
    done = machine.run([block], {})
    assert done.returncode == 1
    assert "README.md:7 failed" in done.stderr
