"""vecstack turns a picture into a short stack of coloured layers and draws the stack at any size."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vecstack.document.file import load, save, validate
    from vecstack.drawing.render import render
    from vecstack.editing.adjust import adjust
    from vecstack.editing.edit import edit
    from vecstack.enhancing.enhance import enhance
    from vecstack.errors import VecstackError
    from vecstack.exporting.formats import export
    from vecstack.exporting.html.page import to_html
    from vecstack.exporting.svg.write import to_svg
    from vecstack.fitting.compact import compact
    from vecstack.fitting.decompose import decompose
    from vecstack.fitting.goal import Goal
    from vecstack.fitting.prune import prune
    from vecstack.fitting.refine import refine
    from vecstack.generation.generate import generate
    from vecstack.importing.svg import import_svg
    from vecstack.kinds.base import Style
    from vecstack.models import available_models, load_model
    from vecstack.packing.collage import collage
    from vecstack.stack import Canvas, Group, Layer, Stack

__version__ = "0.1.0"

__all__ = [
    "Canvas",
    "Goal",
    "Group",
    "Layer",
    "Stack",
    "Style",
    "VecstackError",
    "__version__",
    "adjust",
    "available_models",
    "collage",
    "compact",
    "decompose",
    "edit",
    "enhance",
    "export",
    "generate",
    "import_svg",
    "load",
    "load_model",
    "prune",
    "refine",
    "render",
    "save",
    "to_html",
    "to_svg",
    "validate",
]

# Where each public name lives. A name is imported when it is first asked for: the command line imports this package for
# its help, too, and needs few of them.
HOMES = {
    "Canvas": "stack",
    "Goal": "fitting.goal",
    "Group": "stack",
    "Layer": "stack",
    "Stack": "stack",
    "Style": "kinds.base",
    "VecstackError": "errors",
    "adjust": "editing.adjust",
    "available_models": "models",
    "collage": "packing.collage",
    "compact": "fitting.compact",
    "decompose": "fitting.decompose",
    "edit": "editing.edit",
    "enhance": "enhancing.enhance",
    "export": "exporting.formats",
    "generate": "generation.generate",
    "import_svg": "importing.svg",
    "load": "document.file",
    "load_model": "models",
    "prune": "fitting.prune",
    "refine": "fitting.refine",
    "render": "drawing.render",
    "save": "document.file",
    "to_html": "exporting.html.page",
    "to_svg": "exporting.svg.write",
    "validate": "document.file",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'vecstack' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"vecstack.{HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
