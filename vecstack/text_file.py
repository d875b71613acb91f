"""Text files that people write (scripts, recipes, palettes): read up to a limit, with hints for misspelt words."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from vecstack.errors import RecipeError
from vecstack.extras import install

MAX_TEXT_BYTES = 1 << 20  # a script of 20,000 changes


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The table of a TOML file in UTF-8. Raises RecipeError: it cannot be read, is too large, or is not TOML."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise RecipeError(f"{path}: reading TOML on Python 3.10 needs tomli. {install('train')}") from error
    try:
        text = read_text(path)
    except RecipeError as error:
        if isinstance(error.__cause__, UnicodeDecodeError):
            raise RecipeError(f"{path}: not TOML (not text in UTF-8).") from error
        raise
    try:
        return cast(dict[str, Any], tomllib.loads(text))
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{path}: not TOML ({' '.join(str(error).split())[:200]}).") from error


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file in UTF-8, of at most MAX_TEXT_BYTES. Raises RecipeError."""
    return decode(path, read_start(path))


def read_start(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file up to one more than a text may have. Raises RecipeError."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise RecipeError(f"{os.fspath(path)!r}: cannot be read ({reason}); check the name.") from error


def decode(path: str | os.PathLike[str], data: bytes) -> str:
    """The text of a file's bytes, without a byte order mark. Raises RecipeError, which names the path."""
    if len(data) > MAX_TEXT_BYTES:
        raise RecipeError(f"{path}: more than {MAX_TEXT_BYTES:,} bytes; split it.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: not text in UTF-8; save it as UTF-8.") from error


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: the known word most like it, or all known ones. Ends the message."""
    words = list(known)
    near = difflib.get_close_matches(word[:128], words, 1)
    return f"did you mean {near[0]}?" if near else f"use one of {', '.join(words)}."
