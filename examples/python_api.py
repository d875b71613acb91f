"""Turn a picture into layers, change some of them, save them and draw them: vecstack from Python."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

from vecstack import decompose, load, load_model, render, save
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Rect
from vecstack.kinds.mask.layer import MaskLayer


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, nargs="?", metavar="DIR", help="folder for the results (default: a new one)")
    parser.add_argument(
        "--picture", type=Path, default=Path(__file__).with_name("scene.png"), help="default: scene.png"
    )
    parser.add_argument("--model", default="photos", help="name or path of a model (default: photos)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    folder = arguments.out or Path(tempfile.mkdtemp(prefix="vecstack-"))
    folder.mkdir(parents=True, exist_ok=True)

    # A picture becomes a stack: a canvas of the picture's size, and layers, the lowest first.
    model = load_model(arguments.model)
    stack = decompose(arguments.picture, model)
    print(f"{arguments.picture.name}: {stack.canvas.width} x {stack.canvas.height}, {len(stack.layers)} layers")
    for layer in stack.layers:
        if isinstance(layer, MaskLayer):
            print(f"  {layer.id}: colour " + ", ".join(f"{255 * value:.0f}" for value in layer.color))

    # A document holds all that is needed to draw it, the model's net included.
    document = folder / "scene.layers"
    save(stack, document, overwrite=True)
    print(f"saved {document.name}, {document.stat().st_size:,} bytes")
    stack = load(document)

    # A layer is a function of a point, so the stack is drawn at any size.
    Image.fromarray(render(stack, size=1024)).save(folder / "scene-1024.png")
    print("drew scene-1024.png, 1024 pixels wide")

    # A part of the canvas, in pixels of the source: its middle third.
    canvas = stack.canvas
    middle = Rect(canvas.width / 3, canvas.height / 3, canvas.width / 3, canvas.height / 3)
    Image.fromarray(render(stack, viewport=Viewport.of_region(middle, size=1024))).save(folder / "middle-1024.png")
    print("drew middle-1024.png, the middle third alone")

    # An edit gives a new stack and leaves the old one as it was.
    first, second, last = stack.layers[0], stack.layers[1], stack.layers[-1]
    edited = stack.edit(first.id, color=(0.1, 0.5, 0.4)).edit(second.id, opacity=0.5).remove(last.id)
    save(edited, folder / "edited.layers", overwrite=True)
    Image.fromarray(render(edited, size=1024)).save(folder / "edited-1024.png")
    print(f"recoloured {first.id}, halved {second.id}, removed {last.id}: edited.layers, edited-1024.png")
    print(f"all in {folder}")


if __name__ == "__main__":
    main()
