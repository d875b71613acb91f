"""vecstack info: show what is in layer files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.cli.arguments import AsJson, Inputs
from vecstack.cli.items import source_of
from vecstack.color import to_hex
from vecstack.errors import UsageError, on_one_line

if TYPE_CHECKING:
    from vecstack.stack import Layer, Stack

CONTRIBUTION_NOTE = (
    "contribution: how much the picture changes when this layer or group alone is removed (root mean square over the "
    "canvas, in 1/255; 0 for a hidden layer and for a kind that this version does not have)"
)


def run(
    inputs: Inputs,
    with_contributions: Annotated[
        bool, typer.Option("--contributions", help="Measure how much each layer and group contributes to the picture.")
    ] = False,
    with_plan: Annotated[
        bool, typer.Option("--render-plan", help="Show the cost of drawing, at --size or at the canvas's own size.")
    ] = False,
    size: Annotated[
        int | None, typer.Option("--size", metavar="PX", help="Long side in pixels, for --render-plan.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the canvas, the layers and the size of layer files.

    Of several, each is one line: of JSON where that is asked for, and with its layers where these are measured."""
    if size is not None and not with_plan:
        raise UsageError("--size needs --render-plan.")

    def show(document: str, is_alone: bool) -> None:
        facts = _facts(document, with_contributions, with_plan, size)
        if as_json:
            typer.echo(json.dumps({"input": document, **facts}, indent=2 if is_alone else None))
        else:
            lines = _lines(document, facts)
            typer.echo("\n".join(lines if is_alone or with_contributions or with_plan else lines[:1]))

    from vecstack.cli.reading import read_all

    read_all(inputs, show)


def _facts(document: str, with_contributions: bool, with_plan: bool, size: int | None) -> dict[str, Any]:
    """All that is told of a layer file, as JSON values."""
    from vecstack.document.file import load_measured

    stack, sizes = load_measured(source_of(document))
    facts = describe(stack)
    facts["bytes"] = asdict(sizes)
    if with_contributions:
        _add_contributions(facts, stack)
    if with_plan:
        _add_plan(facts, stack, size)
    facts["file_bytes"] = None if document == STANDARD else Path(document).stat().st_size
    return facts


def describe(stack: Stack) -> dict[str, Any]:
    """Facts about a stack that need no drawing, as JSON values."""
    return {
        "canvas": {
            "width": stack.canvas.width,
            "height": stack.canvas.height,
            "background": to_hex(stack.canvas.background),
            "transparent": stack.canvas.transparent,
        },
        "groups": _describe_groups(stack),
        "layers": [_describe(layer) for layer in stack.layers],
        "assets": {name: len(data) for name, data in stack.assets.items()},
        "items": _describe_items(stack),
        "source": dict(stack.source),
        "model": dict(stack.model),
        "metrics": dict(stack.metrics),
    }


def _describe_groups(stack: Stack) -> list[dict[str, Any]]:
    members = stack.members()
    return [
        {"id": group.id, "name": group.name, "parent": group.parent, "layers": len(members[group.id])}
        for group in stack.groups
    ]


def _describe_items(stack: Stack) -> list[dict[str, Any]]:
    """The assets of which there is something to say, in the order in which layers refer to them."""
    from vecstack.kinds import can_draw, kind_of

    items: dict[str, dict[str, Any]] = {}
    for layer in filter(can_draw, stack.layers):
        for name in kind_of(layer).asset_ids(layer):
            if name not in items:
                items[name] = {"asset": name, "what": kind_of(layer).asset_words(stack.assets[name]), "layers": 0}
            items[name]["layers"] += 1
    return [item for item in items.values() if item["what"]]


def _describe(layer: Layer) -> dict[str, Any]:
    from vecstack.kinds import color_of

    color = color_of(layer)
    return {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "opacity": layer.opacity,
        "color": None if color is None else to_hex(color),
        "group": layer.group,
    }


def _add_contributions(facts: dict[str, Any], stack: Stack) -> None:
    """Add to each layer and group how much it contributes to the picture, in 1/255, and a note that explains it."""
    from vecstack.fitting.prune import contributions, group_contributions

    parts = [*facts["layers"], *facts["groups"]]
    for part, contribution in zip(parts, (*contributions(stack), *group_contributions(stack)), strict=True):
        part["contribution"] = {"rms": round(contribution.rms, 6), "largest": round(contribution.largest, 6)}
    facts["note"] = CONTRIBUTION_NOTE


def _add_plan(facts: dict[str, Any], stack: Stack, size: int | None) -> None:
    """Add the cost of drawing the stack."""
    from vecstack.drawing.render import render_plan
    from vecstack.drawing.viewport import Viewport

    viewport = Viewport.of_region(stack.canvas.rect, size=size)
    plan = asdict(render_plan(stack, viewport))
    facts["render_plan"] = {"width": viewport.width_px, "height": viewport.height_px, **plan}


def _plan_text(plan: dict[str, Any]) -> str:
    """The plan on one line."""
    parts = []
    if plan["compiled_layers"]:
        parts.append(
            f"{plan['compiled_layers']:,} layers compiled into {plan['patches']:,} patches "
            f"({plan['patch_bytes'] / 1e6:.1f} MB) and {plan['exact_cells']:,} cells drawn exactly, by "
            f"{plan['evaluations']:,} evaluations (every layer at every pixel would take "
            f"{plan['compiled_layers'] * plan['width'] * plan['height']:,})"
        )
    if plan["grid_layers"]:
        parts.append(f"{plan['grid_layers']:,} layers drawn on the grid of pixels")
    if plan["exact_layers"]:
        parts.append(f"{plan['exact_layers']:,} layers drawn exactly, by {plan['evaluations']:,} evaluations")
    return f"drawing {plan['width']:,} x {plan['height']:,} px: {'; '.join(parts) or 'nothing but the background'}"


def _count(number: int, name: str) -> str:
    """How many there are of something."""
    return f"{number} {name}{'' if number == 1 else 's'}"


def _lines(document: str, facts: dict[str, Any]) -> list[str]:
    """The facts as text, the first line of which sums them up."""
    canvas, layers, groups = facts["canvas"], facts["layers"], facts["groups"]
    behind = "transparent" if canvas["transparent"] else canvas["background"]
    size = "" if facts["file_bytes"] is None else f", {facts['file_bytes']:,} bytes"
    assets = sum(facts["assets"].values())
    count = _count(len(layers), "layer") + (f" in {_count(len(groups), 'group')}" if groups else "")
    lines = [
        f"{on_one_line(document)}: {canvas['width']} x {canvas['height']} on {behind}, {count}{size}",
        f"assets: {len(facts['assets'])} ({assets:,} bytes before compression)",
        f"bytes: {facts['bytes']['document']:,} without the assets, {facts['bytes']['file']:,} with them, as .layers",
    ]
    lines += [
        f"item {item['asset']:.12}: {item['what']}, in {_count(item['layers'], 'layer')}" for item in facts["items"]
    ]
    if facts["model"]:
        name, digest = (on_one_line(str(facts["model"].get(key, ""))) for key in ("name", "sha256"))
        lines.append(f"model: {name or '?'}{f' ({digest:.12})' if digest else ''}")
    lines += _tree(layers, groups)
    if "render_plan" in facts:
        lines.append(_plan_text(facts["render_plan"]))
    if "note" in facts:
        lines.append(facts["note"])
    return lines


def _tree(layers: list[dict[str, Any]], groups: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each layer, lowest first, below the lines of the groups that it is in; then those of empty groups."""
    by_id = {group["id"]: group for group in groups}
    inside: list[str] = []
    for number, layer in enumerate(layers, start=1):
        around = _groups_around(layer["group"], by_id)
        for level, group_id in enumerate(around):
            if group_id not in inside:
                yield _group_line(by_id[group_id], level)
        inside = around
        yield _layer_line(number, layer, len(around))
    for group in groups:
        if not group["layers"]:
            yield _group_line(group, len(_groups_around(group["parent"], by_id)))


def _groups_around(group_id: str | None, by_id: dict[str, dict[str, Any]]) -> list[str]:
    """The ids of a group and of those that it lies in, outermost first; none for None."""
    around: list[str] = []
    while group_id is not None:
        around.insert(0, group_id)
        group_id = by_id[group_id]["parent"]
    return around


def _group_line(group: dict[str, Any], level: int) -> str:
    count = _count(group["layers"], "layer")
    names = "  ".join(on_one_line(text) for text in (group["id"], group["name"]) if text)
    return f"        {'  ' * level}{_contribution(group)}{names} ({count})"


def _layer_line(number: int, layer: dict[str, Any], level: int) -> str:
    return (
        f"  {number:>4}  {'  ' * level}{layer['color'] or '-':<8} {layer['kind']:<6} {layer['opacity']:>5.0%} "
        f"{_contribution(layer)}{'' if layer['visible'] else 'hidden '}{on_one_line(layer['id'])}  "
        f"{on_one_line(layer['name'])}"
    )


def _contribution(part: dict[str, Any]) -> str:
    """The column of the contribution of a layer or a group; empty unless it was measured."""
    return f"{part['contribution']['rms']:>7.2f}  " if "contribution" in part else ""
