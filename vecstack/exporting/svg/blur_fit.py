"""Outlines under one blur, fitted to what is to be covered by damped Gauss-Newton steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

LEAST_DEVIATION, MOST_DEVIATION = 0.1, 1.5  # canvas units
EACH = 6  # places of a piece at which it is looked at
BENDING = 1e-3  # weight of squared third differences of control points against squared errors
STEPS, SETTLED = 12, 1e-3  # and the share of the error below which there is no other one
DAMPING, LEAST_DAMPING = 1e-3, 1e-6
MORE = 0.15  # of the control points, which are added at once

_ALONG = (np.arange(EACH) + 0.5) / EACH
_VALUES = np.stack([(1 - _ALONG) ** 2 / 2, 0.5 + _ALONG - _ALONG**2, _ALONG**2 / 2], 1)
_SLOPES = np.stack([_ALONG - 1, 1 - 2 * _ALONG, _ALONG], 1)


@dataclass(frozen=True)
class Blurred:
    """Closed uniform quadratic B-splines, control points [N,2] each (canvas units), filled and blurred by a deviation;
    the sum of squared errors of the pixels of the picture."""

    splines: tuple[np.ndarray, ...]
    deviation: float
    error: float = math.inf


@dataclass(frozen=True)
class Aim:
    """P places [P,2] (canvas units), what is to be covered there [P], the deviation of what each is seen through, and
    what its squared error counts; the first `own` are pixels of the picture."""

    places: np.ndarray
    cover: np.ndarray
    seen: np.ndarray
    weights: np.ndarray
    own: int


def fitted(blurred: Blurred, aim: Aim) -> Blurred:
    """The outlines and the blur of least squared error, bending included."""
    stiff, damping = _stiffness(blurred.splines), DAMPING
    drawn, answers = _answers(blurred, aim)
    energy = _energy(blurred, drawn, aim, stiff)
    for _ in range(STEPS):
        weighted = answers * aim.weights[:, None]
        matrix = weighted.T @ answers + damping * np.eye(answers.shape[1])
        matrix[:-1, :-1] += stiff
        downhill = weighted.T @ (aim.cover - drawn)
        downhill[:-1] -= stiff @ _numbers(blurred.splines)
        moved = _moved(blurred, np.linalg.solve(matrix, downhill))
        moved_drawn, moved_answers = _answers(moved, aim)
        moved_energy = _energy(moved, moved_drawn, aim, stiff)
        if moved_energy >= energy:
            damping = max(10 * damping, DAMPING)
            continue
        is_settled = moved_energy > (1 - SETTLED) * energy
        blurred, drawn, answers, energy = moved, moved_drawn, moved_answers, moved_energy
        damping = max(damping / 5, LEAST_DAMPING)
        if is_settled:
            break
    return replace(blurred, error=float(np.square(drawn - aim.cover)[: aim.own].sum()))


def _energy(blurred: Blurred, drawn: np.ndarray, aim: Aim, stiff: np.ndarray) -> float:
    numbers = _numbers(blurred.splines)
    return float(aim.weights @ np.square(drawn - aim.cover) + numbers @ stiff @ numbers)


def _numbers(splines: Sequence[np.ndarray]) -> np.ndarray:
    """All control points as numbers: of each spline those across, then those down."""
    return np.concatenate([spline.T.ravel() for spline in splines])


def _moved(blurred: Blurred, step: np.ndarray) -> Blurred:
    """Outlines with a step of their numbers, the last of which is that of the blur."""
    ends = np.cumsum([spline.size for spline in blurred.splines])
    parts = np.split(_numbers(blurred.splines) + step[:-1], ends[:-1])
    deviation = min(max(blurred.deviation + float(step[-1]), LEAST_DEVIATION), MOST_DEVIATION)
    return Blurred(tuple(part.reshape(2, -1).T for part in parts), deviation)


def _stiffness(splines: Sequence[np.ndarray]) -> np.ndarray:
    """The matrix of squared third differences of control points, 0 where a curve bends evenly."""
    matrix, at = np.zeros((sum(spline.size for spline in splines),) * 2), 0
    for spline in splines:
        count = len(spline)
        third = np.eye(count)
        for _ in range(3):
            third = np.roll(third, -1, 0) - third
        for _ in range(2):
            matrix[at : at + count, at : at + count] = BENDING * third.T @ third
            at += count
    return matrix


def _answers(blurred: Blurred, aim: Aim) -> tuple[np.ndarray, np.ndarray]:
    """What blurred outlines cover at the places [P], and how that answers to their numbers and the blur [P,K].

    By Green's theorem what a blurred area covers is an integral along its edge, and an edge that moves changes it by as
    much as the blur's bell has there."""
    deviation = np.hypot(blurred.deviation, aim.seen)[:, None]
    drawn, by_blur, parts = np.zeros(len(aim.places)), np.zeros(len(aim.places)), []
    for spline in blurred.splines:
        points, steps, shares = _along(spline)
        across, down = ((points[:, axis] - aim.places[:, axis, None]) / deviation for axis in (0, 1))
        bell_across, bell_down = (np.exp(-(away**2) / 2) / math.tau**0.5 / deviation for away in (across, down))
        behind = torch.special.ndtr(torch.from_numpy(across)).numpy()
        drawn += (behind * bell_down) @ steps[:, 1]
        bell = bell_across * bell_down
        # the heat equation: a wider blur changes the cover by the divergence of its slope
        by_blur -= (bell * (across * steps[:, 1] - down * steps[:, 0])).sum(1)
        parts += [(bell * steps[:, 1]) @ shares, -(bell * steps[:, 0]) @ shares]
    by_blur *= blurred.deviation / deviation[:, 0]
    return drawn, np.column_stack([*parts, by_blur])


def _along(spline: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """S places along a spline [S,2], the steps of the curve there, and the shares of the control points in them
    [S,N]."""
    count = len(spline)
    near = (np.arange(count)[:, None] + np.arange(3)) % count
    points = np.einsum("tj,njd->ntd", _VALUES, spline[near]).reshape(-1, 2)
    steps = np.einsum("tj,njd->ntd", _SLOPES, spline[near]).reshape(-1, 2) / EACH
    shares = np.zeros((count, EACH, count))
    for place in range(EACH):
        shares[np.arange(count)[:, None], place, near] += _VALUES[place]
    return points, steps, shares.reshape(-1, count)


def with_more(blurred: Blurred, aim: Aim) -> Blurred:
    """The outlines with more control points, in the middle of pieces about which most is missed."""
    drawn, _ = _answers(blurred, aim)
    missed = np.square(drawn - aim.cover) * aim.weights
    found = []
    for spline in blurred.splines:
        points, steps, _ = _along(spline)
        away = np.square(points - aim.places[:, None]).sum(2)
        near = np.exp(-away / 2)
        found.append(((missed @ near) * np.hypot(*steps.T)).reshape(-1, EACH).sum(1))
    least = np.sort(np.concatenate(found))[-math.ceil(MORE * sum(map(len, found)))]
    splines = []
    for spline, share in zip(blurred.splines, found, strict=True):
        after = (np.flatnonzero(share >= least) + 1) % len(spline)  # the middle of a piece lies at its second point
        between = (spline[after] + np.roll(spline, -1, 0)[after]) / 2
        splines.append(np.insert(spline, after + 1, between, axis=0))
    return replace(blurred, splines=tuple(splines))
