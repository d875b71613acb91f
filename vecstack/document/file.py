"""Layer files, `.layers` zips and bare JSON documents, to and from a Stack; docs/format.md is the specification."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import reprlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from vecstack.atomic import atomic_writer
from vecstack.color import Color
from vecstack.document.archive import DOCUMENT, THUMBNAIL, unzip, zip_members
from vecstack.document.limits import MAX_ASSET_BYTES, MAX_FILE_BYTES, check_size
from vecstack.document.strict_json import field, matching, numbers, parse_json, typed, unknown
from vecstack.errors import DocumentError, ExportError, NewerFormatError, UnknownKindError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.stack import Canvas, Json, Layer, Stack, UnknownLayer, check_id

Source = str | os.PathLike[str] | BinaryIO | bytes

FORMAT = "vecstack-layers"
SUFFIXES = {".layers", ".layers.json"}  # of layer files
VERSION = (1, 0)  # of the format: written, and the latest that is read
GENERATOR = "vecstack"  # without the program's version, so that an update does not change the bytes of a document
# Of pictures, and of what layers are exported to but JSON.
OTHER_ENDINGS = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".jp2"}
OTHER_ENDINGS |= {".svg", ".svgz", ".html", ".htm", ".pdf", ".ora"}

_TOP_FIELDS = (
    *("format", "version", "min_reader", "features_required", "generator"),
    *("canvas", "assets", "layers", "source", "model", "metrics"),
)
_CANVAS_FIELDS = ("width", "height", "background")
_LAYER_FIELDS = ("id", "name", "kind", "visible", "opacity", "transform")

# First bytes of PNG, JPEG, GIF, WebP, TIFF and BMP.
_PICTURE_STARTS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")

_READING = "cannot be read ({cause}). It is damaged or not a layer file: save it or fetch it again."
_UNREADABLE = "cannot be read ({cause}). Check its name and its permissions."
_WRITING = "this stack cannot be saved ({cause})."
# Everything that a damaged document was seen to raise from the libraries that take it apart.
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
    """Bytes of a stack as a `.layers` file: of the whole file, and of its document and its assets as deflated."""

    file: int
    document: int
    assets: int


def load(source: Source) -> Stack:
    """The stack of a `.layers` file or of a bare JSON document, told apart by their content; `source` is a path, a
    binary stream or the bytes. Raises DocumentError: missing, damaged, over a limit of docs/format.md or against it;
    NewerFormatError, UnknownKindError: it needs a later version of this library."""
    with _boundary(_name(source), _READING):
        return _parse(_read(source))[0]


def validate(source: Source) -> list[str]:
    """What is odd about a layer file that can be loaded, a sentence each: things of a later version, unknown
    fields and members, unused assets. Raises what `load` raises where it cannot."""
    with _boundary(_name(source), _READING):
        stack, oddities = _parse(_read(source))
        return [_one_line(oddity) for oddity in (*oddities, *_unknown_things(stack), *_unused_assets(stack))]


def save(stack: Stack, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a stack: a bare JSON document where the name ends in `.json`, else a `.layers` zip. Raises
    DocumentError: the stack breaks a limit of the format; ExportError: the output exists and `overwrite` is false,
    has the ending of another format, or cannot be written."""
    check_ending(path)
    data = dumps_json(stack) if Path(path).suffix.lower() == ".json" else dumps(stack)
    with atomic_writer(path, overwrite=overwrite) as file:
        file.write(data)


def check_ending(path: str | os.PathLike[str]) -> None:
    """Raise ExportError where a layer file of that name would be taken for a picture or for another program's file."""
    place = Path(path)
    if place.suffix.lower() in OTHER_ENDINGS:
        raise ExportError(
            f"{place} has the ending of another format, and a layer file is written. Name it {place.stem}.layers; "
            "`vecstack render` and `vecstack export` make pictures and other files of it."
        )


def dumps(stack: Stack) -> bytes:
    """The stack as a `.layers` zip: equal stacks give equal bytes. Raises DocumentError."""
    with _boundary("document", _WRITING):
        data = _zipped(stack)
        _parse(data)  # so that whatever is written can be read: one set of checks for both ways
        return data


def _zipped(stack: Stack) -> bytes:
    """The stack as a zip that nothing has checked."""
    index = {asset: {"bytes": len(content)} for asset, content in stack.assets.items()}
    members = {f"assets/{asset}.safetensors": content for asset, content in stack.assets.items()}
    members[DOCUMENT] = _document_text(stack, index)
    if stack.thumbnail is not None:
        members[THUMBNAIL] = stack.thumbnail
    return zip_members(members)


def size_of(stack: Stack) -> Sizes:
    """How many bytes the stack takes as a `.layers` file. Raises DocumentError where an asset is missing or does not
    fit its layer; unlike `dumps` it does not read the file back."""
    with _boundary("document", _WRITING):
        _check_kinds(stack.layers, stack.assets)
        data = _zipped(stack)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: info.compress_size for info in archive.infolist()}
    assets = sum(size for name, size in members.items() if name.startswith("assets/"))
    return Sizes(len(data), members[DOCUMENT], assets)


def dumps_json(stack: Stack) -> bytes:
    """The stack as a bare JSON document, its assets within, without a thumbnail: equal stacks give equal bytes.
    Raises DocumentError."""
    with _boundary("document", _WRITING):
        index = {
            asset: {"bytes": len(content), "data": base64.b64encode(content).decode()}
            for asset, content in stack.assets.items()
        }
        data = _document_text(stack, index)
        _parse(data)
        return data


@contextmanager
def _boundary(where: str, otherwise: str) -> Iterator[None]:
    """The one place where foreign exceptions become DocumentError; every message is one line that begins with
    `where`. `otherwise` is the message for a foreign one, with a place for its cause."""
    where = _one_line(where)
    try:
        yield
    except DocumentError as error:
        raise type(error)(f"{where}: {_one_line(str(error))}") from error
    except _FOREIGN as error:
        cause, message = str(error) or type(error).__name__, otherwise
        if isinstance(error, OSError) and error.strerror:  # of the file system; a damaged zip raises one without
            cause, message = error.strerror, _UNREADABLE
        raise DocumentError(f"{where}: {message.format(cause=_one_line(cause))}") from error


def _one_line(text: str) -> str:
    """A text from a hostile file or of its name, fit for a terminal: printable and of at most 500 characters."""
    return "".join(character if character.isprintable() else "?" for character in text[:500])


# Bytes


def _name(source: Source) -> str:
    """What messages call the source."""
    if isinstance(source, bytes):
        return "document"
    if isinstance(source, str | os.PathLike):
        return os.fspath(source) or "''"
    name = getattr(source, "name", "document")
    return "standard input" if name in (0, "<stdin>") else str(name)


def _read(source: Source) -> bytes:
    """The bytes of a source. Raises DocumentError, OSError."""
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_path(Path(source))
    else:
        data = source.read(MAX_FILE_BYTES + 1)
    if not data:
        raise DocumentError("is empty. Give a file that vecstack wrote.")
    check_size(len(data), MAX_FILE_BYTES, "the file")
    return data


def _read_path(path: Path) -> bytes:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DocumentError("does not exist. Check the name.") from None
    if stat.S_ISDIR(status.st_mode):
        raise DocumentError("is a folder. Name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file. Give a file, or - for standard input.")
    check_size(status.st_size, MAX_FILE_BYTES, "the file")
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def _parse(data: bytes) -> tuple[Stack, list[str]]:
    """The stack of a document and what is odd about its file. Raises DocumentError, any of _FOREIGN."""
    if data.startswith(b"PK"):
        members, strangers = unzip(data)
    elif data.lstrip(b" \t\r\n").startswith(b"{"):
        members, strangers = {DOCUMENT: data}, []
    else:
        raise DocumentError(
            "is a picture, not a layer file; turn it into one with `vecstack decompose`."
            if data.startswith(_PICTURE_STARTS)
            else "is neither a .layers zip nor a JSON document; pass a file that vecstack wrote."
        )
    document = parse_json(members[DOCUMENT])
    stack = _stack(document, members)
    oddities = [f"zip member {name:.80} is unknown and will not be kept." for name in strangers]
    oddities += [
        f"zip member {name} is not listed in assets and will not be kept."
        for name in members
        if name.startswith("assets/") and name[7:71] not in stack.assets
    ]
    if _version(document, "version") > VERSION:
        oddities.append(f"written as format {document['version']}; what {_dotted(VERSION)} does not know is not drawn.")
    return stack, oddities


# Document to stack


def _stack(document: Json, members: Mapping[str, bytes]) -> Stack:
    _check_version(document)
    _check_features(document)
    canvas = _canvas(field(document, "canvas", dict))
    assets = {
        name: _asset(name, value, members) for name, value in sorted(field(document, "assets", dict, "", {}).items())
    }
    layers = tuple(_layer(value, index, canvas) for index, value in enumerate(field(document, "layers", list)))
    _check_kinds(layers, assets)
    field(document, "generator", str, default="")
    return Stack(
        canvas,
        layers,
        assets,
        source=field(document, "source", dict, default={}),
        model=field(document, "model", dict, default={}),
        metrics=field(document, "metrics", dict, default={}),
        extra=unknown(document, _TOP_FIELDS),
        thumbnail=members.get(THUMBNAIL),
    )


def _check_version(document: Json) -> None:
    """Raise NewerFormatError for a document that asks for a later reader, DocumentError for one of no version."""
    if document.get("format") != FORMAT:
        raise DocumentError(f'format must be "{FORMAT}", not {reprlib.repr(document.get("format"))}.')
    version = _version(document, "version")
    oldest = (version[0], 0)
    needed = max(oldest, _version(document, "min_reader", default=_dotted(oldest)))
    if needed > VERSION:
        raise NewerFormatError(
            f"needs a reader of format {_dotted(needed)}; this vecstack reads up to {_dotted(VERSION)}. "
            "Install a newer vecstack."
        )
    if version < (1, 0):
        raise DocumentError(f"there is no format version {_dotted(version)}; the first is 1.0.")


def _version(document: Json, name: str, default: str | None = None) -> tuple[int, int]:
    text = matching(field(document, name, str, default=default), _VERSION, name, 'a version such as "1.0"')
    major, minor = text.split(".")
    return int(major), int(minor)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _check_features(document: Json) -> None:
    for value in field(document, "features_required", list, default=[]):
        feature = typed(value, str, "features_required")
        name = feature.removeprefix("kind:")
        if name == feature or not _KIND.fullmatch(name) or find_kind(name) is None:
            raise UnknownKindError(
                f"needs the feature {reprlib.repr(feature)}, which this vecstack does not have. "
                "Install a newer vecstack."
            )


def _canvas(fields: Json) -> Canvas:
    background = numbers(fields.get("background", [0.0, 0.0, 0.0]), 3, "canvas.background")
    return Canvas(
        field(fields, "width", int, "canvas."),
        field(fields, "height", int, "canvas."),
        cast(Color, background),
        extra=unknown(fields, _CANVAS_FIELDS),
    )


def _asset(name: str, value: Any, members: Mapping[str, bytes]) -> bytes:
    """The bytes of an asset, from its entry or from the zip, checked against their name."""
    where = f"assets.{name:.64}: "
    matching(name, _SHA256, "an asset's name", "a sha256 in 64 lower-case hexadecimal digits")
    entry = typed(value, dict, where[:-2])
    size_bytes = field(entry, "bytes", int, where)
    check_size(size_bytes, MAX_ASSET_BYTES, f"asset {name}")
    if "data" in entry:
        data = base64.b64decode(field(entry, "data", str, where), validate=True)
    elif f"assets/{name}.safetensors" in members:
        data = members[f"assets/{name}.safetensors"]
    else:
        raise DocumentError(f"asset {name} is not in the file. Save the document again as .layers, which holds it.")
    if len(data) != size_bytes or hashlib.sha256(data).hexdigest() != name:
        raise DocumentError(f"asset {name} is damaged: its size or sha256 differs. Save or fetch the file again.")
    return data


def _layer(value: Any, index: int, canvas: Canvas) -> Layer:
    place = f"layers[{index}]"
    fields = typed(value, dict, place)
    layer_id = field(fields, "id", str, f"{place}.")
    check_id(layer_id, f"{place}.id")
    where = f"layer {layer_id}: "
    kind_name = matching(field(fields, "kind", str, where), _KIND, f"{where}kind", "a name such as mask")
    common: dict[str, Any] = {
        "id": layer_id,
        "name": field(fields, "name", str, where, default=""),
        "visible": field(fields, "visible", bool, where, default=True),
        "opacity": field(fields, "opacity", float, where, default=1.0),
        "transform": _transform(fields, where, canvas),
    }
    rest = unknown(fields, _LAYER_FIELDS)
    kind = find_kind(kind_name)
    if kind is None:
        return UnknownLayer(**common, unknown_kind=kind_name, fields=rest)
    own = {name: rest.pop(name) for name in kind.fields if name in rest}
    return kind.read({**common, "extra": rest}, own)


def _transform(fields: Json, where: str, canvas: Canvas) -> Affine:
    if "transform" not in fields:
        return Affine.of_frame(canvas.rect)
    rows = field(fields, "transform", list, where)
    if len(rows) != 2:
        raise DocumentError(f"{where}transform must be two rows of three numbers, not {len(rows)} rows.")
    return Affine.of_rows([numbers(row, 3, f"{where}a row of transform") for row in rows])


def _check_kinds(layers: tuple[Layer, ...], assets: Mapping[str, bytes]) -> None:
    """Raise DocumentError unless the layers of each kind find their assets fit."""
    for name in sorted({layer.kind for layer in layers}):
        kind = find_kind(name)
        if kind is not None:
            kind.check([layer for layer in layers if layer.kind == name], assets)


# Stack to document


def _document_text(stack: Stack, assets: Json) -> bytes:
    """The document as JSON in UTF-8, a field or a layer a line, so that a change shows as a changed line."""
    known_kinds = {layer.kind for layer in stack.layers if not isinstance(layer, UnknownLayer)}
    known = {
        "format": FORMAT,
        "version": _dotted(VERSION),
        "min_reader": _dotted(VERSION),
        "features_required": sorted(f"kind:{kind}" for kind in known_kinds),
        "generator": GENERATOR,
        "canvas": _canvas_fields(stack.canvas),
        "source": _sorted(stack.source),
        "model": _sorted(stack.model),
        "metrics": _sorted(stack.metrics),
        "layers": [_layer_fields(layer) for layer in stack.layers],
        "assets": _sorted(assets),
    }
    lines = [f"{_text(name)}: {_lines(value)}" for name, value in _with_unknown(known, stack.extra).items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _lines(value: Any) -> str:
    """A value on one line, or a list of objects with a line for each."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(map(_text, value)) + "\n]"
    return _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _canvas_fields(canvas: Canvas) -> dict[str, Any]:
    known = {
        "width": canvas.width,
        "height": canvas.height,
        "background": [float(value) for value in canvas.background],
    }
    return _with_unknown(known, canvas.extra)


def _layer_fields(layer: Layer) -> dict[str, Any]:
    common: dict[str, Any] = {
        "id": layer.id,
        "name": layer.name,
        "kind": layer.kind,
        "visible": layer.visible,
        "opacity": float(layer.opacity),
        "transform": [[float(number) for number in row] for row in layer.transform.rows()],
    }
    if isinstance(layer, UnknownLayer):
        return _with_unknown(common, {**layer.extra, **layer.fields})
    kind = find_kind(layer.kind)
    if kind is None:
        raise DocumentError(f"layer {layer.id}: this vecstack has no kind {layer.kind}.")
    return _with_unknown({**common, **kind.write(layer)}, unknown(layer.extra, kind.fields))


def _with_unknown(known: dict[str, Any], extra: Json) -> dict[str, Any]:
    return {**known, **_sorted(unknown(extra, known))}


def _sorted(value: Any) -> Any:
    """The same JSON value with the fields of every object in order, so that equal values give equal text."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


# Oddities


def _unknown_things(stack: Stack) -> Iterator[str]:
    for name in stack.extra:
        yield f"unknown field {name:.80}; it is kept."
    for name in stack.canvas.extra:
        yield f"unknown field canvas.{name:.80}; it is kept."
    for layer in stack.layers:
        if isinstance(layer, UnknownLayer):
            yield f"layer {layer.id}: kind {layer.kind} is unknown; the layer is kept and not drawn."
        for name in layer.extra:
            yield f"layer {layer.id}: unknown field {name:.80}; it is kept."


def _unused_assets(stack: Stack) -> Iterator[str]:
    if any(isinstance(layer, UnknownLayer) for layer in stack.layers):
        return  # which may be what uses them
    used: set[str] = set()
    for layer in stack.layers:
        kind = find_kind(layer.kind)
        used.update(kind.asset_ids(layer) if kind else ())
    for asset in sorted(set(stack.assets) - used):
        yield f"asset {asset} is used by no layer; it is kept."
