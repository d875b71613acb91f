"""Options of every command, which may stand anywhere in a command line: --debug, --offline and --lock FILE."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vecstack.errors import UsageError
from vecstack.hub.download import OFFLINE
from vecstack.hub.lock import VARIABLE

LOCK = "--lock"


@dataclass(frozen=True)
class Everywhere:
    """What is asked of every command: to fetch nothing, and the lock file of models, if one is named."""

    offline: bool = False
    lock: str | None = None

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within it the environment says so, which the processes that a command starts take over."""
        wanted = {OFFLINE: "1" if self.offline else None, VARIABLE: self.lock}
        changes = {name: value for name, value in wanted.items() if value is not None}
        before = {name: os.environ.get(name) for name in changes}
        os.environ.update(changes)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def taken_out(arguments: Sequence[str]) -> tuple[list[str], Everywhere]:
    """A command line without these options, and what they ask for. Raises UsageError: --lock without a file."""
    rest: list[str] = []
    offline = False
    lock: str | None = None
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--debug":
            continue  # run() looks for it first, to show what goes wrong here
        if argument == "--offline":
            offline = True
        elif argument == LOCK or argument.startswith(f"{LOCK}="):
            lock = next(waiting, "") if argument == LOCK else argument.removeprefix(f"{LOCK}=")
            if not lock:
                raise UsageError(f"{LOCK} needs a file, such as vecstack.lock.")
        else:
            rest.append(argument)
    return rest, Everywhere(offline, lock)
