"""Jobs for the engine that need no pictures: a worker process imports this module, and little else."""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from vecstack.atomic import atomic_writer
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.errors import PictureError, UsageError, WeightsError


@dataclass(frozen=True)
class Copying(Job):
    """Writes what it reads, or the device that it is on where `tells_device`. An input that begins with a word does
    something else:

    - "broken" fails, "fault" raises what no command expects, and "usage" what would be wrong for all;
    - "kill" kills its process with a half-written file; "once" does so the first time, when its output is there;
    - "wait" waits for a minute with one, and "stubborn" too, without heeding SIGTERM;
    - "meet" waits until another process has begun an item too."""

    device: str = "cpu"
    tells_device: bool = False
    is_broken: bool = False

    @property
    def devices(self) -> tuple[str, ...]:
        return tuple(self.device.split(","))

    def on(self, device: str) -> Copying:
        return dataclasses.replace(self, device=device)

    def ready(self) -> Act:
        if self.is_broken:
            raise WeightsError("no such weights.")
        return self._copy

    def _copy(self, item: Item, report: Report) -> None:
        data = Path(item.source).read_bytes()
        word = data.split()[0]
        if word == b"broken":
            raise PictureError(f"{item.source}: broken.")
        if word == b"usage":
            raise UsageError("wrong for all.")
        if word == b"fault":
            raise ZeroDivisionError("by nought")
        report.psnr = 30.0
        if word == b"meet":
            _meet(Path(item.source))
        with atomic_writer(item.target, overwrite=item.overwrite) as file:
            file.write(self.device.encode() if self.tells_device else data)
            if word == b"kill":
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            if word == b"stubborn":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if word in (b"wait", b"stubborn"):
                Path(item.source + ".waits").touch()
                time.sleep(60)
        tried = Path(item.source).with_suffix(".tried")
        if word == b"once" and not tried.exists():
            tried.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def _meet(source: Path) -> None:
    """Wait until two items are under way."""
    source.with_suffix(".met").touch()
    until = time.monotonic() + 60
    while len(list(source.parent.glob("*.met"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
