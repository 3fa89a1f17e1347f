"""The code blocks of the pages that people read, and what stands right before each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.paths import ROOT

#: What can be typed into a shell.
SHELLS = frozenset({"sh", "bash", "console", "indented"})
#: Why a block of commands is not run by the tests; hidden on the built page.
NOT_RUN = re.compile(r"<!-- not run: (?P<why>.+?) -->\s*\Z", re.DOTALL)


def pages() -> list[Path]:
    """Every page: of the site, and those that GitHub and Home Assistant show."""
    others = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "addon/DOCS.md", "addon/README.md")
    found = [path for name in others if (path := ROOT / name).exists()]
    return found + sorted((ROOT / "docs").rglob("*.md"))


def name_of(page: Path) -> str:
    """How a page is named in a test."""
    return str(page.relative_to(ROOT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One code block."""

    page: Path
    #: Of its first line in the page.
    line: int
    #: The first word after the fence, empty without one; an indented block has no fence.
    language: str
    #: All words after the fence.
    info: str
    text: str
    #: Why it is not run, if that is told.
    not_run: str | None

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def commands(self) -> str:
        """What is typed: all of it, or in a console what follows the prompt."""
        if self.language != "console":
            return self.text
        return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page in their order."""
    before = ""
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type in {"fence", "code_block"} and token.map:
            words = token.info.split()
            reason = NOT_RUN.search(before)
            yield Block(
                page=page,
                line=token.map[0] + 1,
                language="indented" if token.type == "code_block" else words[0] if words else "",
                info=token.info,
                text=token.content,
                not_run=reason["why"] if reason else None,
            )
        before = token.content if token.type == "html_block" else ""


def every_block() -> list[Block]:
    """All blocks of all pages."""
    return [block for page in pages() for block in blocks_of(page)]
