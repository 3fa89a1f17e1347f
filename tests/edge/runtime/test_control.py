"""Control: settings are kept, applied and told; commands reach their camera."""

from dataclasses import replace

from edge_detector.core.facts import Fact, SettingsChanged
from edge_detector.core.types import Armed, Command, Configure, Settings, TakeSnapshot, TestClip
from edge_detector.runtime.control import Control
from edge_detector.testing import FakeClock, MemoryJournal

DEFAULT = Settings(confidence=0.5)


class Obedient:
    """Keeps the commands it got."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def command(self, command: Command) -> None:
        self.commands.append(command)


def make(journal: MemoryJournal) -> tuple[Control, Obedient, list[Fact]]:
    camera = Obedient()
    facts: list[Fact] = []
    control = Control(
        cameras={"door": camera},
        defaults={"door": DEFAULT},
        journal=journal,
        clock=FakeClock(7.0),
        tell=facts.append,
    )
    return control, camera, facts


def test_settings_are_applied_and_told_at_the_start() -> None:
    control, camera, facts = make(MemoryJournal())
    control.start()
    assert camera.commands == [Configure(t=7.0, settings=DEFAULT), Armed(t=7.0, on=True)]
    assert facts == [SettingsChanged(camera="door", t=7.0, settings=DEFAULT)]
    assert control.settings("door") == DEFAULT


def test_change_is_kept_over_a_restart() -> None:
    journal = MemoryJournal()
    control, camera, facts = make(journal)
    wanted = replace(DEFAULT, armed=False, confidence=0.7)
    control.change("door", wanted)
    assert camera.commands == [Configure(t=7.0, settings=wanted), Armed(t=7.0, on=False)]
    assert facts == [SettingsChanged(camera="door", t=7.0, settings=wanted)]
    again, _, _ = make(journal)
    assert again.settings("door") == wanted


def test_actions() -> None:
    control, camera, _ = make(MemoryJournal())
    control.take_snapshot("door")
    control.test_clip("door")
    assert camera.commands == [TakeSnapshot(t=7.0), TestClip(t=7.0)]
