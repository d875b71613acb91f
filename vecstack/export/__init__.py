"""Stacks as files of other programs."""

from vecstack.export.html import to_html
from vecstack.export.options import SvgOptions
from vecstack.export.svg import svg_text, to_svg

__all__ = ["SvgOptions", "svg_text", "to_html", "to_svg"]
