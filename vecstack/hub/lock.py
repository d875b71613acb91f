"""Lock files: which commit of each Hub repository is used, and the sha256 of each of its files.

While a lock is in force it decides: what it does not list is not loaded, and what it lists must have those bytes each
time it is loaded. In force is the file that the environment variable VECSTACK_LOCK names (`--lock` sets it), or else
`vecstack.lock` in the working folder, where there is one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecstack.atomic import atomic_writer
from vecstack.errors import WeightsError
from vecstack.hub.names import NOT_HERE, Repository, is_commit

LOCK = "vecstack.lock"
VARIABLE = "VECSTACK_LOCK"
FORMAT, VERSION = "vecstack-lock", 1
MAX_BYTES = 1 << 20
_ANEW = "make it anew with `vecstack models lock`"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """The commit of a repository, and the sha256 of its files by their names within it."""

    revision: str
    files: Mapping[str, str]


@dataclass(frozen=True)
class Lock:
    """A lock file: its path, and a pin for each repository, OWNER/NAME."""

    path: Path
    pins: Mapping[str, Pin]

    def pin_of(self, repository: Repository) -> Pin:
        """The pin of a repository. Raises WeightsError: there is none, or the name asks for another commit."""
        pin = self.pins.get(repository.name)
        if pin is None:
            where = f"{NOT_HERE}, and not in" if repository.is_missed_path else "not in"
            raise WeightsError(
                f"{repository}: {where} {self.path}, which locks models; add it with "
                f"`vecstack models lock --model {repository}`."
            )
        if repository.is_exact and repository.revision != pin.revision:
            raise WeightsError(
                f"{repository}: {self.path} locks commit {pin.revision[:12]}; leave the revision out, or lock the "
                f"other with `vecstack models lock --model {repository}`."
            )
        return pin


def lock_in_force() -> Lock | None:
    """The lock that decides which weights are loaded; None where there is none. Raises WeightsError: it cannot be
    read."""
    named = os.environ.get(VARIABLE)
    if named:
        return read_lock(Path(named))
    return read_lock(Path(LOCK)) if Path(LOCK).exists() else None


def read_lock(path: Path) -> Lock:
    """The lock in a file. Raises WeightsError: missing, or no lock."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: the lock cannot be read ({_reason(error)}); check its name, or {_ANEW}."
        ) from error
    try:
        fields = json.loads(data)
        if len(data) > MAX_BYTES or fields["format"] != FORMAT or fields["version"] != VERSION:
            raise ValueError("of another format")
        return Lock(path, {name: _pin(value) for name, value in fields["models"].items()})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{path}: not a lock of this version of vecstack; {_ANEW}.") from error


def _pin(value: Any) -> Pin:
    """A pin from parsed JSON. Raises ValueError, KeyError, TypeError, AttributeError."""
    revision, files = value["revision"], value["files"]
    if not is_commit(revision) or not files or not all(_SHA256.fullmatch(digest) for digest in files.values()):
        raise ValueError("not a pin")
    return Pin(revision, dict(files))


def write_lock(path: Path, pins: Mapping[str, Pin]) -> None:
    """Write a lock; one of that name is replaced. Raises ExportError."""
    models = {name: {"revision": pin.revision, "files": dict(sorted(pin.files.items()))} for name, pin in pins.items()}
    fields = {"format": FORMAT, "version": VERSION, "models": models}
    with atomic_writer(path, overwrite=True) as file:
        file.write((json.dumps(fields, indent=2) + "\n").encode())


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
