"""Selections: which layers a text such as "3-7,sky" means."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Collection

from vecstack.errors import DocumentError, UsageError
from vecstack.stack import Group, Stack


def select(stack: Stack, selection: str) -> tuple[int, ...]:
    """The indices of the selected layers, lowest first. A selection is the id of a layer, else the name of one or more
    layers, else the id and else the name of groups, for the layers in them and in groups inside them; else `*` (all), a
    number (1 is the lowest layer), a range of numbers such as 3-7; or several of these separated by commas. Raises
    DocumentError where the stack has no such layer, UsageError for an empty selection."""
    check_selection(selection)
    called = _called(stack, selection)
    if called is not None:
        return called
    return tuple(sorted({index for part in selection.split(",") for index in _meant(stack, part.strip())}))


def check_selection(selection: object) -> None:
    """Raise UsageError for a value that cannot be a selection: not a text, or an empty one."""
    if not isinstance(selection, str) or not selection.strip():
        quoted = "" if isinstance(selection, str) else "in quotation marks "
        raise UsageError(
            f"{reprlib.repr(selection)} selects no layers; write {quoted}an id, a name, a number, a group, a range "
            "such as 3-7, *, or several of these separated by commas."
        )


def groups_called(stack: Stack, selection: str) -> tuple[Group, ...]:
    """The groups that the whole of a selection is the id or else the name of; none where it means anything else, such
    as a layer of that name."""
    word = selection if selection in _words(stack) else selection.strip()
    return () if _layers_called(stack, word) else _groups_called(stack, word)


def _called(stack: Stack, word: str) -> tuple[int, ...] | None:
    """The indices of the layers that an id or a name means, of layers or else of groups; None where it is none."""
    layers = _layers_called(stack, word)
    if layers:
        return layers
    groups = _groups_called(stack, word)
    if not groups:
        return None
    members = stack.members()
    return tuple(sorted({index for group in groups for index in members[group.id]}))


def _layers_called(stack: Stack, word: str) -> tuple[int, ...]:
    """The index of the layer with that id, or else those of the layers with that name."""
    by_id = tuple(index for index, layer in enumerate(stack.layers) if layer.id == word)
    return by_id or tuple(index for index, layer in enumerate(stack.layers) if layer.name == word)


def _groups_called(stack: Stack, word: str) -> tuple[Group, ...]:
    """The group with that id, or else the groups with that name."""
    by_id = tuple(group for group in stack.groups if group.id == word)
    return by_id or tuple(group for group in stack.groups if group.name == word)


def _words(stack: Stack) -> list[str]:
    """The ids and names of layers, then those of groups."""
    of_layers = [word for layer in stack.layers for word in (layer.id, layer.name)]
    of_groups = [word for group in stack.groups for word in (group.id, group.name)]
    return list(dict.fromkeys(word for word in of_layers + of_groups if word))


def _meant(stack: Stack, part: str) -> Collection[int]:
    """The indices of the layers that one part of a selection means. Raises DocumentError, UsageError."""
    check_selection(part)
    called = _called(stack, part)
    if called is not None:
        return called
    if part == "*":
        return range(len(stack.layers))
    numbers = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
    if numbers is None:
        what = "layer or group" if stack.groups else "layer"
        raise DocumentError(f"no {what} {reprlib.repr(part)}{_nearest_words(stack, part)}")
    first, last = int(numbers[1]), int(numbers[2] or numbers[1])
    if not 1 <= first <= last <= len(stack.layers):
        there = f"they are numbered 1 (the lowest) to {len(stack.layers)}" if stack.layers else "there are none"
        raise DocumentError(f"no layers {part}; {there}.")
    return range(first - 1, last)


def _nearest_words(stack: Stack, word: str) -> str:
    """The ids and names closest to a word, to end a message."""
    words = _words(stack)
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
