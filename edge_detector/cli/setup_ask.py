"""Asks: at the terminal with questionary, or nobody at all, when every question takes its default."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from rich.console import Console

from edge_detector.core.errors import ConfigError, PorchlightError

Value = TypeVar("Value")

_MISSING = (
    "`porchlight setup` asks with questionary, which is not installed: pip install 'porchlight-edge[setup]'; "
    "or answer by options, with --yes for all that is left"
)
_NO_TERMINAL = "Nobody can be asked, this is no terminal: answer by options, with --yes for all that is left"


class Asker(Protocol):
    """Whoever answers."""

    #: Is somebody there, who can be asked again?
    patient: bool

    def choose(self, question: str, choices: Mapping[str, Value], default: str) -> Value:
        """One of these, by what they are called."""
        ...

    def text(self, question: str, default: str, *, option: str) -> str:
        """A line; never empty, unless the default is and `option` too, which names what answers it otherwise."""
        ...

    def secret(self, question: str) -> str:
        """A line that is not shown; maybe empty."""
        ...

    def confirm(self, question: str, *, default: bool) -> bool:
        """Yes or no."""
        ...


class Terminal:
    """Somebody at the terminal; Ctrl-C raises KeyboardInterrupt."""

    patient = True

    def __init__(self) -> None:
        """Raises PorchlightError where nobody can be asked."""
        try:
            import questionary  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise PorchlightError(_MISSING) from error
        if not sys.stdin.isatty() or not sys.stdout.isatty():
            raise PorchlightError(_NO_TERMINAL)
        self._ask = questionary

    def choose(self, question: str, choices: Mapping[str, Value], default: str) -> Value:
        """By arrow keys."""
        name = self._ask.select(question, choices=list(choices), default=default).unsafe_ask()
        return choices[name]

    def text(self, question: str, default: str, *, option: str) -> str:
        """By typing, with the default to be changed."""
        needed = bool(option or default)

        def check(text: str) -> bool | str:
            return bool(text.strip()) or not needed or "Something has to stand here; Ctrl-C ends without a trace."

        answer: str = self._ask.text(question, default=default, validate=check).unsafe_ask()
        return answer.strip()

    def secret(self, question: str) -> str:
        """By typing, hidden."""
        answer: str = self._ask.password(question).unsafe_ask()
        return answer

    def confirm(self, question: str, *, default: bool) -> bool:
        """By `y` or `n`."""
        answer: bool = self._ask.confirm(question, default=default).unsafe_ask()
        return answer


class Nobody:
    """Takes each default, and says so."""

    patient = False

    def __init__(self, console: Console) -> None:
        self._console = console

    def choose(self, question: str, choices: Mapping[str, Value], default: str) -> Value:
        """The default."""
        self._console.print(f"? {question} {default}")
        return choices[default]

    def text(self, question: str, default: str, *, option: str) -> str:
        """The default; raises ConfigError where there is none."""
        if not default and option:
            raise ConfigError(f"{question} Answer by {option}: there is no default")
        self._console.print(f"? {question} {default}".rstrip())
        return default

    def secret(self, question: str) -> str:
        """Nothing."""
        self._console.print(f"? {question}")
        return ""

    def confirm(self, question: str, *, default: bool) -> bool:
        """The default."""
        self._console.print(f"? {question} {'Yes' if default else 'No'}")
        return default


def until_right(asker: Asker, console: Console, attempt: Callable[[], Value]) -> Value:
    """Try until no fault comes; each is told. Raises the first one where nobody can be asked again."""
    while True:
        try:
            return attempt()
        except PorchlightError as error:
            if not asker.patient:
                raise
            console.print(f"{error}", style="red")
