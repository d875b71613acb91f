"""Curves of cubic pieces as the data of an SVG path, in few bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vecstack.exporting.svg.arcs import Arc, arcs_along
from vecstack.kinds.base import Curve

Step = tuple[int, int]
Command = tuple[str, list[str]]  # a letter and its numbers


def outline_data(curves: Iterable[Curve], decimals: int) -> str:
    """Path data of curves, closed where they end as they begin, whose points are rounded to so many decimals: relative,
    so that steps have few digits, between points that are rounded already, so that nothing adds up; straight pieces as
    lines, and round ones as arcs where these are shorter."""
    scale = 10**decimals
    tokens: list[str] = []
    at = (0, 0)
    for curve in curves:
        points = [complex(x * scale, y * scale) for x, y in curve]
        start, *rest = ((round(point.real), round(point.imag)) for point in points)
        is_closed = curve[0] == curve[-1]
        commands = list(_commands([start, *rest], {arc.first: arc for arc in arcs_along(points)}, decimals))
        if is_closed and commands and commands[-1][0] in "lvh":
            del commands[-1]  # `z` draws it
        tokens += ["m" if tokens else "M", *_numbers([_step(at, start)], decimals), *_written(commands)]
        tokens += ["z"] if is_closed else []
        at = start if is_closed else rest[-1]
    return _joined(tokens)


def _commands(points: Sequence[Step], arcs: Mapping[int, Arc], decimals: int) -> Iterator[Command]:
    """What draws the pieces that are longer than nothing; `arcs` by the first of the pieces that each is."""
    piece = 0
    while 3 * piece + 3 < len(points):
        arc = arcs.get(piece)
        stop = piece + 1 if arc is None else arc.stop
        own = [_own(points[3 * at : 3 * at + 4], decimals) for at in range(piece, stop)]
        kept = [command for command in own if command is not None]
        one = None if arc is None else _round(arc, _step(points[3 * piece], points[3 * stop]), decimals)
        yield from kept if one is None or _length([one]) >= _length(kept) else [one]
        piece = stop


def _own(points: Sequence[Step], decimals: int) -> Command | None:
    """What draws a cubic piece as it is, by the steps from where it begins to its handles and its end; a straight one
    by the last step alone; None for one of no length."""
    first, second, end = (_step(points[0], point) for point in points[1:])
    if not (any(first) or any(second) or any(end)):
        return None
    if not _is_straight(first, second, end):
        return "c", _numbers((first, second, end), decimals)
    dx, dy = end
    if dx and dy:
        return "l", _numbers([end], decimals)
    return ("h", [_number(dx, decimals)]) if dx else ("v", [_number(dy, decimals)])


def _round(arc: Arc, step: Step, decimals: int) -> Command | None:
    """What draws an arc; None where no radius does well."""
    rounded = arc.rounded(math.hypot(*step))
    if rounded is None:
        return None
    count, power = rounded
    radius = _number(count, decimals - power)
    return "a", [radius, radius, "0", str(int(arc.is_large)), str(int(arc.turn > 0)), *_numbers([step], decimals)]


def _length(commands: Iterable[Command]) -> int:
    """Of the numbers of commands of one letter, in characters."""
    return len(_joined(number for _, numbers in commands for number in numbers))


def _step(start: Step, end: Step) -> Step:
    return end[0] - start[0], end[1] - start[1]


def _is_straight(first: Step, second: Step, end: Step) -> bool:
    """Whether both handles lie on the way from the beginning of a piece to its end."""
    length = end[0] ** 2 + end[1] ** 2
    return all(x * end[1] == y * end[0] and 0 <= x * end[0] + y * end[1] <= length for x, y in (first, second))


def _written(commands: Iterable[Command]) -> Iterator[str]:
    """The letters and numbers of commands; a letter holds for all that follow it."""
    last = ""
    for letter, numbers in commands:
        yield from numbers if letter == last else [letter, *numbers]
        last = letter


def _numbers(steps: Iterable[Step], decimals: int) -> list[str]:
    return [_number(value, decimals) for step in steps for value in step]


def _number(value: int, decimals: int) -> str:
    """So many units of the last decimal in as few characters as they take."""
    text = f"{abs(value):0{decimals + 1}d}"
    whole, part = text[: len(text) - decimals], text[len(text) - decimals :].rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{whole.removeprefix('0')}.{part}" if part else sign + whole


def _joined(tokens: Iterable[str]) -> str:
    """Letters and numbers, with spaces only where two numbers would be read as one."""
    text, last = [], ""
    for token in tokens:
        is_apart = token.isalpha() or last.isalpha() or not last or token[0] == "-" or (token[0] == "." and "." in last)
        text.append(token if is_apart else f" {token}")
        last = token
    return "".join(text)
