"""vecstack generate: layer files of noise."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.cli.arguments import Device, Overwrite, Quiet, Seed
from vecstack.errors import ExportError, UsageError

if TYPE_CHECKING:
    from vecstack.stack import Stack

ANIMATIONS = (".gif", ".webp", ".png")
SHEET = "sheet.png"
FRAME_MS, HELD_MS = 60, 600  # of a walk's animation: each picture, and the two at its ends
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
        typer.Option("--truncation", metavar="T", help="Noise within T only: fewer odd pictures, less variety."),
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

    steps = WALK_COUNT if count is None else count
    if walk is not None and output.suffix.lower() in ANIMATIONS:
        stacks = walk_between(model, walk, steps, truncation=truncation, device=device)
        _play(stacks, output, size, device, overwrite)
        made = f"{len(stacks):,} pictures from seed {walk[0]} to seed {walk[1]}: {output}"
    else:
        if output.suffix.lower() in (*ANIMATIONS, ".layers"):
            raise UsageError(f"-o {output}: name a folder; only a walk (--interpolate) is written as an animation.")
        if walk is None:
            stacks = generate(model, 16 if count is None else count, seed=seed, truncation=truncation, device=device)
            names = [f"seed-{seed + index:06}" for index in range(len(stacks))]
        else:
            stacks = walk_between(model, walk, steps, truncation=truncation, device=device)
            names = [f"walk-{index:04}" for index in range(len(stacks))]
        _write(stacks, names, output, size, device, overwrite)
        made = f"{len(stacks):,} layer files and {SHEET}: {output}"
    if not quiet:
        typer.echo(made, err=True)


def _write(stacks: list[Stack], names: list[str], folder: Path, size: int, device: str, overwrite: bool) -> None:
    """Layer files of these names and a contact sheet in a folder. Raises ExportError, UsageError."""
    from vecstack.atomic import atomic_writer, check_writable
    from vecstack.document.file import save
    from vecstack.exporting.pictures import png
    from vecstack.generation.sheet import contact_sheet

    paths = [folder / f"{name}.layers" for name in names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"cannot write {folder}: {error.strerror}. Choose another folder.") from error
    for path in (*paths, folder / SHEET):
        check_writable(path, overwrite=overwrite)
    sheet = contact_sheet(stacks, size=size, device=device)
    for stack, path in zip(stacks, paths, strict=True):
        save(stack, path, overwrite=overwrite)
    with atomic_writer(folder / SHEET, overwrite=overwrite) as file:
        file.write(png(sheet))


def _play(stacks: list[Stack], path: Path, size: int, device: str, overwrite: bool) -> None:
    """An animation of a walk there and back. Raises ExportError, UsageError."""
    from vecstack.atomic import atomic_writer, check_writable
    from vecstack.drawing.render import render
    from vecstack.exporting.animation import film

    check_writable(path, overwrite=overwrite)
    there = [render(stack, size=size, transparent=False, device=device)[..., :3] for stack in stacks]
    frames = [*there, *there[-2:0:-1]]
    held = {0, len(there) - 1}
    durations = [HELD_MS if index in held else FRAME_MS for index in range(len(frames))]
    with atomic_writer(path, overwrite=overwrite) as file:
        file.write(film(frames, durations, path.suffix.lower()))
