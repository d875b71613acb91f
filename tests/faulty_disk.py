"""A disk whose n-th use fails: opening, writing, syncing, naming and making folders, below one folder."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


class FaultyDisk:
    """Counts the uses of the files below a folder, and lets one of them fail, where `fail_at` is not 0."""

    def __init__(self, folder: Path, fail_at: int = 0, code: int = 0) -> None:
        self.folder, self.fail_at, self.code = str(folder), fail_at, code
        self.uses: list[str] = []

    def use(self, what: str, path: object) -> None:
        """Count a use. Raises OSError at the one that fails."""
        if isinstance(path, str | os.PathLike) and str(Path(path).absolute()).startswith(self.folder):
            self.uses.append(what)
            if len(self.uses) == self.fail_at:
                raise OSError(self.code, os.strerror(self.code), os.fspath(path))

    @contextmanager
    def mounted(self) -> Iterator[FaultyDisk]:
        """Within it, all files are used through this disk."""
        with pytest.MonkeyPatch.context() as patch:
            opened = io.open
            for module in (io, builtins):
                patch.setattr(module, "open", self._opener(opened))
            for name in ("link", "replace", "rename", "mkdir"):
                patch.setattr(os, name, self._checked(name, getattr(os, name)))
            patch.setattr(os, "fsync", self._synced(os.fsync))
            yield self

    def _checked(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def checked(path: Any, *arguments: Any, **options: Any) -> Any:
            self.use(name, path)
            return call(path, *arguments, **options)

        return checked

    def _synced(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def synced(number: int) -> None:
            self.use("fsync", Path(f"/proc/self/fd/{number}").readlink())
            call(number)

        return synced

    def _opener(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def opened(path: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            self.use(f"open {mode}", path)
            if mode in ("xb", "wb"):
                return io.BufferedWriter(_Raw(self, path, mode))
            return call(path, mode, *arguments, **options)

        return opened


class _Raw(io.FileIO):
    """A file whose writing is a use of the disk."""

    def __init__(self, disk: FaultyDisk, path: Any, mode: str) -> None:
        self._disk = disk
        super().__init__(path, mode)

    def write(self, data: Any) -> int:
        """Write, or fail."""
        self._disk.use("write", self.name)
        return super().write(data)
