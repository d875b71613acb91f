"""Layer files to stacks and back: `.layers` zips and bare JSON documents. docs/format.md is the specification."""

from __future__ import annotations

import base64
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vecstack.atomic import atomic_writer, check_writable
from vecstack.document.archive import DOCUMENT, THUMBNAIL, unzip, zip_members
from vecstack.document.beside import folder_beside, write_assets
from vecstack.document.decode import check_kinds, stack_of, version_of
from vecstack.document.encode import document_text
from vecstack.document.limits import MAX_FILE_BYTES, check_size
from vecstack.document.schema import check_schema
from vecstack.document.strict_json import parse_json
from vecstack.document.version import VERSION, dotted
from vecstack.errors import DocumentError, ExportError
from vecstack.kinds import find_kind
from vecstack.stack import Stack, UnknownLayer

Source = str | os.PathLike[str] | BinaryIO | bytes
SUFFIXES = {".layers", ".layers.json"}  # of layer files
# Suffixes that a layer file must not have: those of pictures and of exports other than JSON.
OTHER_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".jp2"}
OTHER_SUFFIXES |= {".svg", ".svgz", ".html", ".htm", ".pdf", ".ora"}

# First bytes of PNG, JPEG, GIF, WebP, TIFF and BMP.
_PICTURE_STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")

_READING = "cannot be read ({cause}); it is damaged or not a layer file, so save or download it again."
_UNREADABLE = "cannot be read ({cause}); check its name and permissions."
_WRITING = "this stack cannot be saved ({cause})."
# All exceptions that parsing a damaged document was seen to raise in other libraries.
_FOREIGN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,  # with UnicodeError, JSONDecodeError, binascii.Error
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,  # with RecursionError, NotImplementedError
    EOFError,
    OSError,
    MemoryError,
)


@dataclass(frozen=True)
class Sizes:
    """The size of a stack as a `.layers` file, in bytes: the whole file, and its document and assets as compressed."""

    file: int
    document: int
    assets: int


def load(source: Source) -> Stack:
    """The stack of a `.layers` file or a bare JSON document, told apart by their content; `source` is a path, a binary
    stream or the bytes. Raises DocumentError: missing, damaged, above a limit of docs/format.md or against it;
    NewerFormatError, UnknownKindError: it needs a later version of this library."""
    with _boundary(_name(source), _READING):
        return _parse(_read(source), _place(source))[0]


def load_measured(source: Source) -> tuple[Stack, Sizes]:
    """The stack, as `load` has it, and its size as a `.layers` file: the file's own where it is one that holds all its
    assets, else that of `size_of`. Raises as `load`."""
    with _boundary(_name(source), _READING):
        data = _read(source)
        stack = _parse(data, _place(source))[0]
        if data.startswith(b"PK"):
            sizes, assets = _sizes(data)
            if assets == set(stack.assets):
                return stack, sizes
    return stack, size_of(stack)


def validate(source: Source) -> list[str]:
    """Warnings about a layer file that can be loaded, a sentence each: parts of a later version, unknown fields and
    members, unused assets. Raises as `load` does, and DocumentError for a file that does not follow the schema."""
    with _boundary(_name(source), _READING):
        data = _read(source)
        stack, warnings = _parse(data, _place(source))
        check_schema(parse_json(_members(data)[0][DOCUMENT]))
        return [_one_line(warning) for warning in (*warnings, *_unknown_parts(stack), *_unused_assets(stack))]


def save(
    stack: Stack,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    assets: str | os.PathLike[str] | None = None,
) -> None:
    """Write a stack: a bare JSON document where the name ends in `.json`, else a `.layers` zip. With `assets`, a
    folder, its assets go there, once for all files that share it, and the file cannot be read without it. Raises
    DocumentError: the stack breaks a limit of the format; ExportError: the output exists and `overwrite` is false,
    has the suffix of another format, or cannot be written."""
    check_suffix(path)
    is_json = Path(path).suffix.lower() == ".json"
    if assets is None or not stack.assets:
        data = dumps_json(stack) if is_json else dumps(stack)
    else:
        check_writable(path, overwrite=overwrite)
        write_assets(stack.assets, assets)
        data = _beside(stack, Path(path), assets, is_json)
    with atomic_writer(path, overwrite=overwrite) as file:
        file.write(data)


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ExportError where the name has the suffix of a picture or of another program's file."""
    place = Path(path)
    if place.suffix.lower() in OTHER_SUFFIXES:
        raise ExportError(
            f"{place} does not look like a layer file; name it {place.stem}.layers. "
            "`vecstack render` and `vecstack export` then turn it into pictures and other files."
        )


def dumps(stack: Stack) -> bytes:
    """The bytes of the stack as a `.layers` zip: equal stacks give equal bytes. Raises DocumentError."""
    with _boundary("document", _WRITING):
        data = _zipped(stack)
        _parse(data)  # so that whatever is written can be read: reading and writing share their checks
        return data


def _beside(stack: Stack, path: Path, folder: str | os.PathLike[str], is_json: bool) -> bytes:
    """The bytes of a file at `path` whose assets are in a folder. Raises DocumentError, ExportError."""
    with _boundary("document", _WRITING):
        where = folder_beside(path, folder)
        index = {asset: {"bytes": len(content), "folder": where} for asset, content in stack.assets.items()}
        members = {DOCUMENT: document_text(stack, index)}
        if stack.thumbnail is not None:
            members[THUMBNAIL] = stack.thumbnail
        data = members[DOCUMENT] if is_json else zip_members(members)
        _parse(data, path.parent)
        return data


def _zipped(stack: Stack) -> bytes:
    """The bytes of the stack as a zip, unchecked."""
    index = {asset: {"bytes": len(content)} for asset, content in stack.assets.items()}
    members = {f"assets/{asset}.safetensors": content for asset, content in stack.assets.items()}
    members[DOCUMENT] = document_text(stack, index)
    if stack.thumbnail is not None:
        members[THUMBNAIL] = stack.thumbnail
    return zip_members(members)


def size_of(stack: Stack) -> Sizes:
    """The size of the stack as a `.layers` file. Raises DocumentError where an asset is missing or does not match its
    layer; unlike `dumps`, it does not read the file back."""
    with _boundary("document", _WRITING):
        check_kinds(stack.layers, stack.assets)
        return _sizes(_zipped(stack))[0]


def _sizes(data: bytes) -> tuple[Sizes, set[str]]:
    """The sizes of a zip, and the assets in it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: info.compress_size for info in archive.infolist()}
    assets = {name: size for name, size in members.items() if name.startswith("assets/")}
    names = {name.removeprefix("assets/").removesuffix(".safetensors") for name in assets}
    return Sizes(len(data), members[DOCUMENT], sum(assets.values())), names


def dumps_json(stack: Stack) -> bytes:
    """The bytes of the stack as a bare JSON document, with its assets and without a thumbnail: equal stacks give equal
    bytes. Raises DocumentError."""
    with _boundary("document", _WRITING):
        index = {
            asset: {"bytes": len(content), "data": base64.b64encode(content).decode()}
            for asset, content in stack.assets.items()
        }
        data = document_text(stack, index)
        _parse(data)
        return data


@contextmanager
def _boundary(where: str, otherwise: str) -> Iterator[None]:
    """The one place where exceptions of other libraries become DocumentError, with the message `otherwise`, which has a
    field for the cause. Every message is one line that begins with `where`."""
    where = _one_line(where)
    try:
        yield
    except DocumentError as error:
        raise type(error)(f"{where}: {_one_line(str(error))}") from error
    except _FOREIGN as error:
        cause, message = str(error) or type(error).__name__, otherwise
        if isinstance(error, OSError) and error.strerror:  # from the file system; a damaged zip raises one without
            cause, message = error.strerror, _UNREADABLE
        raise DocumentError(f"{where}: {message.format(cause=_one_line(cause))}") from error


def _one_line(text: str) -> str:
    """Text from a hostile file, or its name, made safe for a terminal: printable, and at most 500 characters."""
    return "".join(character if character.isprintable() else "?" for character in text[:500])


# Bytes


def _name(source: Source) -> str:
    """The name of the source in messages."""
    if isinstance(source, bytes):
        return "document"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source) or "''"
    name = getattr(source, "name", "document")
    return "standard input" if name in (0, "<stdin>") else str(name)


def _place(source: Source) -> Path | None:
    """The folder that a source lies in, where it is a path."""
    return Path(source).parent if isinstance(source, str | os.PathLike) else None


def _read(source: Source) -> bytes:
    """The bytes of a source. Raises DocumentError, OSError."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_path(Path(source))
    else:
        data = source.read(MAX_FILE_BYTES + 1)
    if not data:
        raise DocumentError("is empty; pass a file that vecstack wrote.")
    check_size(len(data), MAX_FILE_BYTES, "the file")
    return data


def _read_path(path: Path) -> bytes:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DocumentError("does not exist; check the name.") from None
    if stat.S_ISDIR(status.st_mode):
        raise DocumentError("is a folder; name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file; read a pipe as standard input.")
    check_size(status.st_size, MAX_FILE_BYTES, "the file")
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _parse(data: bytes, place: Path | None = None) -> tuple[Stack, list[str]]:
    """The stack of a file's bytes, and warnings about the file, which lies in the folder `place`. Raises DocumentError
    and any of _FOREIGN."""
    members, strangers = _members(data)
    document = parse_json(members[DOCUMENT])
    stack = stack_of(document, members, place)
    warnings = [f"zip member {name:.80} is unknown; it will not be kept." for name in strangers]
    warnings += [
        f"zip member {name} is not listed in assets; it will not be kept."
        for name in members
        if name.startswith("assets/") and name[7:71] not in stack.assets
    ]
    if version_of(document, "version") > VERSION:
        warnings.append(f"written as format {document['version']}; parts newer than {dotted(VERSION)} are not drawn.")
    return stack, warnings


def _members(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The members of a document's file that the format knows, and the names of the others. Raises DocumentError, any of
    _FOREIGN."""
    if data.startswith(b"PK"):
        return unzip(data)
    if data.lstrip(b" \t\r\n").startswith(b"{"):
        return {DOCUMENT: data}, []
    if b"<svg" in data[:1024]:
        raise DocumentError("is a drawing, not a layer file; turn it into one with `vecstack import`.")
    raise DocumentError(
        "is a picture, not a layer file; turn it into one with `vecstack decompose`."
        if data.startswith(_PICTURE_STARTS)
        else "is neither a .layers zip nor a JSON document; pass a file that vecstack wrote."
    )


# Warnings


def _unknown_parts(stack: Stack) -> Iterator[str]:
    for name in stack.extra:
        yield f"unknown field {name:.80}; it is kept."
    for name in stack.canvas.extra:
        yield f"unknown field canvas.{name:.80}; it is kept."
    for group in stack.groups:
        for name in group.extra:
            yield f"group {group.id}: unknown field {name:.80}; it is kept."
    for layer in stack.layers:
        if isinstance(layer, UnknownLayer):
            yield f"layer {layer.id}: kind {layer.kind} is unknown; the layer is kept and not drawn."
        for name in layer.extra:
            yield f"layer {layer.id}: unknown field {name:.80}; it is kept."


def _unused_assets(stack: Stack) -> Iterator[str]:
    if any(isinstance(layer, UnknownLayer) for layer in stack.layers):
        return  # an unknown layer may use them
    used: set[str] = set()
    for layer in stack.layers:
        kind = find_kind(layer.kind)
        used.update(kind.asset_ids(layer) if kind else ())
    for asset in sorted(set(stack.assets) - used):
        yield f"asset {asset} is not used by any layer; it is kept."
