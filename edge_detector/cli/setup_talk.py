"""What all steps of the wizard share: who answers, what was answered beforehand, and how an answer is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from edge_detector.app.doctor import Finding
from edge_detector.cli.doctor import show
from edge_detector.cli.setup_ask import Asker
from edge_detector.cli.setup_command import Given
from edge_detector.core.errors import PorchlightError


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One run of the wizard."""

    given: Given
    asker: Asker
    console: Console
    #: Where pictures lie until it ends.
    pictures: Path

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text)

    def keeps(self, what: str, attempt: Callable[[], Finding]) -> bool:
        """Try an answer and tell what came out: is it kept? Raises PorchlightError where nobody can choose."""
        if not self.given.test:
            return True
        with self.console.status(f"Trying the {what} …"):
            finding = attempt()
        return self.settle(finding)

    def settle(self, finding: Finding) -> bool:
        """Tell a finding; is the answer kept?"""
        show(self.console, finding)
        if finding.ok:
            return True
        if not self.asker.patient:
            raise PorchlightError("Nothing was written: mend that, or add --no-test to write it all the same")
        return self.asker.confirm("Keep it all the same?", default=False)


class OnceMoreError(PorchlightError):
    """An answer was taken back."""

    def __init__(self) -> None:
        super().__init__("Then once more.")
