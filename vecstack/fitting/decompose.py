"""Decompose: a picture and a model give a stack of layers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vecstack.color import Color, is_grey, mean_color, to_color
from vecstack.document.file import size_of
from vecstack.errors import UsageError
from vecstack.fitting.choose import AUTO, choose_model, is_small, suited_maker
from vecstack.fitting.compact import compact
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, EFFORTS, SKETCH, check_effort, check_seed
from vecstack.fitting.goal import PSNR_BYTES, Goal, check_count
from vecstack.fitting.guide import Segments, find_guide
from vecstack.fitting.progress import ProgressCallback
from vecstack.fitting.refine import groups, refine
from vecstack.kinds import find_kind, kind_of
from vecstack.kinds.base import NO_GROUND, TONED, GridMaker, Guide, GuidedMaker, Made, SceneMaker, Style, StyledMaker
from vecstack.models import Model, load_model
from vecstack.stack import Canvas, Stack

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture

DETAIL_LAYERS = 60  # begun one by one, where nothing else is asked for
UNASKED: dict[str | float, str | float] = {"good": "fast"}  # of the first command: seconds, for 0.2 dB
POLISHED = "best"  # the effort at which layers of two kinds are tuned together in the end: seconds for 0.1 dB
GROWN_LAYERS = 128  # in all, where layers are grown and nothing else is asked for
DPI_DECIMALS = 2  # of what a PNG rounds to a pixel a metre
NO_COLOR = (1.0, 1.0, 1.0)  # behind a transparent picture, where a file cannot be transparent and nobody said


def decompose(
    picture: Any,
    model: str | Path | Model = AUTO,
    layers: int | None = None,
    *,
    effort: str | float = DEFAULT_EFFORT,
    detail: Goal | None = None,
    background: str | Color | None = None,
    style: Style | None = None,
    segments: Segments | None = None,
    focus: Segments | None = None,
    simplify: str | None = None,
    seed: int = 0,
    device: str = "auto",
    report: ProgressCallback | None = None,
) -> Stack:
    """A stack of `layers` layers (128, or what the model gives, if not said) that looks like the picture: a path,
    bytes, an open binary file, a PIL picture, an array (see pictures.read.load_picture), or a Picture. `model` is a
    Model, what load_model takes, or "auto" for the one that fitting.choose.choose_model chooses.

    `effort` is "sketch", the layers that the model predicts and nothing fitted; or how much layers are fitted to the
    picture: "fast", "good" or "best", or a number of seconds (see vecstack.refine). More layers than the model gives,
    or a `detail` goal, grow layers where the picture is still missed (see fitting.grow.grow), or begin them one by one
    where the model is of a kind that does so (see fitting.detail.add_detail). Where neither is asked for, a small
    bitmap has the layers that draw it sharp above those of a model that predicts (see fitting.underlay). A goal in
    bytes leaves out the model's layers, and the net that they need, where the picture comes closer without them.

    A `style` asks for few colours, a palette, smooth outlines, blocks, sharp edges or opaque layers, or how strokes are
    and what is under them, of a model that takes that. The way of painting is the model.
    `segments` are parts of the picture that become groups of their own, and `focus` is where detail matters more: a
    mask, or who finds them (see fitting.guide.find_guide); `simplify` takes out detail, so that the structure is not
    made of it (see fitting.simplify.simplified). All are for models all of whose layers are grown.

    A transparent picture gives a transparent stack, but for a sketch, and for a model that predicts layers where a
    `background` is to show through; a sketch has black or white there, whichever the picture stands out from, if none
    is said. Fewer layers of a sketch have the first masks of more where the stacks have the same background, which is
    the one of black and white that comes closer, in colours that are best for so many. The same `seed` gives the same
    stack, except with a number of seconds.

    Raises PictureError, DeviceError, WeightsError (no such model); UsageError for a count or an effort that cannot be
    given, a sketch with more than the model predicts, a style or segments of a model that takes none, a seed out of
    0..2**32-1, and what is no colour."""
    from vecstack.drawing.file import with_thumbnail
    from vecstack.pictures.read import FITTED_PIXELS, as_picture

    check_count(layers)
    check_effort(effort, DECOMPOSE_EFFORTS)
    check_seed(seed)
    color = None if background is None else to_color(background)
    loaded = as_picture(picture, FITTED_PIXELS)
    wanted = layers if detail is None else (detail.layers if layers is None else layers)
    is_opaque = style is not None and style.opaque
    wishes = {"segments": segments, "focus": focus, "simplify": simplify}
    is_guided = any(wish is not None for wish in wishes.values())
    opened = _styled(_opened(model, loaded, effort, wanted, detail, is_guided, is_opaque, device), style)
    goal = None if wanted is None and detail is None else dataclasses.replace(detail or Goal(wanted), layers=wanted)
    if effort == SKETCH:
        _check_sketch(opened, goal)
    guide = _guide(opened, loaded, wishes, wanted or GROWN_LAYERS, device, seed) if is_guided else None
    if style is not None and style.ground is not None:
        loaded = _grounded(loaded, style.ground)
    seen = _looked_at(loaded, opened)
    sketch = _sketch(loaded, seen, opened, wanted, color, is_fitted=effort != SKETCH)
    stack = _on_ground(sketch, style)
    if effort != SKETCH:
        stack = _fit(stack, seen, opened, effort, goal, color or loaded.ground, guide, is_opaque, seed, device, report)
    if goal is not None and goal.budget_bytes is not None:
        return stack  # a thumbnail would take of its bytes
    return with_thumbnail(stack)


def _opened(
    model: str | Path | Model,
    loaded: Picture,
    effort: str | float,
    layers: int | None,
    detail: Goal | None,
    is_guided: bool,
    is_opaque: bool,
    device: str,
) -> Model:
    """The model that was given, named or left to be chosen."""
    if isinstance(model, Model):
        return model
    if not isinstance(model, str | Path):
        raise UsageError(f"model must be a Model, a name or a path, not {model!r:.60}; use {AUTO!r} or a shipped name.")
    if model != AUTO:
        return load_model(model, device)
    choice = choose_model(loaded, effort, layers, detail, is_guided=is_guided, is_opaque=is_opaque)
    return load_model(choice.name, device)


def _styled(model: Model, style: Style | None) -> Model:
    """The model with what is asked of the looks. Raises UsageError where it takes nothing of that."""
    if style is None or style == Style():
        return model
    takes = model.maker.takes if isinstance(model.maker, StyledMaker) else frozenset()
    for name in style.asked:
        if name not in takes:
            raise UsageError(f"{name} is not for {model.name}; leave it out, or use another model.", parameter=name)
    assert isinstance(model.maker, StyledMaker)
    return dataclasses.replace(model, maker=model.maker.styled(style))


def _guide(
    model: Model, loaded: Picture, wishes: Mapping[str, Any], layers: int, device: str, seed: int
) -> Guide | None:
    """What guides so many layers, by what is asked for. Raises UsageError where the model's cannot be guided."""
    asked, taken = {name for name, wish in wishes.items() if wish is not None}, _guides_of(model)
    if not asked <= taken:
        name = next(name for name in wishes if name in asked - taken)
        raise UsageError(
            f"{name} does not guide {model.name}, only {' and '.join(sorted(taken))}; leave it out, or use paths."
            if taken
            else "segments, focus and simplify guide layers that are grown, and those of "
            f"{model.name} are not; use paths.",
            parameter=name,
        )
    return find_guide(loaded, **wishes, layers=layers, device=device, seed=seed)


def _guides_of(model: Model) -> frozenset[str]:
    """What guides the layers of a model."""
    if isinstance(model.maker, GuidedMaker):
        return model.maker.guides
    if model.maker.max_layers or isinstance(model.maker, SceneMaker) or not _grows(model):
        return frozenset()
    return frozenset({"segments", "focus", "simplify"})


def _check_sketch(model: Model, goal: Goal | None) -> None:
    """Raise UsageError where a goal asks for more than the model predicts."""
    most = model.maker.max_layers
    if most == 0 or (goal is not None and (goal != Goal(goal.layers or 1) or (goal.layers or 1) > most)):
        raise UsageError(
            f"effort {SKETCH} fits nothing, so it gives no more than the {model.maker.max_layers} layers that "
            f"{model.name} predicts, and meets no goal; use {', '.join(EFFORTS)} or a number of seconds.",
            parameter="effort",
        )


def _grounded(loaded: Picture, ground: str | Color) -> Picture:
    """The picture over the ground that is asked for; transparent, though no pixel may be, where there is to be none."""
    import numpy as np

    if ground == NO_GROUND:
        alpha = np.ones(loaded.pixels.shape[:2], np.float32) if loaded.alpha is None else loaded.alpha
        return dataclasses.replace(loaded, alpha=alpha)
    if loaded.alpha is None:
        return loaded
    seen = loaded.pixels[loaded.alpha > 0]
    color = to_color(ground) if ground != TONED else mean_color(seen[None]) if len(seen) else loaded.ground
    return dataclasses.replace(loaded, pixels=loaded.over(color), alpha=None)


def _on_ground(stack: Stack, style: Style | None) -> Stack:
    """The stack with the colour under all layers that is asked for."""
    ground = None if style is None else style.ground
    if ground is None or ground in (TONED, NO_GROUND):
        return stack
    return dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, background=to_color(ground)))


def _looked_at(loaded: Picture, model: Model) -> Picture:
    """The picture as a model works on it: before it was enlarged, of one that looks for that."""
    if not isinstance(model.maker, GridMaker):
        return loaded
    import numpy as np

    alpha = [] if loaded.alpha is None else [loaded.alpha[..., None]]
    found = model.maker.looked_at(np.concatenate([loaded.pixels, *alpha], 2))
    return dataclasses.replace(loaded, pixels=found[..., :3], alpha=found[..., 3] if alpha else None)


def _sketch(
    loaded: Picture, seen: Picture, model: Model, layers: int | None, background: Color | None, *, is_fitted: bool
) -> Stack:
    """The layers that a model predicts of what it has `seen` of a picture, as many as are asked for and it can give.
    They cover what is transparent, until they are fitted."""
    most = model.maker.max_layers
    is_transparent = loaded.alpha is not None and (most == 0 or (is_fitted and background is None))
    behind = background or (loaded.ground if most else NO_COLOR)
    whole = Canvas(*loaded.sides)
    pixels = seen.over(behind)
    made = model.maker.make(pixels, whole.rect, most if layers is None else min(layers, most))
    if is_grey(pixels):
        made = _in_grey(made)
    color = behind if is_transparent else made.background
    dpi = {} if loaded.dpi is None else {"dpi": round(loaded.dpi, DPI_DECIMALS)}
    return Stack(
        Canvas(*loaded.sides, color, transparent=is_transparent),
        made.layers,
        made.assets,
        source={"sha256": loaded.sha256, "width": whole.width, "height": whole.height, **dpi},
        model={"name": model.name} | ({} if model.sha256 is None else {"sha256": model.sha256}),
    )


def _in_grey(made: Made) -> Made:
    """Layers of a grey picture without the tints that a model gave them: the mean of the channels is never farther
    from it."""

    def grey(color: Color) -> Color:
        level = sum(color) / len(color)
        return level, level, level

    layers = tuple(kind_of(layer).recolored(layer, grey) or layer for layer in made.layers)
    return dataclasses.replace(made, background=grey(made.background), layers=layers)


def _grows(model: Model) -> bool:
    """Whether what the model's layers miss is grown: not where their kind is begun one by one."""
    from vecstack.fitting.grow import growing_kind

    kind = find_kind(model.kind)
    return growing_kind() is not None and kind is not None and (kind.can_grow or not kind.can_begin)


def _fit(
    stack: Stack,
    loaded: Picture,
    model: Model,
    effort: str | float,
    goal: Goal | None,
    background: Color,
    guide: Guide | None,
    opaque: bool,
    seed: int,
    device: str,
    report: ProgressCallback | None,
) -> Stack:
    """The sketch brought closer to its picture, and more layers where that is not enough."""
    from vecstack.fitting.detail import add_detail
    from vecstack.fitting.grow import grow
    from vecstack.fitting.refine import polish
    from vecstack.fitting.underlay import with_grown_layers, with_sharp_layers

    options: Any = {"background": background, "seed": seed, "device": device, "report": report}
    most = model.maker.max_layers
    if most and _is_count(goal, most):
        return refine(stack, loaded, effort, **options) if groups(stack) else stack
    if not _grows(model):
        goal = goal or Goal(DETAIL_LAYERS)
        if most:
            return refine(stack, loaded, effort, goal, **options)
        return add_detail(stack, loaded, goal, effort, **options)
    if goal is not None and goal.budget_bytes is not None and most:
        return _within_budget(stack, loaded, effort, goal, options)
    composing = model.maker if isinstance(model.maker, SceneMaker) else None
    if goal is None and most and stack.canvas.transparent:
        return _around_nothing(stack, loaded, UNASKED.get(effort, effort), options)
    if goal is None and most and (sharp := _sharp_maker(loaded, background, device)) is not None:
        return with_sharp_layers(stack, loaded, sharp, effort, **options)
    if goal is None:
        effort = UNASKED.get(effort, effort)
        own = Goal(GROWN_LAYERS if composing is None else composing.most_layers)
        grown = grow(stack, loaded, own, effort, maker=composing, guide=guide, opaque=opaque, **options)
    elif most and stack.canvas.transparent:
        grown = with_grown_layers(stack, loaded, goal, effort, **options)
    elif most:  # the model's layers are tuned as they are without any more: more layers are never worse
        grown = refine(stack, loaded, effort, goal, **options)
    else:
        grown = grow(stack, loaded, goal, effort, maker=composing, guide=guide, opaque=opaque, **options)
    return polish(grown, loaded, background, seed, device) if most and effort == POLISHED else grown


def _around_nothing(stack: Stack, loaded: Picture, effort: str | float, options: Any) -> Stack:
    """The layers of a sketch of a transparent picture, tuned since they would cover all of it, with more where they
    miss it; or what draws a small bitmap sharp, where that comes closer."""
    from vecstack.fitting.grow import grow
    from vecstack.fitting.target import open_target
    from vecstack.fitting.underlay import with_grown_layers

    tried = [with_grown_layers(stack, loaded, Goal(GROWN_LAYERS), effort, **options)]
    if (sharp := _sharp_maker(loaded, options["background"], options["device"])) is not None:
        bare = Stack(stack.canvas, source=stack.source, model=stack.model)
        tried.append(grow(bare, loaded, Goal(sharp.most_layers), effort, maker=sharp, **options))
    target = open_target(stack, loaded, options["background"], options["device"], options["seed"])
    return min(tried, key=lambda fitted: float(target.errors(fitted).mean()))


def _sharp_maker(loaded: Picture, background: Color, device: str) -> SceneMaker | None:
    """What draws a small bitmap sharp, over a colour where it is transparent; None of other pictures."""
    if not is_small(loaded):
        return None
    suited = suited_maker(dataclasses.replace(loaded, pixels=loaded.over(background), alpha=None))
    maker = None if suited is None else load_model(suited[0], device).maker
    return maker if isinstance(maker, SceneMaker) else None


def _is_count(goal: Goal | None, most: int) -> bool:
    """Whether a goal is no more than a number of layers that a model gives."""
    return goal is not None and goal.layers is not None and goal == Goal(goal.layers) and goal.layers <= most


def _within_budget(stack: Stack, loaded: Picture, effort: str | float, goal: Goal, options: Any) -> Stack:
    """The closest stack within a size of the file: with the model's layers and the net that they need, or without."""
    from vecstack.fitting.grow import grow

    bare = Stack(_ground(stack, loaded, options["background"]), source=stack.source)
    tried = [grow(bare, loaded, goal, effort, **options)]
    if size_of(compact(stack, device=options["device"])).file + PSNR_BYTES <= cast(int, goal.budget_bytes):
        tried.append(grow(stack, loaded, goal, effort, **options))
    return max(tried, key=lambda grown: float(grown.metrics["psnr"]))


def _ground(stack: Stack, loaded: Picture, background: Color) -> Canvas:
    """The canvas of a stack, in the picture's mean colour where it is not transparent."""
    if stack.canvas.transparent:
        return stack.canvas
    return Canvas(*loaded.sides, mean_color(loaded.over(background)))
