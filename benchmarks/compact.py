"""Measure what compacting saves: bytes of a file with and without its net, and what it changes in the drawing.

The PSNR is that of the compacted stack's drawing to the stack's own, 320 px long and in 16 bits.
The pictures are the two photographs that scikit-learn carries.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from _common import print_table, write_json
from sklearn.datasets import load_sample_images

from vecstack.document.file import size_of
from vecstack.drawing.render import render
from vecstack.fitting.compact import compact
from vecstack.fitting.decompose import decompose
from vecstack.kinds.weights import MODEL
from vecstack.models import load_model, published_models
from vecstack.stack import Stack

TOLERANCES = (0.25, 0.5, 1.0, 2.0)  # 1/255, root mean square
SIZE_PX = 320  # long side: drawn in a second


def drawn(stack: Stack) -> np.ndarray:
    """The stack's drawing [H,W,3] in 0..1."""
    return render(stack, SIZE_PX, depth=16, device="cpu") / np.float64(65535)


def psnr(first: np.ndarray, second: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(first - second).mean()))


def measure(stack: Stack) -> list[dict[str, float]]:
    """Bytes now, and for each tolerance bytes, PSNR and seconds."""
    now, before = size_of(stack), drawn(stack)
    results: list[dict[str, float]] = [{"tolerance": 0, "document": now.document, "file": now.file}]
    for tolerance in TOLERANCES:
        began = time.perf_counter()
        small = compact(stack, tolerance, device="cpu")
        seconds = time.perf_counter() - began
        found = size_of(small)
        result = {"tolerance": tolerance, "document": found.document, "file": found.file}
        results.append(result | {"psnr": psnr(drawn(small), before), "seconds": seconds})
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    arguments = parser.parse_args()
    photos = dict(zip(("china", "flower"), load_sample_images().images, strict=True))
    figures: dict[str, list[dict[str, float]]] = {}
    rows = []
    for model in (model for model in published_models() if model.use == MODEL):
        for name, pixels in photos.items():
            results = measure(decompose(pixels, load_model(model.name, "cpu"), effort="sketch"))
            figures[f"{model.name}, {name}"] = results
            for result in results:
                shown = [f"{result['document']:,}", f"{result['file']:,}"]
                shown += [f"{result['psnr']:.1f}", f"{result['seconds']:.1f}"] if "psnr" in result else ["", ""]
                rows.append([f"{model.name}, {name}", f"{result['tolerance']:g}", *shown])
    columns = ["stack", "tolerance", "document, deflated", "file with net", "PSNR in dB", "seconds"]
    print_table("Bytes before (tolerance 0) and after", columns, rows)
    write_json(arguments.json, {"stacks": figures})


if __name__ == "__main__":
    main()
