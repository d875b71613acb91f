"""What the commands share that tune layers to a picture: the line of progress, and what is done to the result."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from vecstack.cli.items import Report

if TYPE_CHECKING:
    from vecstack.refine import Progress
    from vecstack.stack import Stack


def show_psnr(report: Report) -> Callable[[Progress], None]:
    """A report of tuning as one of an item, with the PSNR reached so far."""
    return lambda progress: report(progress.share, 1, f"{progress.psnr:.2f} dB")


def thinned(stack: Stack, tolerance: float, *, prune: bool, compact: bool, device: str) -> Stack:
    """The stack pruned and compacted, as wished, each within a tolerance in 1/255."""
    from vecstack.compact import compact as compacted
    from vecstack.prune import prune as pruned

    if prune:
        stack = pruned(stack, tolerance, device=device)
    return compacted(stack, tolerance, device=device) if compact else stack


def with_thumbnail(stack: Stack) -> Stack:
    """The stack with a thumbnail of what it is now."""
    from vecstack.render import THUMBNAIL_PX, thumbnail_png

    return dataclasses.replace(stack, thumbnail=thumbnail_png(stack, THUMBNAIL_PX))
