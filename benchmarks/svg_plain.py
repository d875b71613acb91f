"""How programs draw an SVG of soft masks, as it is and plain, against the stack's own picture.

    python benchmarks/svg_plain.py FILE.layers...

It needs resvg_py, CairoSVG, PyMuPDF and the program `rsvg-convert`. Bytes, and PSNR in dB over white.
"""

from __future__ import annotations

import io
import subprocess
import sys

import cairosvg
import numpy as np
import pymupdf
import resvg_py
from PIL import Image

from vecstack import load, render, to_svg

PROGRAMS = {
    "resvg": lambda text: bytes(resvg_py.svg_to_bytes(svg_string=text)),
    "librsvg": lambda text: (
        subprocess.run(["rsvg-convert"], input=text.encode(), capture_output=True, check=True).stdout
    ),
    "CairoSVG": lambda text: cairosvg.svg2png(bytestring=text.encode()),
    "MuPDF": lambda text: pymupdf.open(stream=text.encode(), filetype="svg")[0].get_pixmap().tobytes("png"),
}


def main() -> None:
    """Print two rows for each stack."""
    print(f"| stack | bytes | {' | '.join(PROGRAMS)} |")
    print("|---" * (2 + len(PROGRAMS)) + "|")
    for name in sys.argv[1:]:
        stack = load(name)
        sides = stack.canvas.width, stack.canvas.height
        own = render(stack, max(sides), device="cpu")[..., :3].astype(float)
        for plain in (False, True):
            text = to_svg(stack, plain=plain)
            close = (f"{psnr(shown(draw(text), sides), own):.1f}" for draw in PROGRAMS.values())
            print(f"| {name}{', plain' if plain else ''} | {len(text):,} | {' | '.join(close)} |")


def shown(png: bytes, sides: tuple[int, int]) -> np.ndarray:
    """A PNG over white, at the canvas's sides: [H,W,3]."""
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    over = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return np.asarray(over.resize(sides, Image.Resampling.BILINEAR), float)


def psnr(found: np.ndarray, wanted: np.ndarray) -> float:
    """PSNR in dB of pixels 0..255."""
    return float(-10 * np.log10(np.square(found - wanted).mean() / 255**2))


if __name__ == "__main__":
    main()
