"""Decoders that warn of headers and metadata, silenced."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
_muted: set[int] = set()  # threads whose words to standard error are dropped


@contextmanager
def quiet() -> Iterator[None]:
    """Silences the warnings of decoders; those that matter are errors here. The lock is needed because warning filters
    are shared by all threads; pixels are decoded outside it."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def mute() -> Iterator[None]:
    """Drops what this thread writes to standard error, which some decoders do instead of warning."""
    thread = threading.get_ident()
    with _lock:
        if not _muted:
            sys.stderr = _Sieve(sys.stderr)
        _muted.add(thread)
    try:
        yield
    finally:
        with _lock:
            _muted.remove(thread)
            if not _muted and isinstance(sys.stderr, _Sieve):
                sys.stderr = sys.stderr.stream


class _Sieve:
    """A stream that drops what muted threads write."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """The number of characters taken."""
        return len(text) if threading.get_ident() in _muted or self.stream is None else int(self.stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
