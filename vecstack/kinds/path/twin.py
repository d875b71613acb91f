"""The work of kernels.py in plain PyTorch: on CUDA, and on a CPU where loops are not compiled, where it is slower.

The outlines of a band of rows are cut at the borders of pixels all at once, and their signed areas summed up; the paths
are then laid over one another one by one. A band is as high as memory allows. Geometry is float64, rasters are float32.

Shape letters: as in kernels.py, and K edges, G segments (parts of edges within a pixel), N pixels of all windows: those
of each path row by row, with a column more, into which goes what is to the right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from vecstack.composite import lay_over
from vecstack.kinds.base import Scene
from vecstack.kinds.path.arrays import FLAT_FORM, RADIAL_FORM, Paths
from vecstack.kinds.path.shade import Edges, bernstein, from_focus
from vecstack.kinds.path.slopes import Slopes
from vecstack.kinds.path.windows import Windows, boxes_of

PIXELS = 1 << 22  # N, at most, but of a single row: some 200 MB
MOST_EDGES = 512  # of a cubic, on a raster
ENTRIES = 1 << 16  # whose blocks are summed at a time
UNKNOWNS = 1 << 24  # of matrices that are solved at a time
OPAQUE = 0.999  # an opacity from which there is no slope of it: nothing below is seen


@torch.no_grad()
def draw(canvas: Tensor, paths: Paths, tolerance: float) -> None:
    """Lay paths over a canvas [D,H,W] (float32) on its device, in place; edges are at most `tolerance` pixels away from
    their curves."""
    for band in _bands(paths, *canvas.shape[1:]):
        outlines = _Outlines.of(paths, band, tolerance, canvas.device, with_entries=False)
        part = canvas[:, band.top : band.bottom]
        for path in band.met:
            lay_over(part[band.window(path)], _fill(paths, path, band, canvas.device).color, outlines.alpha(path))


@torch.no_grad()
def slopes(paths: Paths, scene: Scene, device: torch.device, tolerance: float) -> Slopes:
    """How the squared error of a scene answers to all numbers of paths."""
    sums = _Sums.of(paths, device)
    for band in _bands(paths, *scene.picture.shape[1:]):
        sums.add(band, scene, tolerance)
    return sums.slopes()


@torch.no_grad()
def solve(paths: Paths, slopes: Slopes, damping: float, most: int, device: torch.device) -> np.ndarray:
    """The damped Gauss-Newton step of each path's points, [M,2]: (H + damping I) step = -slopes. Paths of more than
    `most` points stay."""
    steps = np.zeros_like(paths.points)
    counts = np.diff(paths.point_start)
    for count in np.unique(counts[(counts > 0) & (counts <= most)]):
        alike = np.flatnonzero(counts == count)
        for chosen in np.array_split(alike, -(-len(alike) * (2 * count) ** 2 // UNKNOWNS)):
            points = (paths.point_start[chosen, None] + np.arange(count)).ravel()
            matrices = _matrices(paths, slopes.blocks, chosen, device)
            matrices.diagonal(dim1=1, dim2=2).add_(damping)
            right = torch.tensor(-slopes.points[points], device=device).view(len(chosen), 2 * int(count), 1)
            steps[points] = torch.linalg.solve(matrices, right).view(-1, 2).cpu().numpy()
    return steps


def _matrices(paths: Paths, blocks: np.ndarray, chosen: np.ndarray, device: torch.device) -> Tensor:
    """The curvature [B,2n,2n] of some paths of n points each, from the blocks [Q,36] of all cubics."""
    part = paths.chosen(chosen)
    size = 2 * len(part.points) // len(chosen)
    is_own = np.isin(np.repeat(np.arange(paths.count), np.diff(paths.cubic_start)), chosen)
    batch = part.cubics // (size // 2)  # [Q,4], which path each point is of
    rows = torch.tensor((2 * part.cubics)[:, :, None] + np.arange(2), device=device).flatten(1)  # of all matrices
    columns = rows - size * torch.tensor(batch, device=device).repeat_interleave(2, 1)
    own = torch.tensor(blocks[is_own], device=device)[:, _whole_block(device)]  # [Q,8,8]
    matrices = own.new_zeros(len(chosen) * size * size)
    return matrices.index_add_(0, (rows[:, :, None] * size + columns[:, None]).flatten(), own.flatten()).view(
        -1, size, size
    )


def _whole_block(device: torch.device) -> Tensor:
    """Where the numbers of a symmetric block lie among those of its lower half: [8,8]."""
    row, column = (torch.arange(8, device=device).view(shape) for shape in ((8, 1), (1, 8)))
    low, high = torch.minimum(row, column), torch.maximum(row, column)
    return high * (high + 1) // 2 + low


def _bands(paths: Paths, height: int, width: int) -> Iterator[Windows]:
    """The rows of a raster in bands, whose windows have about PIXELS pixels."""
    boxes = boxes_of(paths, height, width)
    change = np.zeros(height + 1, np.int64)
    np.add.at(change, boxes[:, 1], boxes[:, 2] - boxes[:, 0] + 1)
    np.add.at(change, boxes[:, 3], boxes[:, 0] - boxes[:, 2] - 1)
    numbers = np.cumsum(np.cumsum(change)[:height] + width) // PIXELS
    for top, bottom in pairwise([0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), height]):
        yield Windows.of(boxes, top, bottom)


@dataclass(frozen=True)
class _Fill:
    """What fills a path's window [h,w]: a colour [D,1,1] or [D,h,w]; of a gradient also between which stop and the next
    one each pixel lies, and the next one's share."""

    color: Tensor
    stop: Tensor | None = None
    share: Tensor | None = None


def _fill(paths: Paths, path: int, band: Windows, device: torch.device) -> _Fill:
    """The fill of a path in its window of a band."""
    first, end = paths.stop_start[path : path + 2].tolist()
    colors = torch.tensor(paths.colors[first:end], device=device)
    if paths.form[path] == FLAT_FORM:
        return _Fill(colors[0, :, None, None])
    left, top, right, bottom = band.boxes[path].tolist()
    x = torch.arange(left, right, dtype=torch.float64, device=device) + 0.5
    y = torch.arange(top, bottom, dtype=torch.float64, device=device)[:, None] + 0.5
    a, b, c, d, e, f, *focus = paths.place[path].tolist()
    place = a * x + b * y + c
    if paths.form[path] == RADIAL_FORM:
        across = d * x + e * y + f
        off = x.new_tensor(focus)
        place = from_focus(torch.stack([place, across], -1), off) if any(focus) else torch.hypot(place, across)
    offsets = torch.tensor(paths.offsets[first:end], dtype=torch.float64, device=device)
    after = torch.searchsorted(offsets, place, right=True).clamp(1, len(offsets) - 1)
    near, far = offsets[after - 1], offsets[after]
    share = ((place - near) / (far - near)).nan_to_num(1.0).clamp(0, 1).float()  # NaN: on the last two, at one place
    blended = torch.lerp(colors[after - 1], colors[after], share[..., None])
    return _Fill(blended.permute(2, 0, 1), first + after - 1, share)


@dataclass(frozen=True)
class _Outlines:
    """The paths of a band: the signed coverages [N] of all windows (float32), and opacities; and entries, each a pixel
    that a cubic meets: its place among all windows [E], its cubic [E] and how its area answers to the cubic's eight
    numbers [E,8] (float64)."""

    band: Windows
    cover: Tensor
    opacity: list[float]
    place: Tensor
    cubic: Tensor
    weights: Tensor

    @classmethod
    def of(
        cls, paths: Paths, band: Windows, tolerance: float, device: torch.device, *, with_entries: bool
    ) -> _Outlines:
        """Those of some paths; without entries where nothing is to be tuned."""
        cubics = _cubics_in(paths, band)
        owner = np.searchsorted(paths.cubic_start, cubics, side="right") - 1
        boxes = torch.tensor(band.boxes[owner], device=device)
        pieces = torch.tensor(paths.points[paths.cubics[cubics]], device=device) - boxes[:, None, :2]
        segments = _Segments.of(pieces, boxes[:, 2:] - boxes[:, :2], tolerance)
        starts = torch.tensor(band.starts[owner], device=device)[segments.piece]
        strides = (boxes[:, 2] - boxes[:, 0] + 1)[segments.piece]
        place = starts + segments.row * strides + segments.column.clamp_min(0)
        cover = _accumulated(segments.areas(place, int(band.starts[-1])), band)
        ids = torch.tensor(cubics, device=device)[segments.piece]
        none = cover.new_zeros(0, dtype=torch.long)
        entries = segments.entries(place, ids) if with_entries else (none, none, cover.new_zeros(0, 8))
        return cls(band, cover, paths.opacity.tolist(), *entries)

    def signed(self, path: int) -> Tensor:
        """A path's signed coverages, [h,w]."""
        left, top, right, bottom = self.band.boxes[path].tolist()
        first, end = self.band.starts[path : path + 2].tolist()
        return self.cover[first:end].view(bottom - top, right - left + 1)[:, :-1]

    def alpha(self, path: int) -> Tensor:
        """How much of its window a path hides, [h,w]."""
        return self.signed(path).abs().clamp_max(1) * self.opacity[path]

    def owners(self) -> Tensor:
        """The path of each entry."""
        starts = torch.tensor(self.band.starts, device=self.place.device)
        return torch.searchsorted(starts, self.place, right=True) - 1

    def pixels(self, width: int) -> Tensor:
        """The pixel of each entry, among those of the band row by row."""
        owner = self.owners()
        box = torch.tensor(self.band.boxes, device=self.place.device)[owner]
        starts = torch.tensor(self.band.starts, device=self.place.device)[owner]
        stride = box[:, 2] - box[:, 0] + 1
        row, column = (self.place - starts) // stride, (self.place - starts) % stride
        return (box[:, 1] - self.band.top + row) * width + box[:, 0] + column


def _cubics_in(paths: Paths, band: Windows) -> np.ndarray:
    """The cubics that can meet their path's window in a band, or lie to the left of it."""
    pieces = paths.points[paths.cubics]
    box = np.repeat(band.boxes, np.diff(paths.cubic_start), 0)
    low, high = pieces.min(1), pieces.max(1)
    found: np.ndarray = np.flatnonzero((high[:, 1] >= box[:, 1]) & (low[:, 1] < box[:, 3]) & (low[:, 0] < box[:, 2]))
    return found


def _accumulated(areas: Tensor, band: Windows) -> Tensor:
    """Areas [N] as signed coverages: their sum along each row of each window (float32)."""
    strides = np.repeat(band.boxes[:, 2] - band.boxes[:, 0] + 1, band.boxes[:, 3] - band.boxes[:, 1])
    firsts = torch.tensor(np.cumsum(strides) - strides, device=areas.device)
    sums = areas.cumsum(0)
    before = sums[firsts] - areas[firsts]
    return (sums - before.repeat_interleave(torch.tensor(strides, device=areas.device))).float()


@dataclass(frozen=True)
class _Segments:
    """Parts of edges, each within a pixel or to the left of the window, in the order of their outlines: the index of
    the piece [G], the row and the column [G] (-1 to the left) of its window; from where to where on its edge it goes
    [G]; the edge's step [G,2], the middle's place in its pixel across [G], and the weights [G,4] of the piece's control
    points at both ends of the edge."""

    piece: Tensor
    row: Tensor
    column: Tensor
    begin: Tensor
    end: Tensor
    step: Tensor
    across: Tensor
    first: Tensor
    second: Tensor

    @classmethod
    def of(cls, pieces: Tensor, sizes: Tensor, tolerance: float) -> _Segments:
        """Those of cubic pieces [Q,4,2] in windows of such widths and heights [Q,2]."""
        edges = edges_of(pieces, tolerance, MOST_EDGES)
        starts, ends = edges.ends(pieces)
        edge, begin, end = _cut(starts, ends - starts, sizes[edges.piece].double())
        step, size = (ends - starts)[edge], sizes[edges.piece[edge]]
        middle = starts[edge] + (0.5 * (begin + end))[:, None] * step
        column = torch.minimum(middle[:, 0].floor().long(), size[:, 0] - 1).clamp_min(-1)
        row = torch.minimum(middle[:, 1].floor().long(), size[:, 1] - 1).clamp_min(0)
        across = torch.where(column < 0, 0.0, middle[:, 0] - column)
        first, second = bernstein(edges.places[edge]).unbind(1)
        return cls(edges.piece[edge], row, column, begin, end, step, across, first, second)

    def areas(self, place: Tensor, count: int) -> Tensor:
        """The signed area to the right of the segments, as what each pixel [N] adds to those to its right."""
        area = (self.end - self.begin) * self.step[:, 1]
        found = area.new_zeros(count).index_add_(0, place, area * (1 - self.across))
        return found.index_add_(0, place + 1, area * self.across)

    def entries(self, place: Tensor, cubic: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Place [E], cubic [E] and weights [E,8] of each pixel that a cubic meets, once for each time that it does."""
        inside = self.column >= 0
        place, cubic = place[inside], cubic[inside]
        is_new = torch.ones_like(inside[inside])
        is_new[1:] = (place[1:] != place[:-1]) | (cubic[1:] != cubic[:-1])
        by_second = 0.5 * (self.end**2 - self.begin**2)
        by_first = self.end - self.begin - by_second
        moved = (self.first * by_first[:, None] + self.second * by_second[:, None])[inside]  # [G,4]
        normal = torch.stack([-self.step[:, 1], self.step[:, 0]], 1)[inside]
        each = (moved[:, :, None] * normal[:, None]).flatten(1)
        weights = each.new_zeros(int(is_new.sum()), 8).index_add_(0, is_new.cumsum(0) - 1, each)
        return place[is_new], cubic[is_new], weights


def edges_of(pieces: Tensor, tolerance: float, most: int) -> Edges:
    """Cubic pieces [Q,4,2] as straight edges, at most `tolerance` away from them; of each, no more than `most`."""
    bend = (pieces[:, 2:] - 2 * pieces[:, 1:3] + pieces[:, :2]).square().sum(2).amax(1).sqrt()
    counts = (0.75 * bend / tolerance).sqrt().ceil().clamp(1, most).long()
    piece, number = _numbered(counts)
    return Edges(piece, torch.stack([number, number + 1], 1) / counts[piece, None].double())


def _numbered(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For as many things as counts [K] say: whose each is, and its number among those."""
    owner = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
    return owner, torch.arange(len(owner), device=counts.device) - (counts.cumsum(0) - counts)[owner]


def _cut(starts: Tensor, steps: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Edges [K,2] cut at the borders of pixels, and where they leave windows of such sizes [K,2] upwards, downwards or
    to the right: the edge of each part, and from where to where on it that goes, 0 to 1."""
    enter, leave = _within(starts[:, 1], steps[:, 1], torch.zeros_like(sizes[:, 1]), sizes[:, 1])
    from_left, to_right = _within(starts[:, 0], steps[:, 0], torch.full_like(sizes[:, 0], -torch.inf), sizes[:, 0])
    enter, leave = torch.maximum(enter, from_left).clamp_min(0), torch.minimum(leave, to_right).clamp_max(1)
    kept = (enter < leave).nonzero()[:, 0]
    borders = [_borders(starts[kept, axis], steps[kept, axis], enter[kept], leave[kept]) for axis in range(2)]
    edge = torch.cat([kept, *(kept[which] for which, _ in borders), kept])
    place = torch.cat([enter[kept], *(places for _, places in borders), leave[kept]])
    order = place.argsort(stable=True)
    order = order[edge[order].argsort(stable=True)]
    edge, place = edge[order], place[order]
    is_part = (edge[1:] == edge[:-1]) & (place[1:] > place[:-1])
    return edge[1:][is_part], place[:-1][is_part], place[1:][is_part]


def _within(start: Tensor, step: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """Between which parameters start + parameter * step lies within low..high, all [K]; an empty stretch where it never
    does."""
    still = step == 0
    safe = torch.where(still, torch.ones_like(step), step)
    one, other = (low - start) / safe, (high - start) / safe
    outside = still & ((start < low) | (start >= high))
    enter = torch.where(still, -torch.inf, torch.minimum(one, other))
    return torch.where(outside, torch.inf, enter), torch.where(still, torch.inf, torch.maximum(one, other))


def _borders(start: Tensor, step: Tensor, enter: Tensor, leave: Tensor) -> tuple[Tensor, Tensor]:
    """Where edges pass from a pixel to the next along an axis, from 0 on: which edge, and the parameter."""
    one, other = start + enter * step, start + leave * step
    first = (torch.minimum(one, other).floor() + 1).clamp_min(0)
    counts = (torch.maximum(one, other).ceil() - first).clamp_min(0).long()
    edge, number = _numbered(counts)
    place = (first[edge] + number - start[edge]) / step[edge]
    return edge, place.clamp(enter[edge], leave[edge])


@dataclass
class _Sums:
    """What slopes are summed up in, on a device; see Slopes. The error and what is of points are float64."""

    paths: Paths
    error: Tensor
    points: Tensor
    blocks: Tensor
    colors: Tensor
    color_curvature: Tensor
    opacity: Tensor
    opacity_curvature: Tensor

    @classmethod
    def of(cls, paths: Paths, device: torch.device) -> _Sums:
        """All 0."""
        zeros = Slopes.of(paths)
        return cls(
            paths,
            *(
                torch.tensor(value, dtype=torch.float64, device=device)
                for value in (
                    zeros.error, zeros.points, zeros.blocks, zeros.colors, zeros.color_curvature, zeros.opacity,
                    zeros.opacity_curvature,
                )
            ),
        )  # fmt: skip

    def slopes(self) -> Slopes:
        """The sums."""
        arrays = (
            value.cpu().numpy()
            for value in (
                self.points, self.blocks, self.colors, self.color_curvature, self.opacity, self.opacity_curvature,
            )
        )  # fmt: skip
        return Slopes(float(self.error), *arrays)

    def add(self, band: Windows, scene: Scene, tolerance: float) -> None:
        """Add what a band tells."""
        paths, device = self.paths, self.error.device

        def rows(raster: np.ndarray) -> Tensor:
            return torch.tensor(raster[..., band.top : band.bottom, :], device=device)

        outlines = _Outlines.of(paths, band, tolerance, device, with_entries=True)
        entries = _Entries.of(outlines, len(scene.picture), scene.picture.shape[2])
        canvas = rows(scene.below)
        for path in band.met:
            color = _fill(paths, path, band, device).color
            entries.see(path, color, canvas)
            lay_over(canvas[band.window(path)], color, outlines.alpha(path))
        light = torch.ones_like(canvas[0]) if scene.light is None else rows(scene.light)
        above = torch.zeros_like(canvas) if scene.above is None else rows(scene.above)
        drawn = canvas * light + above
        missing = drawn - rows(scene.picture)
        self.error += missing.double().square().sum()
        sweep = _Sweep(drawn, missing, light, above)
        for path in reversed(band.met):
            entries.light_up(path, light)
            self._add_fill(path, _fill(paths, path, band, device), outlines, sweep)
        self._add_entries(entries, missing)

    def _add_fill(self, path: int, fill: _Fill, outlines: _Outlines, sweep: _Sweep) -> None:
        """Add what a path's window tells of its colours and its opacity, and sweep down through the path."""
        window, opacity = outlines.band.window(path), outlines.opacity[path]
        light, missing, added = sweep.light[window[1:]], sweep.missing[window], sweep.above[window]
        cover = outlines.signed(path).abs().clamp_max(1)
        seen = light * (opacity * cover)
        self._add_colors(path, fill, seen, missing)
        if opacity < OPAQUE:
            below = (sweep.drawn[window] - added - seen * fill.color) / (1 - opacity * cover)
            change = cover * (light * fill.color - below)
            self.opacity[path] += (change * missing).sum()
            self.opacity_curvature[path] += change.square().sum()
        added += seen * fill.color
        light -= seen

    def _add_colors(self, path: int, fill: _Fill, seen: Tensor, missing: Tensor) -> None:
        """Add what a path's window tells of its colours: what is seen of it [h,w], and what is missing [D,h,w]."""
        if fill.stop is None or fill.share is None:
            first = int(self.paths.stop_start[path])
            self.color_curvature[first] += seen.square().sum()
            self.colors[first] += (seen * missing).sum((1, 2))
            return
        far = seen * fill.share
        for stop, part in ((fill.stop, seen - far), (fill.stop + 1, far)):
            self.color_curvature.index_add_(0, stop.flatten(), part.double().square().flatten())
            self.colors.index_add_(0, stop.flatten(), (part * missing).double().flatten(1).T)

    def _add_entries(self, entries: _Entries, missing: Tensor) -> None:
        """Add what the outlines tell of points."""
        corners = torch.tensor(self.paths.cubics, device=missing.device)
        slope, curvature = entries.answers(missing)
        for part in torch.arange(len(slope), device=slope.device).split(ENTRIES):
            weights, cubic = entries.outlines.weights[part], entries.outlines.cubic[part]
            moved = (slope[part, None] * weights).view(-1, 2)
            self.points.index_add_(0, corners[cubic].flatten(), moved)
            low, high = torch.tril_indices(8, 8, device=slope.device)
            self.blocks.index_add_(0, cubic, curvature[part, None] * weights[:, low] * weights[:, high])


@dataclass(frozen=True)
class _Sweep:
    """A band as it is swept from the topmost path down: the picture drawn and what it misses [D,h,W]; the light that
    what is above lets through [h,W] and the colour that it adds [D,h,W], which change."""

    drawn: Tensor
    missing: Tensor
    light: Tensor
    above: Tensor


@dataclass(frozen=True)
class _Entries:
    """The entries of a band's outlines: the pixel of each [E]; by how much its path's colour differs from what is below
    [D,E], and the light that reaches it [E]. Those of a path are from `starts` [L+1] on."""

    outlines: _Outlines
    starts: list[int]
    pixel: Tensor
    contrast: Tensor
    light: Tensor

    @classmethod
    def of(cls, outlines: _Outlines, channels: int, width: int) -> _Entries:
        """Those of some outlines, before anything is drawn."""
        pixel = outlines.pixels(width)
        numbers = torch.arange(len(outlines.opacity) + 1, device=pixel.device)
        starts = torch.searchsorted(outlines.owners(), numbers).tolist()
        light = torch.empty(len(pixel), dtype=torch.float32, device=pixel.device)
        return cls(outlines, starts, pixel, light.new_empty(channels, len(pixel)), light)

    def see(self, path: int, color: Tensor, canvas: Tensor) -> None:
        """Know a path's colours [D,1,1] or [D,h,w] and what is below it: a canvas [D,h,W]."""
        own = slice(self.starts[path], self.starts[path + 1])
        if color.shape[1:] != (1, 1):
            window = self.outlines.band.window(path)[1:]
            local = self.pixel[own]
            row, column = local // canvas.shape[2] - window[0].start, local % canvas.shape[2] - window[1].start
            color = color[:, row, column]
        self.contrast[:, own] = color.flatten(1) - canvas.flatten(1)[:, self.pixel[own]]

    def light_up(self, path: int, light: Tensor) -> None:
        """Know the light [h,W] above a path."""
        own = slice(self.starts[path], self.starts[path + 1])
        self.light[own] = light.flatten()[self.pixel[own]]

    def answers(self, missing: Tensor) -> tuple[Tensor, Tensor]:
        """Slope and curvature of half the squared error by the area of each entry: [E], [E] (float64)."""
        signed = self.outlines.cover[self.outlines.place]
        opacity = torch.tensor(self.outlines.opacity, device=signed.device)[self.outlines.owners()]
        reach = self.light * torch.where(signed >= 0, opacity, -opacity) * (signed.abs() < 1.0001)
        slope = (missing.flatten(1)[:, self.pixel] * self.contrast).sum(0) * reach
        return slope.double(), (self.contrast.square().sum(0) * reach.square()).double()
