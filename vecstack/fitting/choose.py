"""Choose: a picture says which model suits it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from vecstack.fitting.effort import SKETCH
from vecstack.kinds import find_kind, kind_names
from vecstack.models import DEFAULT_MODEL

if TYPE_CHECKING:
    import numpy as np

    from vecstack.fitting.goal import Goal
    from vecstack.kinds.base import MakerEntry
    from vecstack.pictures.read import Picture

Question: TypeAlias = "Callable[[np.ndarray], str | None]"

ICONS, ICON_LAYERS = "icons", 10  # the model whose sketch of a flat picture is closest, and the most that it predicts
AUTO = "auto"  # in place of a model's name: the one that suits the picture
SMALL_PX = 64  # long side of the largest picture that counts as a small bitmap
# A flat picture: so many of its pixels have the very colour of the next ones, and few colours hold most of these. Of
# photos less than half do, of a JPEG of a blurred one up to two thirds.
EVEN_SHARE, HELD_SHARE, FEW_COLORS = 0.7, 0.9, 24
# So is one where steps between pixels are slight (noise, or shades), or else steep: of photos, a seventh of those that
# are not slight are steep, at most.
SLIGHT, STEEP, STEEP_SHARE = 6, 64, 0.3  # levels of 8 bits
COLOR_STEP = 8  # levels of 8 bits within which colours count as one
MAX_LOOKED_AT = 1 << 22  # pixels


@dataclass(frozen=True)
class Choice:
    """The name of a model that suits a picture, and why, in words that can stand in parentheses."""

    name: str
    reason: str


def choose_model(
    picture: Picture,
    effort: str | float,
    layers: int | None = None,
    detail: Goal | None = None,
    *,
    is_guided: bool = False,
    is_opaque: bool = False,
) -> Choice:
    """The model for a picture, an effort, and a number of layers or a goal, if one is asked for, or a guide
    (`is_guided`), or layers none of which is translucent (`is_opaque`): the first rule that fits. No rule looks for
    handwriting. Where the looks of the picture alone decide, the reason names another model that is worth a try, if
    there is one."""
    choice = _first_that_fits(picture, effort, layers, detail, is_guided, is_opaque)
    if is_guided or effort == SKETCH or layers is not None or detail is not None:
        return choice
    other = _asked(picture, lambda entry: entry.resembles)
    if other is None:
        return choice
    return Choice(choice.name, f"{choice.reason}; it looks like {other[1]}, for which there is model {other[0]}")


def _first_that_fits(
    picture: Picture, effort: str | float, layers: int | None, detail: Goal | None, is_guided: bool, is_opaque: bool
) -> Choice:
    """The model of the first rule that fits."""
    size = "{} x {} px".format(*picture.sides)
    if is_guided:
        return Choice("paths", f"a picture of {size}, whose parts are told apart")
    if effort == SKETCH:
        flat = None if layers is not None and layers > ICON_LAYERS else _flatness(picture)
        if flat is not None:
            return Choice(ICONS, f"a sketch of {size}, as predicted: {flat}")
        return Choice(DEFAULT_MODEL, f"a sketch of {size}, as predicted")
    if is_small(picture):
        suited = suited_maker(picture) if layers is None and detail is None else None
        if suited is not None:
            return Choice(suited[0], f"a small bitmap of {size}: {suited[1]}")
        if not is_opaque and picture.alpha is None:
            return Choice("splines", f"a small bitmap of {size}")
    flat = _flatness(picture)
    if flat is not None:
        return Choice("graphic", f"a flat picture of {size}: {flat}")
    if is_opaque:
        return Choice("paths", f"a picture of {size}, of which no layer is to be translucent")
    if picture.alpha is not None:
        return Choice("paths", f"a transparent picture of {size}")
    if detail is not None and detail.budget_bytes is not None:
        return Choice("paths", f"a budget of {detail.budget_bytes:,} bytes, in which a net would not pay")
    if layers is not None or detail is not None:
        return Choice("paths", f"{size}: of all layers, paths draw most with as many")
    return Choice(DEFAULT_MODEL, f"a picture of {size}")


def is_small(picture: Picture) -> bool:
    """Whether a picture counts as a small bitmap."""
    return max(picture.width, picture.height) <= SMALL_PX


def suited_maker(picture: Picture) -> tuple[str, str] | None:
    """The name of the maker that is the best for a small bitmap, and why, in words; None where it is none in
    particular."""
    return _asked(picture, lambda entry: entry.suits)


def _asked(picture: Picture, question: Callable[[MakerEntry], Question | None]) -> tuple[str, str] | None:
    """The name of the first maker that answers a question about a picture, and its answer; None where none does."""
    pixels = _premultiplied(picture.pixels, picture.alpha).transpose(2, 0, 1)
    for kind in map(find_kind, kind_names()):
        for name, entry in (kind.makers if kind else {}).items():
            ask = question(entry)
            answer = None if ask is None else ask(pixels)
            if answer is not None:
                return name, answer
    return None


def _flatness(picture: Picture) -> str | None:
    """What makes a picture a flat one, in words; None of one that is not."""
    import numpy as np

    step = -(-picture.width * picture.height // MAX_LOOKED_AT)
    rows = np.arange(0, picture.height - 1, step)
    here, below = (_levels(picture, chosen) for chosen in (rows, rows + 1))
    here, beside, below = here[:, :-1], here[:, 1:], below[:, :-1]
    if not here.size:
        return None
    steps = np.maximum(np.abs(here - beside).max(2), np.abs(here - below).max(2))
    for slight, amid in ((0, ""), (SLIGHT, " but for slight steps")):
        even = steps <= slight
        share = float(even.mean())
        colors = _color_count(here[even]) if share >= EVEN_SHARE else FEW_COLORS + 1
        if colors <= FEW_COLORS and (slight == 0 or (steps > STEEP).sum() > STEEP_SHARE * (~even).sum()):
            return f"{100 * share:.0f} % even{amid}, most in {colors} {'color' if colors == 1 else 'colors'}"
    return None


def _color_count(colors: np.ndarray) -> int:
    """How many colours hold most of those of some pixels [N,D], levels of 8 bits; one at the least."""
    import numpy as np

    _, counts = np.unique(colors // COLOR_STEP, axis=0, return_counts=True)
    held = np.cumsum(np.sort(counts)[::-1])
    return int(np.searchsorted(held, HELD_SHARE * held[-1])) + 1


def _levels(picture: Picture, rows: np.ndarray) -> np.ndarray:
    """Rows of a picture as levels of 8 bits: [R,W,D], premultiplied with coverage where it is transparent."""
    import numpy as np

    alpha = None if picture.alpha is None else picture.alpha[rows]
    pixels = _premultiplied(picture.pixels[rows], alpha)
    levels: np.ndarray = np.rint(pixels * 255).astype(np.int16)
    return levels


def _premultiplied(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Pixels [H,W,3], premultiplied with coverage [H,W,4] where they are transparent."""
    import numpy as np

    if alpha is None:
        return pixels
    cover = alpha[..., None]
    return np.concatenate([pixels * cover, cover], 2)
