"""vecstack edit: change the layers of a file."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, Output, devices_in
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import name_of, source_of, write_standard_output
from vecstack.document.file import SUFFIXES
from vecstack.errors import DocumentError, UsageError, named

if TYPE_CHECKING:
    from vecstack.editing.changes import Change
    from vecstack.stack import Stack

ORDER = "vecstack.editing.changes.order"  # key of the options' names in the order in which they were written


class Command(TyperCommand):
    """A command that knows the order in which its options were written."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        *_, order = self.make_parser(ctx).parse_args(args=list(args))
        ctx.meta[ORDER] = [parameter.name for parameter in order]
        return super().parse_args(ctx, args)


def _option(name: str, metavar: str, text: str) -> Any:
    return typer.Option(f"--{name}", metavar=metavar, help=text)


Texts = list[str] | None


@dataclass(frozen=True)
class Editing(Job):
    """Layer files with changes, one after the other."""

    changes: tuple[Change, ...]
    device: str

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Editing:
        return dataclasses.replace(self, device=device)

    def ready(self) -> Act:
        return self._edit

    def _edit(self, item: Item, report: Report) -> None:
        from vecstack.document.file import load
        from vecstack.editing.edit import edit

        stack = load(source_of(item.source))
        try:
            edited = edit(stack, self.changes, device=self.device)
        except DocumentError as error:
            raise named(error, name_of(item.source)) from error
        _write(_with_thumbnail(edited, stack), item)


@with_course
def run(
    context: typer.Context,
    inputs: Inputs,
    output: Output = None,
    recolor: Annotated[
        Texts,
        _option(
            "recolor",
            "SEL=COLOR",
            "Set the colour (#rrggbb or a CSS name); several colours of a layer or a group shift.",
        ),
    ] = None,
    opacity: Annotated[Texts, _option("opacity", "SEL=0..1", "Set the opacity.")] = None,
    hide: Annotated[Texts, _option("hide", "SEL", "Hide layers.")] = None,
    show: Annotated[Texts, _option("show", "SEL", "Show hidden layers.")] = None,
    remove: Annotated[Texts, _option("remove", "SEL", "Remove layers.")] = None,
    keep: Annotated[Texts, _option("keep", "SEL", "Remove all other layers.")] = None,
    move: Annotated[
        Texts,
        _option("move", "SEL=PLACE", "Move up, down, to the top, to the bottom or to a position (1 is the lowest)."),
    ] = None,
    rename: Annotated[Texts, _option("rename", "SEL=NAME", "Set the name of layers or of a group.")] = None,
    shift: Annotated[
        Texts, _option("shift", "SEL=DX,DY", "Move right by DX and down by DY, in pixels of the source.")
    ] = None,
    scale: Annotated[Texts, _option("scale", "SEL=FACTOR", "Scale about the centre of each layer's frame.")] = None,
    transform: Annotated[
        Texts,
        _option("transform", "SEL=A,B,C,D,E,F", "Set the matrix from frame to canvas, row by row."),
    ] = None,
    background: Annotated[
        Texts, _option("background", "COLOR", "Set the colour behind all layers, or none: a transparent canvas.")
    ] = None,
    palette: Annotated[
        Texts, _option("palette", "FILE|N", "Limit colours to a palette file (.gpl, .png, text) or to N colours.")
    ] = None,
    colors_of: Annotated[
        Texts, _option("colors-of", "FILE", "Move all colours to those of a picture, as in --style-picture.")
    ] = None,
    swap_code: Annotated[Texts, _option("swap-code", "A=B", "Swap the mask codes of two layers.")] = None,
    jitter: Annotated[
        Texts,
        _option("jitter", "SEL=AMOUNT", "Vary masks at random by AMOUNT standard deviations of the stack's codes."),
    ] = None,
    merge: Annotated[
        Texts, _option("merge", "SEL", "Merge neighbouring layers into the one that replaces them best.")
    ] = None,
    copy_layer: Annotated[
        Texts,
        _option("copy-layer", "FROM.layers:SEL@N", "Copy layers from another file, on top or at position N."),
    ] = None,
    script: Annotated[Texts, _option("script", "FILE.toml", "Apply a script of changes (see docs/edit.md).")] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed for --jitter.")] = 0,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Change the layers of a file.

    Options are applied in the order in which they are written. SEL selects layers: an id, a name, a group, a number
    (1 is the lowest), a range such as 3-7, * for all, or several of these separated by commas."""
    if output is None and inputs != [STANDARD]:
        raise UsageError("edit needs an output; name one with -o.")
    batch = plan(inputs, output, SUFFIXES, ".layers", **course.planned)
    changes = tuple(_changes(context, seed))
    if not changes:
        raise UsageError("edit needs a change, such as --hide 3; see vecstack edit --help.")
    from vecstack.cli.running import run_all

    told = dataclasses.replace(course, options={**course.options, "changes": repr(changes)})  # of files that are named
    run_all(batch, Editing(changes, device), told, "Editing")


def _with_thumbnail(edited: Stack, stack: Stack) -> Stack:
    """The edited stack, with a new thumbnail if the stack had one."""
    if stack.thumbnail is None or edited.thumbnail is not None:
        return edited
    from vecstack.drawing.file import with_thumbnail

    return with_thumbnail(edited)


def _write(stack: Stack, item: Item) -> None:
    from vecstack.document.file import dumps, save

    if item.target == STANDARD:
        write_standard_output(dumps(stack))
    else:
        save(stack, item.target, overwrite=item.overwrite)


def _changes(context: typer.Context, seed: int) -> Iterator[Change]:
    """The changes of a command line, in the order in which they were written."""
    from vecstack.editing.changes import CHANGES
    from vecstack.editing.script import load_script

    texts: dict[str, Iterator[str]] = {}
    for name in context.meta[ORDER]:
        option = name.replace("_", "-")
        if option != "script" and option not in CHANGES:
            continue
        text = next(texts.setdefault(name, iter(context.params[name])))
        if option == "script":
            yield from load_script(text)
        else:
            yield _change(option, text, seed)


def _change(option: str, text: str, seed: int) -> Change:
    """The change that an option and its value describe. Raises UsageError, and whatever loading a file raises."""
    from vecstack.editing.changes import CHANGES

    kind: Any = CHANGES[option]
    try:
        if option == "palette":
            return kind(_palette(text))  # type: ignore[no-any-return]
        if option == "copy-layer":
            return kind(*_source(text))  # type: ignore[no-any-return]
        if option in WITHOUT_VALUE:
            return kind(text)  # type: ignore[no-any-return]
        selection, equals, value = text.rpartition("=")
        if not equals:
            raise UsageError("expected SEL=VALUE.")
        extra = {"seed": seed} if option == "jitter" else {}
        return kind(selection, VALUES.get(option, str)(value), **extra)  # type: ignore[no-any-return]
    except UsageError as error:
        raise UsageError(f"--{option} {text!r:.80}: {error}") from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"{text!r:.40} is not a number.") from None


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(_number, text.split(",")))


def _place(text: str) -> str | int:
    """A layer's number, or a word."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else text


def _palette(text: str) -> Iterable[Any] | int:
    """The number of colours, or the colours of a file."""
    from vecstack.editing.palette import load_palette

    count = _place(text)
    return count if isinstance(count, int) else load_palette(text)


def _source(text: str) -> tuple[str, Stack, int | None]:
    """A selection, the stack that it is from, and the position of the lowest copy (None: on top)."""
    from vecstack.document.file import load

    parts = re.fullmatch(r"(.+\.layers(?:\.json)?):(.+?)(?:@([0-9]{1,9}))?", text, re.DOTALL)
    if parts is None:
        raise UsageError("expected FROM.layers:SEL or FROM.layers:SEL@N.")
    return parts[2], load(parts[1]), None if parts[3] is None else int(parts[3])


WITHOUT_VALUE = {"hide", "show", "remove", "keep", "merge", "background", "colors-of"}
VALUES: dict[str, Callable[[str], Any]] = {
    "opacity": _number,
    "move": _place,
    "shift": _numbers,
    "scale": _number,
    "transform": _numbers,
    "jitter": _number,
}
