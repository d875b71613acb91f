"""Grow: layers fitted all at once to the pixels of a picture, and more of them where it is missed."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any, cast

import torch

from vecstack.color import Color, to_color
from vecstack.device import resolve_device
from vecstack.document.file import size_of
from vecstack.errors import UsageError
from vecstack.fitting.compact import compact
from vecstack.fitting.effort import DEFAULT_EFFORT, check_effort, check_seed
from vecstack.fitting.goal import PSNR_BYTES, Goal, check_above
from vecstack.fitting.progress import Progress, ProgressCallback
from vecstack.fitting.scenes import RASTER_PIXELS, own_scene, scene_of, smaller
from vecstack.fitting.target import psnr_of
from vecstack.kinds import can_draw, find_kind, kind_names, kind_of
from vecstack.kinds.base import Grown, Scene, Terms
from vecstack.pictures.read import Picture, as_picture
from vecstack.stack import MAX_LAYERS, Group, Layer, Stack, check_aspect

if TYPE_CHECKING:
    from vecstack.kinds.base import Grower, Guide, Kind, SceneMaker

LEAST_PIXELS, LAYER_PIXELS = 1 << 17, 1536  # of a raster that a number of layers is grown on, and for each of them
POLISHING = "fast"  # the effort of tuning on all pixels
FIRST, MORE = 8, 2  # layers that a goal without a count begins with, and by how much they grow from try to try
LESS, FAR_LESS = 0.94, 0.75  # of the layers that are kept when fewer may do, and where the goal is passed by far
CAREFUL = 0.98  # of the layers that would fill a file, by the bytes that those before took
MIN_GAIN_DB, MAX_STALLED = 0.02, 3  # of twice as many layers: less, so many times one after another, is the end


def growing_kind() -> Kind[Layer] | None:
    """The kind of layer that is grown where a picture is missed, unless another is asked for."""
    found = (find_kind(name) for name in kind_names())
    return next((kind for kind in found if kind is not None and kind.can_grow), None)


def grows_on(stack: Stack) -> bool:
    """Whether layers that are added to a stack are grown: not above those of a kind that is begun one by one."""
    top = next((layer for layer in reversed(stack.layers) if can_draw(layer)), None)
    kind = None if top is None else kind_of(top)
    return growing_kind() is not None and (kind is None or kind.can_grow or not kind.can_begin)


def grow(
    stack: Stack,
    picture: Any,
    goal: Goal,
    effort: str | float = DEFAULT_EFFORT,
    *,
    background: str | Color = (0.0, 0.0, 0.0),
    seed: int = 0,
    device: str = "auto",
    report: ProgressCallback | None = None,
    maker: SceneMaker | None = None,
    guide: Guide | None = None,
    opaque: bool = False,
) -> Stack:
    """The stack with layers grown above its own until the goal is met or nothing more helps; layers on top that can
    themselves be grown are fitted together with them. `effort` and `seed` are those of vecstack.refine. A transparent
    canvas is fitted to the picture's own transparency. The same call gives the same stack, except with a number of
    seconds. With `budget_bytes` the layers that are there are compacted. A `maker` composes all layers of a stack that
    has none in its own way; a `guide` says what belongs together and where detail matters; with `opaque`, no layer
    that is added is translucent. Raises UsageError (a goal below what the stack has), PictureError, DeviceError."""
    began = time.monotonic()
    check_effort(effort)
    check_seed(seed)
    check_above(goal, stack)
    loaded = as_picture(picture)
    check_aspect(stack, *loaded.sides)
    chosen = resolve_device(device)
    if goal.budget_bytes is not None and stack.layers:
        stack = compact(stack, device=device)
    kind = growing_kind()
    assert kind is not None
    first = _first_of_run(stack, kind)
    is_count = goal.layers is not None and goal.psnr is None and goal.budget_bytes is None
    pixels = _pixels_for(goal.layers - first) if is_count and goal.layers and maker is None else RASTER_PIXELS
    behind = to_color(background)
    own = own_scene(stack, loaded, first, behind, chosen) if first else None  # what is below is drawn once
    scene = (
        scene_of(stack, loaded, first, len(stack.layers), behind, chosen, pixels)
        if own is None
        else smaller(own, pixels)
    )
    said = None if report is None else lambda share, error: report(Progress(min(1.0, share), psnr_of(error)))
    deadline = None if isinstance(effort, str) else began + effort
    enough = None if goal.psnr is None else 10 ** (-goal.psnr / 10)
    terms = Terms(effort if isinstance(effort, str) else DEFAULT_EFFORT, seed, deadline, said, enough, guide, opaque)
    grower = (
        kind.grower(stack.layers[first:], scene, terms, chosen) if maker is None else maker.grower(scene, terms, chosen)
    )
    if is_count and goal.layers:
        grower.grow_to(goal.layers - first)
        found = grower.grown(), grower.error
    else:
        found = _grown_to_goal(grower, stack, first, goal, deadline)
    is_reduced = scene.picture[0].size < loaded.width * loaded.height
    if is_reduced and goal.budget_bytes is None and maker is None:  # other numbers may take more bytes
        own = own or own_scene(stack, loaded, first, behind, chosen)
        found = _polished(kind, own, found[0], Terms(POLISHING, seed, deadline), chosen)
    if said is not None:
        said(1.0, found[1])
    return _measured(_with(stack, first, found[0]), found[1])


def _pixels_for(layers: int) -> int:
    """On how many pixels so many layers are grown: their detail is no finer, and steps are as much quicker."""
    return min(RASTER_PIXELS, max(LEAST_PIXELS, LAYER_PIXELS * layers))


def _polished(kind: Kind[Layer], scene: Scene, grown: Grown, terms: Terms, device: torch.device) -> tuple[Grown, float]:
    """Layers tuned on all pixels of a scene, if that brings them closer, and their mean squared error there."""
    grower = kind.grower(grown.layers, scene, terms, device)
    before = grower.error
    grower.tune()
    after = grower.error
    return (Grown(grower.grown().layers, grown.groups), after) if after < before else (grown, before)


def _measured(stack: Stack, error: float) -> Stack:
    return dataclasses.replace(stack, metrics={**stack.metrics, "psnr": round(psnr_of(error), 2)})


def tune_runs(
    stack: Stack,
    loaded: Picture,
    effort: str | float,
    background: Color,
    seed: int,
    device: torch.device,
    report: ProgressCallback | None = None,
) -> Stack:
    """The stack with every run of visible layers that can be grown brought closer to the picture, or as it was."""
    deadline = None if isinstance(effort, str) else time.monotonic() + effort
    said = None if report is None else lambda share, error: report(Progress(min(1.0, share), psnr_of(error)))
    for first, end in runs_of(stack):
        scene = scene_of(stack, loaded, first, end, background, device)
        terms = Terms(effort if isinstance(effort, str) else DEFAULT_EFFORT, seed, deadline, said)
        grower = kind_of(stack.layers[first]).grower(stack.layers[first:end], scene, terms, device)
        before = grower.error
        grower.tune()
        after = grower.error
        if after < before:
            stack = stack.replace(dict(enumerate(grower.grown().layers, first)), {})
        stack = _measured(stack, min(before, after))
    return stack


def runs_of(stack: Stack) -> list[tuple[int, int]]:
    """First and end of the runs of visible layers of one kind that can be grown."""
    keys = [
        layer.kind if layer.is_seen and can_draw(layer) and kind_of(layer).can_grow else None for layer in stack.layers
    ]
    cuts = [index for index in range(len(keys)) if not index or keys[index] != keys[index - 1]]
    ends = [*cuts[1:], len(keys)] if cuts else []
    return [(first, end) for first, end in zip(cuts, ends, strict=True) if keys[first] is not None]


def _first_of_run(stack: Stack, kind: Kind[Layer]) -> int:
    """Where the run of layers that can be grown begins which ends at the top of a stack."""
    first = len(stack.layers)
    while first and can_draw(stack.layers[first - 1]) and kind_of(stack.layers[first - 1]) is kind:
        if not stack.layers[first - 1].is_seen:
            break
        first -= 1
    return first


def _grown_to_goal(grower: Grower, stack: Stack, first: int, goal: Goal, deadline: float | None) -> tuple[Grown, float]:
    """The layers, and their mean squared error, that reach a PSNR, or fill a size of the file: as many as it takes,
    and as there is time for."""
    most = (goal.layers or MAX_LAYERS) - first
    enough = None if goal.psnr is None else 10 ** (-goal.psnr / 10)
    before, stalled = grower.error, 0
    count = max(grower.count, min(FIRST, most))
    while True:
        grower.grow_to(count)
        error = grower.error
        is_close = enough is not None and error <= enough
        is_full = goal.budget_bytes is not None and _bytes(grower, stack, first) > goal.budget_bytes
        stalled = stalled + 1 if psnr_of(error) - psnr_of(before) < MIN_GAIN_DB else 0
        is_late = deadline is not None and time.monotonic() >= deadline
        if is_close or is_full or is_late or count >= most or stalled == MAX_STALLED:
            break
        before = error
        count = min(most, MORE * count)
    if goal.budget_bytes is not None:
        _shrink_into(grower, stack, first, goal.budget_bytes)
    return _fewest(grower, enough) if enough is not None else (grower.grown(), grower.error)


def _fewest(grower: Grower, enough: float) -> tuple[Grown, float]:
    """The fewest layers found that are within an error, if they are now: more and more are dropped, as long as what is
    left can be tuned to be close enough."""
    found = grower.grown(), grower.error
    share = LESS
    while found[1] <= enough and grower.count > 0 and share < 0.99:
        grower.shrink_to(min(grower.count - 1, int(share * grower.count)))
        grower.tune()
        error = grower.error
        if error > enough:
            break
        found = grower.grown(), error
        share = LESS if psnr_of(error) - psnr_of(enough) < 1 else FAR_LESS
    return found


def _shrink_into(grower: Grower, stack: Stack, first: int, budget: int) -> None:
    """Drop layers until the file is small enough. Raises UsageError where those that must stay are too many."""
    before = grower.count + 1
    while True:
        bytes_ = _bytes(grower, stack, first)
        if bytes_ <= budget:
            return
        if grower.count == before or not grower.count:
            raise UsageError(
                f"budget_bytes must be at least the {bytes_:,} bytes that the stack takes already, not {budget:,}.",
                parameter="budget_bytes",
            )
        before = grower.count
        empty = size_of(stack.with_layers(stack.layers[:first])).file
        share = max(0.0, (budget - empty) / max(1, bytes_ - empty))
        grower.shrink_to(min(grower.count - 1, int(CAREFUL * share * grower.count)))
        grower.tune()


def _bytes(grower: Grower, stack: Stack, first: int) -> int:
    return size_of(_with(stack, first, grower.grown())).file + PSNR_BYTES


def _with(stack: Stack, first: int, grown: Grown) -> Stack:
    """The stack with grown layers above its first ones, under ids that are free."""
    taken = {layer.id for layer in stack.layers}
    groups_taken = {group.id for group in stack.groups}
    names = {group.id: _free(group.id, groups_taken) for group in grown.groups}
    new_groups = tuple(
        dataclasses.replace(group, id=names[group.id], parent=None if group.parent is None else names[group.parent])
        for group in grown.groups
    )
    old = {layer.id for layer in stack.layers[first:]}
    layers = [
        layer
        if layer.id in old
        else dataclasses.replace(layer, id=_free(layer.id, taken), group=names.get(cast(str, layer.group), layer.group))
        for layer in grown.layers
    ]
    groups: tuple[Group, ...] = (*stack.groups, *new_groups)
    return dataclasses.replace(stack, layers=(*stack.layers[:first], *layers), groups=groups, thumbnail=None)


def _free(name: str, taken: set[str]) -> str:
    """A name that is not taken, which it then is."""
    found, count = name, 1
    while found in taken:
        count += 1
        found = f"{name}-{count}"
    taken.add(found)
    return found
