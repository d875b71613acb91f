"""Curves of cubic pieces as the data of an SVG path, in few bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vecstack.kinds.base import Curve

Step = tuple[int, int]


def outline_data(curves: Iterable[Curve], decimals: int) -> str:
    """Path data of curves, closed where they end as they begin, whose points are rounded to so many decimals: relative,
    so that steps have few digits, between points that are rounded already, so that nothing adds up; straight pieces as
    lines."""
    scale = 10**decimals
    tokens: list[str] = []
    at = (0, 0)
    for curve in curves:
        start, *rest = ((round(x * scale), round(y * scale)) for x, y in curve)
        is_closed = curve[0] == curve[-1]
        pieces = _pieces(start, rest)
        if is_closed and pieces and len(pieces[-1]) == 1:
            del pieces[-1]  # `z` draws it
        tokens += ["m" if tokens else "M", *_numbers([_step(at, start)], decimals), *_commands(pieces, decimals)]
        tokens += ["z"] if is_closed else []
        at = start if is_closed else rest[-1]
    return _joined(tokens)


def _pieces(start: Step, rest: list[Step]) -> list[tuple[Step, ...]]:
    """The pieces that are longer than nothing, each as the steps from where it begins to its handles and its end;
    straight ones as the last step alone."""
    pieces: list[tuple[Step, ...]] = []
    at = start
    for first, second, end in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        steps = _step(at, first), _step(at, second), _step(at, end)
        if any(step != (0, 0) for step in steps):
            pieces.append(steps[2:] if _is_straight(*steps) else steps)
        at = end
    return pieces


def _step(start: Step, end: Step) -> Step:
    return end[0] - start[0], end[1] - start[1]


def _is_straight(first: Step, second: Step, end: Step) -> bool:
    """Whether both handles lie on the way from the beginning of a piece to its end."""
    length = end[0] ** 2 + end[1] ** 2
    return all(x * end[1] == y * end[0] and 0 <= x * end[0] + y * end[1] <= length for x, y in (first, second))


def _commands(pieces: Iterable[tuple[Step, ...]], decimals: int) -> Iterator[str]:
    """The letters and numbers that draw pieces; a letter holds for all that follow it."""
    last = ""
    for piece in pieces:
        dx, dy = piece[-1]
        letter = "c" if len(piece) == 3 else "v" if dx == 0 else "h" if dy == 0 else "l"
        if letter != last:
            yield letter
        yield from _numbers(piece, decimals) if letter in "cl" else [_number(dx or dy, decimals)]
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
