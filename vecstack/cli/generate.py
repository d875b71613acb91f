"""vecstack generate: layer files of noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.cli.arguments import Device, Overwrite, Quiet, Seed
from vecstack.errors import UsageError

if TYPE_CHECKING:
    from vecstack.stack import Stack

ANIMATIONS = (".gif", ".webp", ".png")
SHEET = "sheet.png"
WALK_COUNT = 48  # pictures of a walk where nobody says how many


def run(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A generator: a shipped one, a weights file, a folder or REPO@REV.")
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for the layer files; of a walk, or a GIF or WebP."),
    ],
    count: Annotated[
        int | None, typer.Option("-n", "--count", metavar="N", help="How many pictures (default 16; of a walk 48).")
    ] = None,
    seed: Seed = 0,
    walk: Annotated[
        tuple[int, int] | None,
        typer.Option("--interpolate", metavar="A B", help="Walk from the picture of seed A to that of seed B instead."),
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option("--truncation", metavar="T", help="No number of the noise above T: fewer odd pictures, less variety."),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", metavar="PX", help="Side of a picture on the sheet, or of a walk's animation.")
    ] = 256,
    device: Device = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Make layer files of noise, by a generator.

    DIR gets a layer file for each seed from --seed on, and a contact sheet."""
    from vecstack.generation.generate import generate
    from vecstack.generation.generate import walk as walk_between

    if walk is not None and output.suffix.lower() in ANIMATIONS:
        stacks = walk_between(model, walk, WALK_COUNT if count is None else count, truncation=truncation, device=device)
        _film(stacks, output, size, device, overwrite)
        made = f"{len(stacks):,} pictures from seed {walk[0]} to seed {walk[1]}: {output}"
    else:
        if output.suffix.lower() in (*ANIMATIONS, ".layers"):
            raise UsageError(f"-o {output}: name a folder; only a walk (--interpolate) is written as an animation.")
        if walk is None:
            stacks = generate(model, 16 if count is None else count, seed=seed, truncation=truncation, device=device)
            names = [f"seed-{seed + index:06}" for index in range(len(stacks))]
        else:
            stacks = walk_between(model, walk, WALK_COUNT if count is None else count, truncation=truncation, device=device)
            names = [f"walk-{index:04}" for index in range(len(stacks))]
        _write(stacks, names, output, size, device, overwrite)
        made = f"{len(stacks):,} layer files and {SHEET}: {output}"
    if not quiet:
        typer.echo(made, err=True)


def _write(stacks: list[Stack], names: list[str], folder: Path, size: int, device: str, overwrite: bool) -> None:
    """Layer files of these names and a contact sheet in a folder. Raises ExportError, UsageError."""
    from vecstack.atomic import check_writable
    from vecstack.document.file import save
    from vecstack.generation.sheet import contact_sheet
    from vecstack.pictures.write import save_picture

    paths = [folder / f"{name}.layers" for name in names]
    _make(folder)
    for path in (*paths, folder / SHEET):
        check_writable(path, overwrite=overwrite)
    sheet = contact_sheet(stacks, size=size, device=device)
    for stack, path in zip(stacks, paths, strict=True):
        save(stack, path, overwrite=overwrite)
    save_picture(sheet, folder / SHEET, overwrite=overwrite)
