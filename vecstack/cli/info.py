"""vecstack info: what is in a layer file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vecstack.cli.arguments import AsJson
from vecstack.cli.items import STANDARD, standard_input

if TYPE_CHECKING:
    from vecstack.stack import Layer, Stack


def run(
    document: str = typer.Argument(metavar="INPUT", help="A layer file, or - for standard input."),
    as_json: AsJson = False,
) -> None:
    """Show the canvas, the layers and the sizes of a layer file."""
    from vecstack.file import load

    stack = load(standard_input() if document == STANDARD else document)
    facts = describe(stack)
    facts["file_bytes"] = None if document == STANDARD else Path(document).stat().st_size
    typer.echo(json.dumps(facts, indent=2) if as_json else _text(document, facts))


def describe(stack: Stack) -> dict[str, Any]:
    """What can be said of a stack without drawing it, as JSON values."""
    return {
        "canvas": {
            "width": stack.canvas.width,
            "height": stack.canvas.height,
            "background": _hex(stack.canvas.background),
        },
        "layers": [_describe(layer) for layer in stack.layers],
        "assets": {name: len(data) for name, data in stack.assets.items()},
        "source": dict(stack.source),
        "model": dict(stack.model),
        "metrics": dict(stack.metrics),
    }


def _describe(layer: Layer) -> dict[str, Any]:
    color = getattr(layer, "color", None)
    return {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "color": None if color is None else _hex(color),
    }


def _hex(color: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(value * 255):02x}" for value in color)


def _printable(text: str) -> str:
    """The text with what could steer a terminal written out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _text(document: str, facts: dict[str, Any]) -> str:
    canvas, layers = facts["canvas"], facts["layers"]
    size = "" if facts["file_bytes"] is None else f", {facts['file_bytes']:,} bytes"
    assets = sum(facts["assets"].values())
    lines = [
        f"{document}: {canvas['width']} x {canvas['height']} on {canvas['background']}, {len(layers)} layers{size}",
        f"assets: {len(facts['assets'])} ({assets:,} bytes before compression)",
    ]
    if facts["model"]:
        name, digest = (_printable(str(facts["model"].get(key, "?"))) for key in ("name", "sha256"))
        lines.append(f"model: {name} ({digest:.12})")
    lines += [
        f"  {number:>4}  {layer['color'] or '-':<8} {layer['kind']:<6} {layer['opacity']:>5.0%} "
        f"{'' if layer['visible'] else 'hidden '}{_printable(layer['id'])}  {_printable(layer['name'])}"
        for number, layer in enumerate(layers, start=1)
    ]
    return "\n".join(lines)
