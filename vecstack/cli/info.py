"""vecstack info: what is in a layer file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vecstack.cli.arguments import AsJson
from vecstack.cli.items import STANDARD

if TYPE_CHECKING:
    from vecstack.stack import Layer, Stack


def run(
    document: str = typer.Argument(metavar="INPUT", help="A layer file, or - for standard input."),
    as_json: AsJson = False,
) -> None:
    """Show the canvas, the layers and the sizes of a layer file."""
    from vecstack.file import load

    stack = load(sys.stdin.buffer if document == STANDARD else document)
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


def _text(document: str, facts: dict[str, Any]) -> str:
    canvas, layers = facts["canvas"], facts["layers"]
    size = "" if facts["file_bytes"] is None else f", {facts['file_bytes']:,} bytes"
    assets = sum(facts["assets"].values())
    lines = [
        f"{document}: {canvas['width']} x {canvas['height']} on {canvas['background']}, {len(layers)} layers{size}",
        f"assets: {len(facts['assets'])} ({assets:,} bytes before compression)",
    ]
    if facts["model"]:
        lines.append(f"model: {facts['model'].get('name', '?')} ({facts['model'].get('sha256', '?')!s:.12})")
    lines += [
        f"  {number:>4}  {layer['color'] or '-':<8} {layer['kind']:<6} {layer['opacity']:>5.0%} "
        f"{'' if layer['visible'] else 'hidden '}{layer['id']}  {layer['name']}"
        for number, layer in enumerate(layers, start=1)
    ]
    return "\n".join(lines)
