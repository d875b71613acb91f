"""Count what shows as a flaw in the outlines of paths fitted to photos: crossings, thorns, seams along the border, and
slivers of the ground between paths.

A crossing is where a contour crosses itself around at least 0.3 square pixels; a thorn is where it stands out by 3
pixels with its sides within a pixel. Both are counted within the picture, in pixels of the size at which paths were
fitted. With --refined, the paths are then refined to their photo, and to the next one.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import tempfile
from pathlib import Path

import numpy as np
from _common import print_markdown, timed, write_json
from fidelity import Photo, prepare, sample_photos
from PIL import Image
from scipy.ndimage import binary_opening

import vecstack
from vecstack.stack import Stack

STEPS = 24  # of a cubic that is looked at
LEAST_AREA = 0.3  # square px of a loop
REACH, WIDTH, STEP = 3.0, 1.0, 0.25  # px: how far a thorn stands out, how wide it is there, between points looked at


def flattened(contour: np.ndarray) -> np.ndarray:
    """Points [N,2] along a contour [3n,2] of cubics."""
    controls = contour[(np.arange(0, len(contour), 3)[:, None] + np.arange(4)) % len(contour)]
    t = np.arange(STEPS)[:, None, None] / STEPS
    u = 1 - t
    a, b, c, d = (controls[:, index] for index in range(4))
    points = u**3 * a + 3 * u * u * t * b + 3 * u * t * t * c + t**3 * d
    return points.transpose(1, 0, 2).reshape(-1, 2)


def crossings(line: np.ndarray) -> np.ndarray:
    """Where a closed line [N,2] crosses itself around enough: [K,2]."""
    a, r = line, np.roll(line, -1, 0) - line
    swept = np.concatenate([[0], np.cumsum(a[:, 0] * (a + r)[:, 1] - (a + r)[:, 0] * a[:, 1]) / 2])
    found = []
    for i in range(len(line)):
        to = a - a[i]
        det = r[i, 0] * r[:, 1] - r[i, 1] * r[:, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (to[:, 0] * r[:, 1] - to[:, 1] * r[:, 0]) / det
            u = (to[:, 0] * r[i, 1] - to[:, 1] * r[i, 0]) / det
        hits = np.flatnonzero((t >= 0) & (t < 1) & (u >= 0) & (u < 1) & (np.abs(det) > 1e-15))
        for j in hits[(hits > i + 1) & ~((i == 0) & (hits == len(line) - 1))]:
            at = a[i] + t[j] * r[i]
            b, c = a[i] + r[i], a[j]
            loop = swept[j] - swept[i + 1] + (at[0] * b[1] - b[0] * at[1] + c[0] * at[1] - at[0] * c[1]) / 2
            if min(abs(loop), abs(swept[-1] - loop)) >= LEAST_AREA:
                found.append(at)
    return np.array(found).reshape(-1, 2)


def thorns(line: np.ndarray) -> np.ndarray:
    """Where a closed line [N,2] stands out without being wide: [K,2]."""
    lengths = np.linalg.norm(np.roll(line, -1, 0) - line, axis=1)
    arc = np.concatenate([[0], np.cumsum(lengths)])
    closed = np.concatenate([line, line[:1]])
    count = max(8, int(np.ceil(arc[-1] / STEP)))
    at = np.arange(count) * arc[-1] / count
    even = np.stack([np.interp(at, arc, closed[:, axis]) for axis in range(2)], 1)
    reach = round(REACH / STEP)
    if count < 2 * reach + 4:
        return np.empty((0, 2))
    before, after = np.roll(even, reach, 0), np.roll(even, -reach, 0)
    wide = np.linalg.norm(before - after, axis=1)
    near = np.min([np.roll(wide, shift) for shift in range(-reach, reach + 1) if shift], 0)
    stands_out = np.minimum(np.linalg.norm(before - even, axis=1), np.linalg.norm(after - even, axis=1))
    return even[(wide < WIDTH) & (wide < near) & (stands_out > 0.75 * REACH)]


def counted(stack: Stack, side: int) -> tuple[int, int]:
    """Crossings and thorns of a stack's paths within the picture, whose longer side has so many pixels."""
    scale = side / max(stack.canvas.width, stack.canvas.height)
    edge = np.array([stack.canvas.width, stack.canvas.height]) * scale
    totals = [0, 0]
    for layer in stack.layers:
        rows = np.array(layer.transform.rows())
        for contour in getattr(layer, "contours", ()):
            points = np.array(contour).reshape(-1, 2) @ rows[:, :2].T + rows[:, 2]
            line = flattened(points * scale)
            for index, places in enumerate((crossings(line), thorns(line))):
                totals[index] += int(((places > 0) & (places < edge)).all(1).sum())
    return totals[0], totals[1]


def border_seams(stack: Stack, side: int) -> float:
    """Share of the outermost quarter pixels in which a colour differs by more than 24 levels from that 3 of them in."""
    drawn = vecstack.render(stack, size=4 * side).astype(int)
    edges = [(drawn[0], drawn[3]), (drawn[-1], drawn[-4]), (drawn[:, 0], drawn[:, 3]), (drawn[:, -1], drawn[:, -4])]
    return float(np.mean([(np.abs(outer - inner).max(1) > 24).mean() for outer, inner in edges]))


def slivers(stack: Stack, side: int) -> int:
    """Half pixels in which a fifth of the ground or more shows, where that is less than 7 of them wide."""
    black, white = (
        vecstack.render(
            dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, background=(ground,) * 3)), 2 * side
        )
        for ground in (0.0, 1.0)
    )
    shows = np.pad(white.mean(2) - black.mean(2) > 51, 8, mode="edge")
    return int((shows & ~binary_opening(shows, np.ones((7, 7), bool)))[8:-8, 8:-8].sum())


Row = dict[str, str | int | float]


def measured(photo: Photo, count: int, targets: list[Photo]) -> list[Row]:
    """So many paths fitted to a photo, and then refined to each of some."""
    stack, cost = timed(lambda: vecstack.decompose(photo.path, "paths", count))
    rows = [row(photo.name, count, stack, photo.picture, cost.cpu)]
    for target in targets:
        picture = target.picture.resize(photo.picture.size)
        refined, cost = timed(lambda picture=picture: vecstack.refine(stack, picture))
        rows.append(row(f"{photo.name}, refined to {target.name}", count, refined, picture, cost.cpu))
    return rows


def row(name: str, count: int, stack: Stack, picture: Image.Image, seconds: float) -> Row:
    """PSNR in dB, seconds of the processor, and the flaws of outlines."""
    side = max(picture.size)
    loops, barbs = counted(stack, side)
    error = np.square(vecstack.render(stack, side, transparent=False).astype(float) - np.asarray(picture)).mean()
    return {
        "photo": name,
        "paths": count,
        "dB": float(10 * np.log10(255**2 / error)),
        "CPU s": seconds,
        "crossings": loops,
        "thorns": barbs,
        "slivers": slivers(stack, side),
        "% of border": 100 * border_seams(stack, side),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="*", type=Path, help="pictures to fit paths to (default: those of fidelity.py)")
    parser.add_argument(
        "--limit", type=int, default=6, help="take no more than so many of the default ones (default: 6)"
    )
    parser.add_argument("--layers", nargs="+", type=int, default=[20, 64, 256], metavar="N")
    parser.add_argument("--side", type=int, default=512, metavar="PX", help="longer side of a picture (default: 512)")
    parser.add_argument("--refined", action="store_true", help="refine the paths, too")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = [(path.stem, path) for path in arguments.photos] or itertools.islice(sample_photos(), arguments.limit)
        photos = [prepare(*source, arguments.side, Path(folder)) for source in sources]
        targets = [
            [photo, photos[(at + 1) % len(photos)]] if arguments.refined else [] for at, photo in enumerate(photos)
        ]
        results = [
            found
            for count in arguments.layers
            for photo, towards in zip(photos, targets, strict=True)
            for found in measured(photo, count, towards)
        ]
    rows = [
        [f"{value:.2f}" if isinstance(value, float) else str(value) for value in found.values()] for found in results
    ]
    print_markdown("Outlines of paths", list(results[0]), rows)
    write_json(arguments.json, {"results": results})


if __name__ == "__main__":
    main()
