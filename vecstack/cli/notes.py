"""What commands say of a layer file beside its name."""

from __future__ import annotations

from vecstack.batch.items import Item, Report
from vecstack.cli.items import name_of
from vecstack.stack import Stack


def tell_of_undrawable(stack: Stack, item: Item, report: Report) -> None:
    """Say which layers this version does not draw."""
    from vecstack.kinds import undrawable

    for layer in undrawable(stack):
        report.say(f"{name_of(item.source)}: note: layer {layer.id} is of kind {layer.kind}, not drawn by this version")
