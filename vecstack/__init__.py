"""vecstack turns a picture into a short stack of coloured layers and draws the stack at any size."""

# None of these modules imports PyTorch or numpy before it computes. They are imported at once, not on demand,
# so that `vecstack.decompose`, `vecstack.edit` and the like are the functions, not the modules of the same names.
from vecstack.document.file import load, save, validate
from vecstack.drawing.render import render
from vecstack.editing.adjust import adjust
from vecstack.editing.edit import edit
from vecstack.errors import VecstackError
from vecstack.exporting.formats import export
from vecstack.exporting.html.page import to_html
from vecstack.exporting.svg.write import to_svg
from vecstack.fitting.compact import compact
from vecstack.fitting.decompose import decompose
from vecstack.fitting.goal import Goal
from vecstack.fitting.prune import prune
from vecstack.fitting.refine import refine
from vecstack.models import available_models, load_model
from vecstack.stack import Canvas, Layer, Stack

__version__ = "0.1.0"

__all__ = [
    "Canvas",
    "Goal",
    "Layer",
    "Stack",
    "VecstackError",
    "__version__",
    "adjust",
    "available_models",
    "compact",
    "decompose",
    "edit",
    "export",
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
