"""Which layers a word of a person means."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Collection

from vecstack.errors import DocumentError, UsageError
from vecstack.stack import Stack


def select(stack: Stack, selection: str) -> tuple[int, ...]:
    """Indices of the layers that a selection means, lowest first: an id, else all layers of a name; else `*` (all), a
    number (1 is the lowest layer), a range of numbers such as 3-7; or several of these with commas between. Raises
    DocumentError where the stack has no such layer, UsageError where nothing could be meant."""
    check_selection(selection)
    called = _called(stack, selection)
    if called:
        return called
    return tuple(sorted({index for part in selection.split(",") for index in _meant(stack, part.strip())}))


def check_selection(selection: object) -> None:
    """Raise UsageError for what cannot be a selection."""
    if not isinstance(selection, str) or not selection.strip():
        as_text = "" if isinstance(selection, str) else "in quotation marks "
        raise UsageError(
            f"{reprlib.repr(selection)} selects no layers. Give {as_text}an id, a name, a number, a range such as 3-7, "
            "*, or several of these with commas between."
        )


def _called(stack: Stack, word: str) -> tuple[int, ...]:
    """Indices of the layer of that id, or else of the layers of that name."""
    by_id = tuple(index for index, layer in enumerate(stack.layers) if layer.id == word)
    return by_id or tuple(index for index, layer in enumerate(stack.layers) if layer.name == word)


def _meant(stack: Stack, part: str) -> Collection[int]:
    """Indices of the layers that one part of a selection means."""
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
    """The ids and names that are most like a word, to end a message."""
    words = list(dict.fromkeys(word for layer in stack.layers for word in (layer.id, layer.name) if word))
    near = difflib.get_close_matches(word[:128], words, 3)
    if near:
        return f"; the nearest are {', '.join(map(repr, near))}."
    return f"; there are {', '.join(map(repr, words[:5])) or 'none'}{', ...' if words[5:] else ''}."


def select_one(stack: Stack, selection: str) -> int:
    """The index of the single layer that a selection means."""
    chosen = select(stack, selection)
    if len(chosen) != 1:
        raise DocumentError(f"{reprlib.repr(selection)} means {len(chosen)} layers, and one is needed.")
    return chosen[0]
