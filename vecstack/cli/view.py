"""vecstack view: show a layer file in the browser."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.cli.arguments import Device, Overwrite
from vecstack.cli.items import source_of, title_of
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.formats import find_format, read_source


def run(
    document: str = typer.Argument(metavar="INPUT", help="A layer file, or - for standard input."),
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="PICTURE", help="The picture that the layers were made from, for comparison."),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", metavar="OUT", help="Write the page to this file instead of a temporary one."),
    ] = None,
    with_svg: Annotated[
        bool, typer.Option("--svg", help="Include an SVG that the page can save (takes a few seconds).")
    ] = False,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Write the page without opening a browser.")] = False,
    overwrite: Overwrite = False,
    device: Device = "auto",
) -> None:
    """Show and edit a layer file in the browser.

    Recolour, fade, hide and reorder layers, and save the result. The page is a single file that needs no network; its
    path is printed."""
    if output == STANDARD:
        raise UsageError("the browser needs a file; name one with -o, or leave -o out.")
    from vecstack.atomic import check_writable
    from vecstack.document.file import load
    from vecstack.exporting.html.page import to_html

    if output is not None:
        check_writable(output, overwrite=overwrite)
        find_format("html", output).check_target(output, is_asked=True)
    stack = load(source_of(document))
    picture = read_source(source, stack)
    path = _write(
        to_html(stack, source=picture, title=title_of(document), device=device, svg=with_svg), output, overwrite
    )
    typer.echo(path)
    if not no_browser and not webbrowser.open(path.as_uri()):
        typer.echo("no browser could be opened; open the file above in one yourself", err=True)


def _write(page: str, output: str | None, overwrite: bool) -> Path:
    """The path of the file that the page was written to. Raises ExportError."""
    from vecstack.atomic import atomic_writer

    if output is not None:
        with atomic_writer(output, overwrite=overwrite) as file:
            file.write(page.encode())
        return Path(output).resolve()
    try:
        with tempfile.NamedTemporaryFile("wb", prefix="vecstack-", suffix=".html", delete=False) as temporary:
            temporary.write(page.encode())
    except OSError as error:
        raise ExportError(f"cannot write the page ({error.strerror}); name a file with -o.") from None
    return Path(temporary.name).resolve()
