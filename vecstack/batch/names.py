"""Names of outputs, and the patterns that they are made by."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

from vecstack.errors import UsageError

WORDS = ("stem", "name", "suffix")  # of the input: its name without its ending, and with it; the output's ending


def stem(path: Path) -> str:
    """The name without its suffix, which is .layers.json for photo.layers.json."""
    return Path(path.stem).stem if path.name.endswith(".layers.json") else path.stem


def check_pattern(pattern: str, options: Mapping[str, object]) -> None:
    """Raise UsageError unless a pattern has one name for each input: it has {stem} or {name}, and no word but these,
    {suffix} and options that were given."""
    words = _words(pattern)
    for word in words:
        if word not in WORDS and word not in options:
            raise UsageError(f"--name: there is no {{{word}}}; use {', '.join(f'{{{known}}}' for known in WORDS)}.")
        if word not in WORDS and options[word] is None:
            raise UsageError(f"--name has {{{word}}}, but no --{word.replace('_', '-')} is given; add it.")
    if "stem" not in words and "name" not in words:
        raise UsageError(f"--name {pattern!r:.60} would give all outputs one name; put {{stem}} into it.")


def named_by(pattern: str, values: Mapping[str, object], suffix: str) -> str:
    """The name that a pattern gives, with the suffix at its end. Raises UsageError for one that is no file name."""
    name = string.Formatter().vformat(pattern, (), {**values, "suffix": suffix.removeprefix(".")})
    whole = name if name.endswith(suffix) else name + suffix
    if any(letter in whole for letter in "/\\\0") or not whole.strip("."):
        raise UsageError(f"--name gives {whole!r:.80}, which is not a file name; leave / and \\ out.")
    return whole


def _words(pattern: str) -> list[str]:
    """The words in braces. Raises UsageError for a pattern that is not made of text and words."""
    try:
        parts = list(string.Formatter().parse(pattern))
    except ValueError as error:
        raise UsageError(f"--name {pattern!r:.60}: {error}; write a brace twice where one is meant.") from None
    for _, word, form, conversion in parts:
        if word is not None and (not word.isidentifier() or form or conversion):
            raise UsageError(f"--name: {{{word}}} is no word; use {', '.join(f'{{{known}}}' for known in WORDS)}.")
    return [word for _, word, _, _ in parts if word is not None]
