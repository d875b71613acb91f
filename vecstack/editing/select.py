"""Selections: which layers a text such as "3-7,sky" means."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Collection

from vecstack.errors import DocumentError, UsageError
from vecstack.stack import Stack


def select(stack: Stack, selection: str) -> tuple[int, ...]:
    """The indices of the selected layers, lowest first. A selection is an id, else the name of one or more layers; else
    `*` (all), a number (1 is the lowest layer), a range of numbers such as 3-7; or several of these separated by
    commas. Raises DocumentError where the stack has no such layer, UsageError for an empty selection."""
    check_selection(selection)
    called = _called(stack, selection)
    if called:
        return called
    return tuple(sorted({index for part in selection.split(",") for index in _meant(stack, part.strip())}))


def check_selection(selection: object) -> None:
    """Raise UsageError for a value that cannot be a selection: not a text, or an empty one."""
    if not isinstance(selection, str) or not selection.strip():
        quoted = "" if isinstance(selection, str) else "in quotation marks "
        raise UsageError(
            f"{reprlib.repr(selection)} selects no layers; write {quoted}an id, a name, a number, a range such as 3-7, "
            "*, or several of these separated by commas."
        )


def _called(stack: Stack, word: str) -> tuple[int, ...]:
    """The index of the layer with that id, or else those of the layers with that name."""
    by_id = tuple(index for index, layer in enumerate(stack.layers) if layer.id == word)
    return by_id or tuple(index for index, layer in enumerate(stack.layers) if layer.name == word)


def _meant(stack: Stack, part: str) -> Collection[int]:
    """The indices of the layers that one part of a selection means. Raises DocumentError, UsageError."""
    check_selection(part)
    called = _called(stack, part)
    if called or part == "*":
        return called or range(len(stack.layers))
    numbers = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
    if numbers is None:
        raise DocumentError(f"no layer {reprlib.repr(part)}{_nearest_words(stack, part)}")
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not 1 <= first <= last <= len(stack.layers):
        there = f"they are numbered 1 (the lowest) to {len(stack.layers)}" if stack.layers else "there are none"
        raise DocumentError(f"no layers {part}; {there}.")
    return range(first - 1, last)


def _nearest_words(stack: Stack, word: str) -> str:
    """The ids and names closest to a word, to end a message."""
    words = list(dict.fromkeys(word for layer in stack.layers for word in (layer.id, layer.name) if word))
    near = difflib.get_close_matches(word[:128], words, 3)
    if near:
        return f"; the nearest are {', '.join(map(repr, near))}."
    return f"; there are {', '.join(map(repr, words[:5])) or 'none'}{', ...' if words[5:] else ''}."


def select_one(stack: Stack, selection: str) -> int:
    """The index of the only layer that a selection means. Raises DocumentError where it means none or several."""
    chosen = select(stack, selection)
    if len(chosen) != 1:
        raise DocumentError(f"{reprlib.repr(selection)} selects {len(chosen)} layers, but exactly one is needed.")
    return chosen[0]
