"""Every exception of the program, as one tree.

PorchlightError            a sentence for the user
+-- ConfigError            the configuration is wrong: lists every fault
+-- OutlineError           zones or lines are drawn wrong: holds every fault
+-- SourceError            a camera or file cannot be opened or read
|   +-- SourceEnded        a file or finite stream is over: no fault
+-- DetectorError          the detector cannot be built or run
|   +-- ModelError         the model file is missing, wrong or damaged
+-- RecordError            a clip cannot be written
+-- LedgerError            the database of the ledger and journal cannot be opened, read or written
+-- StoreError             the archive refused a file
|   +-- RetryableStoreError    it may work later
|   +-- PermanentStoreError    somebody has to mend something first
|       +-- FileRefusedError   this one file cannot be stored, others can
+-- BrokerError            the MQTT broker cannot be reached or refuses
+-- SupervisorError        Home Assistant's Supervisor does not answer, or refuses
+-- WebError               the HTTP API cannot listen, or its token cannot be used
+-- IllegalInputError      a programming fault: the visit machine cannot take this input now
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge_detector.core.outline import Fault


class PorchlightError(Exception):
    """A fault that is told to the user in one sentence: what, where, and how to mend it."""


class ConfigError(PorchlightError):
    """The configuration holds faults; the message lists every one with its path and a hint."""


class OutlineError(PorchlightError):
    """Zones or lines are drawn wrong; holds every fault, with where it is."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """The message names all of them."""
        super().__init__("; ".join(f"{fault.where} {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class SourceError(PorchlightError):
    """A camera, address or file cannot be opened or read."""


class SourceEnded(SourceError):  # noqa: N818 - it is an end, not an error, for a file
    """A finite source came to its end."""


class DetectorError(PorchlightError):
    """The detector cannot be built or run."""


class ModelError(DetectorError):
    """A model file is missing, wrong or damaged."""


class RecordError(PorchlightError):
    """A clip cannot be written."""


class LedgerError(PorchlightError):
    """The database of the ledger and journal cannot be opened, read or written."""


class StoreError(PorchlightError):
    """The archive did not take a file."""


class RetryableStoreError(StoreError):
    """The archive did not take a file now, and may later."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        """Keep the store's own wish for the earliest next try, in seconds."""
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentStoreError(StoreError):
    """The archive will not take a file before somebody mends what the message names."""


class FileRefusedError(PermanentStoreError):
    """This one file cannot be stored: it cannot be read, is not what was recorded, or is too large; others can be."""


class BrokerError(PorchlightError):
    """The MQTT broker cannot be reached or refuses the connection."""


class SupervisorError(PorchlightError):
    """The Supervisor of Home Assistant does not answer, or refuses."""


class WebError(PorchlightError):
    """The HTTP API cannot listen, or its token cannot be used."""


class IllegalInputError(PorchlightError):
    """The visit machine got an input that its state does not allow; nothing was changed."""
