"""Changes of the numbers that define the shapes of masks."""

from __future__ import annotations

import math
import random
import reprlib
from collections.abc import Hashable
from dataclasses import dataclass

from vecstack.color import is_number
from vecstack.editing.changes.base import SelectedChange
from vecstack.editing.select import check_selection, select, select_one
from vecstack.errors import DocumentError, UsageError
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack

MAX_AMOUNT = 1e6  # of a jitter, in spreads: the largest number of a code
JITTER_DIGITS = 3  # of a typical move that are kept: finer than shows, and shorter in a file


@dataclass(frozen=True)
class SwapCode(SelectedChange):
    """Swap the masks of two layers: they exchange the numbers that define the shapes, and keep all else. Both must be
    of one kind, with masks of the same net or of equally many numbers."""

    with_: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_selection(self.with_)

    def apply(self, stack: Stack, device: str) -> Stack:
        indices = [select_one(stack, selection) for selection in (self.select, self.with_)]
        one, other = (stack.layers[index] for index in indices)
        if _family(one) != _family(other):
            raise DocumentError(f"the codes of {one.id} and {other.id} cannot be swapped; their masks differ in kind.")
        kind = kind_of(one)
        swapped = kind.with_shape(one, kind.shape(other)), kind.with_shape(other, kind.shape(one))
        return stack.replace(dict(zip(indices, swapped, strict=True)), {})


@dataclass(frozen=True)
class Jitter(SelectedChange):
    """Vary the masks of layers at random: a normal random number is added to each number of a code, in units of the
    standard deviation of all such codes in the stack. The seed and a layer's id fix its direction, the amount how far
    to go: so amounts 0.1, 0.2, 0.3 are steps of a walk. After Sbai, Couprie, Aubry, ICIP 2020, who explore masks so."""

    by: float
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.by) or not abs(self.by) <= MAX_AMOUNT:
            raise UsageError(f"an amount must be a number up to {MAX_AMOUNT:g}, not {reprlib.repr(self.by)}.")
        if not isinstance(self.seed, int) or isinstance(self.seed, bool):
            raise UsageError(f"a seed must be an integer, not {reprlib.repr(self.seed)}.")

    def apply(self, stack: Stack, device: str) -> Stack:
        spreads: dict[Hashable, float] = {}
        changed = {}
        for index in select(stack, self.select):
            layer = stack.layers[index]
            family = _family(layer)
            if family not in spreads:
                spreads[family] = _spread(stack, family)
            changed[index] = self._moved(layer, self.by * spreads[family])
        return stack.replace(changed, {})

    def _moved(self, layer: Layer, amount: float) -> Layer:
        if amount == 0:
            return layer
        kind, rng = kind_of(layer), random.Random(f"{self.seed} {layer.id}")
        decimals = JITTER_DIGITS - math.floor(math.log10(abs(amount)))
        shape = (round(value + amount * rng.gauss(0, 1), decimals) for value in kind.shape(layer))
        return kind.with_shape(layer, tuple(shape))


def _family(layer: Layer) -> tuple[str, Hashable]:
    """A key that is equal for layers whose codes can be exchanged. Raises DocumentError."""
    if not _has_shape(layer):
        raise DocumentError(f"layer {layer.id} is of kind {layer.kind}, whose mask this version cannot change.")
    return layer.kind, kind_of(layer).family(layer)


def _has_shape(layer: Layer) -> bool:
    return can_draw(layer) and bool(kind_of(layer).shape(layer))


def _spread(stack: Stack, family: Hashable) -> float:
    """The standard deviation of the numbers of all codes of a family; 1 where they are all equal."""
    layers = [layer for layer in stack.layers if _has_shape(layer) and _family(layer) == family]
    values = [value for layer in layers for value in kind_of(layer).shape(layer)]
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values)) or 1.0
