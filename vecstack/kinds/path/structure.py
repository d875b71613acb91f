"""The regions of a picture as the first paths: wholes, and their parts on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecstack.kinds.base import Guide, Scene
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.contours import fit_closed, outline
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.regions import merged
from vecstack.winding import area_of

MIN_PIECES = 3
PIECES = 0.58  # of a path, times the square root of its outline's length in px
ERROR = 0.7  # px that an outline may be away from its pixels, before tuning
STRUCTURE_POWER = 0.5  # of a boundary's length: higher ones give rounder regions
MOST_OPACITY = 0.97  # of what may be translucent: an opaque layer has no slope of its opacity
GROUPS = 8  # at most, of regions
SAME_COLOR = 1 / 255  # nearer colours are not told apart
TINT = 3.0  # times as much as by their light, colours are told apart by their tint
TINTED = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])  # orthonormal: light, and two tints
UNDER = 4  # px that an opaque region goes on below those above it, so that no seam shows between them
CLEAR = 0.5  # coverage below which a region of a transparent picture is no region of paths


def regions_of(
    scene: Scene, count: int, seed: int, guide: Guide | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture's regions [H,W], `count` of them at most, each in one of the segments of a guide where there are
    enough; their order, large ones first, those of a coarser region together, and those of a segment [K]; and these
    coarser regions [K], which are those of the simplest picture that a guide has."""
    _, height, width = scene.picture.shape
    segments, simple = (None, ()) if guide is None else (guide.segments, guide.levels)
    told = simple[-1] if simple else scene.picture
    is_flat = parts_of(guide) == 1 and bool((np.ptp(told, (1, 2)) < SAME_COLOR).all())
    told = tinted(told, TINT)
    most = 1 if is_flat else min(count, height * width)
    few = min(max(GROUPS, parts_of(guide)), most)
    if simple:
        coarse = merged(tinted(simple[0], TINT), (few,), STRUCTURE_POWER, seed, segments)[few]
        fine = merged(told, (most,), STRUCTURE_POWER, seed, coarse)[most]
    else:
        found = merged(told, (most, few), STRUCTURE_POWER, seed, segments)
        fine, coarse = found[most], found[few]
    count, groups = int(fine.max()) + 1, int(coarse.max()) + 1
    parent = np.zeros(count, np.int64)
    parent[fine.ravel()] = coarse.ravel()
    size = np.bincount(fine.ravel(), minlength=count)
    sizes = np.bincount(coarse.ravel(), minlength=groups)
    order = np.lexsort((-size, parent, -sizes[parent], most_frequent(coarse, segments)[parent]))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return fine, rank, parent


def parts_of(guide: Guide | None) -> int:
    """How many parts a guide tells apart."""
    return 1 if guide is None or guide.segments is None else len(np.unique(guide.segments))


def tinted(picture: np.ndarray, tint: float) -> np.ndarray:
    """An opaque picture [3,H,W] as light and two tints, these times `tint`, so that a face is told from a wall that is
    as light. A transparent one as it is: there coverage tells things apart."""
    if len(picture) == 4 or tint == 1:
        return picture
    return np.tensordot(TINTED * np.array([[1], [tint], [tint]]), picture, 1).astype(np.float32)


def structure(growth: Growth, scene: Scene, count: int, pieces: int, opaque: bool) -> None:
    """Add the picture's regions as paths, holes filled: of each coarser region the whole, in the colour of its largest
    part, and on it the other parts, large ones below small ones. The order of the regions becomes that of the paths.
    Where they are to be `opaque`, they stay so while they are tuned, and go on a little below those above them."""
    means, size = means_of(growth.regions, scene.picture)
    drawn, place = _order(growth, means, size)
    holes = _clear_holes(growth.regions, means, pieces)
    coarse, seen = growth.parent[growth.regions], place[growth.regions]
    contours: list[list[np.ndarray]] = []
    owner: list[int] = []
    for position, (part, is_whole) in enumerate(drawn[:count]):
        inside = coarse == growth.parent[part] if is_whole else growth.regions == part
        contour = _fitted(_line(_spread(inside, seen > position, UNDER) if opaque else inside), pieces)
        if contour is not None:
            contours.append([contour, *(hole for hole in holes if _holds(contour, hole))])
            owner.append(part)
    if contours:
        colors = straight(means[owner])
        opacity = np.ones(len(owner))
        if not opaque:
            cover = means[owner][:, 3] if len(scene.picture) == 4 else opacity
            opacity = np.clip(cover, 0.0, MOST_OPACITY)
        growth.add(Paths.of_contours(contours, colors, opacity), np.array(owner, np.int64))


def _order(growth: Growth, means: np.ndarray, size: np.ndarray) -> tuple[list[tuple[int, bool]], np.ndarray]:
    """Which regions are drawn, lowest first, and whether each is there for the whole of its coarser region; and the
    place in that list of what shows each region, [K], -1 where nothing does. It becomes the growth's order, too."""
    coarse = growth.parent[growth.regions]
    area, whole_area = (
        np.array([abs(area_of(line)) for line in _lines(regions)]) for regions in (growth.regions, coarse)
    )
    above = most_frequent(coarse, growth.segment[growth.regions])
    drawn: list[tuple[int, bool]] = []
    place = np.full(len(size), -1)
    for number in np.lexsort((-whole_area, above)):
        own = np.flatnonzero(growth.parent == number)
        base = own[np.argmax(size[own])]
        others = own[own != base]
        for part in (base, *others[np.argsort(-area[others], kind="stable")]):
            growth.rank[part] = len(drawn)
            if _is_clear(means[part]):
                continue
            if part != base and np.abs(means[part] - means[base]).max() < SAME_COLOR:
                place[part] = place[base]
                continue
            place[part] = len(drawn)
            drawn.append((int(part), bool(part == base)))
    return drawn, place


def _spread(inside: np.ndarray, below: np.ndarray, distance: int) -> np.ndarray:
    """A region [H,W] with the pixels up to a distance from it that are `below` others, where it does not show."""
    inside = inside.copy()
    for _ in range(distance):
        near = np.zeros_like(inside)
        near[1:] |= inside[:-1]
        near[:-1] |= inside[1:]
        near[:, 1:] |= inside[:, :-1]
        near[:, :-1] |= inside[:, 1:]
        inside |= near & below
    return inside


def _line(inside: np.ndarray) -> np.ndarray:
    """The outer boundary of a connected region [H,W] (see `outline`)."""
    height, width = inside.shape
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return outline(inside.astype(np.int64), 1, box, width, height)


def outlines(regions: np.ndarray, numbers: Sequence[int] | np.ndarray, pieces: int) -> list[np.ndarray | None]:
    """The outer boundaries of some connected regions [H,W] as contours [3n,2] of up to `pieces` cubics; None of what is
    too small."""
    return [_fitted(line, pieces) for line in _lines(regions, numbers)]


def _lines(regions: np.ndarray, numbers: Sequence[int] | np.ndarray | None = None) -> list[np.ndarray]:
    """The outer boundaries of some connected regions [H,W], or all (see `outline`)."""
    height, width = regions.shape
    boxes = _boxes(regions)
    numbers = range(len(boxes)) if numbers is None else numbers
    return [outline(regions, number, boxes[number], width, height) for number in numbers]


def _fitted(line: np.ndarray, pieces: int) -> np.ndarray | None:
    """A boundary as a contour [3n,2] of up to `pieces` cubics; None of one that is too short."""
    most = min(max(round(PIECES * len(line) ** 0.5), MIN_PIECES), pieces)
    return fit_closed(line, MIN_PIECES, most, ERROR) if len(line) >= 4 else None


def _boxes(regions: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom of each region: [K,4]."""
    width = regions.shape[1]
    order = np.argsort(regions.ravel(), kind="stable")
    starts = np.searchsorted(regions.ravel()[order], np.arange(int(regions.max()) + 1))
    rows, columns = order // width, order % width
    low, high = (reduce.reduceat(columns, starts) for reduce in (np.minimum, np.maximum))
    top, bottom = (reduce.reduceat(rows, starts) for reduce in (np.minimum, np.maximum))
    return np.stack([low, top, high + 1, bottom + 1], 1)


def means_of(regions: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of values [D,H,W] in each region, [K,D], and the regions' sizes in pixels, [K]."""
    numbers = regions.ravel()
    size = np.bincount(numbers)
    return np.stack([np.bincount(numbers, channel.ravel()) / size for channel in values], 1), size


def most_frequent(regions: np.ndarray, segments: np.ndarray | None) -> np.ndarray:
    """The segment that most pixels of each region [H,W] are in: [K]; 0 where there are none."""
    if segments is None:
        return np.zeros(int(regions.max()) + 1, np.int64)
    found: np.ndarray = shared(regions, segments).argmax(1)
    return found


def shared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many pixels each number of one [H,W] has in common with each of another: [K,N]."""
    rows, columns = int(one.max()) + 1, int(other.max()) + 1
    found: np.ndarray = np.bincount(one.ravel() * columns + other.ravel(), minlength=rows * columns)
    return found.reshape(rows, columns)


def _is_clear(mean: np.ndarray) -> bool:
    """Whether a region of a transparent picture is mostly empty."""
    return len(mean) == 4 and mean[3] < CLEAR


def straight(colors: np.ndarray) -> np.ndarray:
    """Premultiplied colours [N,4] as straight ones with a coverage of 1; [N,3] as they are."""
    if colors.shape[1] == 3:
        return colors
    straight: np.ndarray = np.clip(colors / np.maximum(colors[:, 3:], 1e-3), 0, 1)
    straight[:, 3] = 1
    return straight


def _clear_holes(regions: np.ndarray, means: np.ndarray, pieces: int) -> list[np.ndarray]:
    """Of a transparent picture, the outlines of its empty parts that do not reach its border, the other way round than
    those of regions, so that they cut holes."""
    if means.shape[1] != 4:
        return []
    clear = means[:, 3] < CLEAR
    joined = _components(regions, clear)
    rim = {*joined[0], *joined[-1], *joined[:, 0], *joined[:, -1]}
    inside = [number for number in np.unique(joined[clear[regions]]).tolist() if number not in rim]
    compact = np.searchsorted(np.unique(joined), joined)
    numbers = np.searchsorted(np.unique(joined), inside)
    return [np.roll(contour[::-1], 1, 0) for contour in outlines(compact, numbers, pieces) if contour is not None]


def _components(regions: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """The regions [H,W] with those that are clear [K] joined to their clear neighbours."""
    root = np.arange(len(clear))

    def find(number: int) -> int:
        while root[number] != number:
            number = int(root[number])
        return number

    for one, other in ((regions[:, :-1], regions[:, 1:]), (regions[:-1], regions[1:])):
        pairs = np.stack([one.ravel(), other.ravel()], 1)
        pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & clear[pairs].all(1)]
        for a, b in np.unique(pairs, axis=0).tolist():
            root[find(a)] = find(b)
    found: np.ndarray = np.array([find(number) for number in range(len(clear))])[regions]
    return found


def _holds(contour: np.ndarray, hole: np.ndarray) -> bool:
    """Whether a hole lies within a contour: most of its knots do, of the polygon of the other's points."""
    x, y = hole[::3].T
    (ax, ay), (bx, by) = contour.T, np.roll(contour, -1, 0).T
    spans = (ay[:, None] > y) != (by[:, None] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < (bx - ax)[:, None] * (y - ay[:, None]) / (by - ay)[:, None] + ax[:, None]
    return bool(((spans & left).sum(0) % 2 == 1).mean() > 0.5)
