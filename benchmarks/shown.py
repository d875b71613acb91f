"""What it takes to show a painting: its animations, its SVG and how close another program's drawing of that is, what
`info` takes, and drawing it large. For layer files of any kind:

    python benchmarks/shown.py painting.layers [...]
"""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import io
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import resvg_py
from PIL import Image

from vecstack import Stack, load, render, to_svg
from vecstack.exporting.animation import to_apng, to_gif, to_webp

Result = TypeVar("Result")
SIZES = 512, 2048  # long sides at which the SVG is compared
LARGE = 4096


def main() -> None:
    """Measure each file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    for path in parser.parse_args().files:
        stack = load(path)
        render(stack, 64, device="cpu")  # compiles
        print(f"{path}: {len(stack.layers):,} layers, {path.stat().st_size:,} bytes")
        for make in (to_gif, to_webp, to_apng):
            seconds, data = timed(make, stack, device="cpu")
            print(f"  {make.__name__}: {len(data):,} bytes, {seconds:.1f} CPU s")
        for minify in (False, True):
            print(f"  SVG{' minified' if minify else ''}: {svg_facts(stack, minify)}")
        for name, shown in (("flat", flat(stack)), ("as it is", stack)):
            seconds, _ = timed(render, shown, LARGE, device="cpu")
            print(f"  drawn {name} at {LARGE:,} px: {seconds:.1f} CPU s")
        print(f"  info: {info_seconds(path):.2f} CPU s")


def timed(make: Callable[..., Result], *values: Any, **options: Any) -> tuple[float, Result]:
    """CPU seconds, and what was made."""
    start = time.process_time()
    result = make(*values, **options)
    return time.process_time() - start, result


def flat(stack: Stack) -> Stack:
    """The stack without the marks of brushes, which curves do not have."""
    fields = {"bristles": None}
    layers = (dataclasses.replace(layer, **fields) if hasattr(layer, "bristles") else layer for layer in stack.layers)
    return stack.with_layers(layers)


def svg_facts(stack: Stack, minify: bool) -> str:
    """How large the SVG is, and how close resvg's drawing of it is to ours at some sizes."""
    seconds, text = timed(to_svg, stack, minify=minify, device="cpu")
    near = []
    for size in SIZES:
        ours = render(flat(stack), size, device="cpu").astype(float)
        png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=ours.shape[1], skip_system_fonts=True))
        theirs = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        near.append(f"{10 * np.log10(255**2 / np.square(ours - theirs).mean()):.1f} dB at {size:,} px")
    data = text.encode()
    return f"{len(data):,} bytes, {len(gzip.compress(data, 9)):,} gzipped, {', '.join(near)}, {seconds:.1f} CPU s"


def info_seconds(path: Path) -> float:
    """CPU seconds of `vecstack info`, with starting Python."""
    code = "import resource; print(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
    run = (
        f"import sys; sys.argv = ['vecstack', 'info', {str(path)!r}]\ntry:\n import runpy; runpy.run_module('vecstack')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{run}\nexcept SystemExit:\n pass\n{code}"], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
