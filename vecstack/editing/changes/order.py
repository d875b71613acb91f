"""Changes of which layers there are, and in which order."""

from __future__ import annotations

import reprlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from vecstack.editing.changes.base import SelectedChange, is_count
from vecstack.editing.select import select
from vecstack.errors import DocumentError, UsageError
from vecstack.kinds import can_draw, without_unused
from vecstack.stack import Stack


@dataclass(frozen=True)
class Remove(SelectedChange):
    """Remove layers, and assets that only they used."""

    def apply(self, stack: Stack, device: str) -> Stack:
        return _only(stack, set(range(len(stack.layers))).difference(select(stack, self.select)))


@dataclass(frozen=True)
class Keep(SelectedChange):
    """Remove all other layers."""

    def apply(self, stack: Stack, device: str) -> Stack:
        return _only(stack, set(select(stack, self.select)))


@dataclass(frozen=True)
class Move(SelectedChange):
    """Move layers in the stack, keeping their order: `up` or `down` by one, to the `top` or the `bottom`, or to a
    position (1 is the lowest), which the lowest of them gets."""

    to: str | int
    ENDS: ClassVar = ("up", "down", "top", "bottom")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to not in self.ENDS and not is_count(self.to):
            places = ", ".join(self.ENDS)
            raise UsageError(f"layers can move {places} or to a position from 1 up, not to {reprlib.repr(self.to)}.")

    def apply(self, stack: Stack, device: str) -> Stack:
        chosen = list(select(stack, self.select))
        if not chosen:
            return stack
        order = self._stepped(stack, chosen) if self.to in ("up", "down") else self._placed(stack, chosen)
        return stack.with_layers(stack.layers[index] for index in order)

    def _stepped(self, stack: Stack, chosen: list[int]) -> list[int]:
        """The old indices in the new order, with each chosen layer one step up or down. Raises DocumentError at the
        end."""
        order, step = list(range(len(stack.layers))), 1 if self.to == "up" else -1
        ahead = chosen[::-step]
        if ahead[0] == order[-1 if step == 1 else 0]:
            end = "top" if step == 1 else "lowest"
            raise DocumentError(f"layer {stack.layers[ahead[0]].id} is the {end} one and cannot move {self.to}.")
        for index in ahead:
            order[index], order[index + step] = order[index + step], order[index]
        return order

    def _placed(self, stack: Stack, chosen: list[int]) -> list[int]:
        """The old indices in the new order, with the chosen layers together at their position."""
        others = sorted(set(range(len(stack.layers))).difference(chosen))
        most = len(others) + 1
        number = {"bottom": 1, "top": most}.get(str(self.to), self.to)
        return inserted(others, chosen, cast(int, number), most)


def _only(stack: Stack, kept: Collection[int]) -> Stack:
    """The stack with the kept layers only, and without assets that only the others used."""
    gone = [layer for index, layer in enumerate(stack.layers) if index not in kept]
    if not gone:
        return stack
    left = stack.with_layers(layer for index, layer in enumerate(stack.layers) if index in kept)
    return without_unused(left, filter(can_draw, gone))


def inserted(others: list[Any], block: list[Any], number: int, most: int) -> list[Any]:
    """A list with a block inserted so that its first entry has a position, counted from 1. Raises DocumentError."""
    if number > most:
        raise DocumentError(f"cannot put the selected layers at position {number}; the highest is {most}.")
    return [*others[: number - 1], *block, *others[number - 1 :]]
