"""Layer files to stacks and back: `.layers` zips and bare JSON documents. docs/format.md is the specification."""

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
from vecstack.document.schema import check_schema
from vecstack.document.strict_json import field, matching, numbers, parse_json, typed, unknown
from vecstack.errors import DocumentError, ExportError, NewerFormatError, UnknownKindError
from vecstack.geometry import Affine
from vecstack.kinds import find_kind
from vecstack.stack import Canvas, Json, Layer, Stack, UnknownLayer, check_id

Source = str | os.PathLike[str] | BinaryIO | bytes

FORMAT = "vecstack-layers"
SUFFIXES = {".layers", ".layers.json"}  # of layer files
VERSION = (1, 0)  # of the format: the version written, and the newest that can be read
GENERATOR = "vecstack"  # without a version number, so that an update does not change the bytes of a document
# Suffixes that a layer file must not have: those of pictures and of exports other than JSON.
OTHER_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif", ".jp2"}
OTHER_SUFFIXES |= {".svg", ".svgz", ".html", ".htm", ".pdf", ".ora"}

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
        return _parse(_read(source))[0]


def validate(source: Source) -> list[str]:
    """Warnings about a layer file that can be loaded, a sentence each: parts of a later version, unknown fields and
    members, unused assets. Raises as `load` does, and DocumentError for a file that does not follow the schema."""
    with _boundary(_name(source), _READING):
        data = _read(source)
        stack, warnings = _parse(data)
        check_schema(parse_json(_members(data)[0][DOCUMENT]))
        return [_one_line(warning) for warning in (*warnings, *_unknown_parts(stack), *_unused_assets(stack))]


def save(stack: Stack, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a stack: a bare JSON document where the name ends in `.json`, else a `.layers` zip. Raises
    DocumentError: the stack breaks a limit of the format; ExportError: the output exists and `overwrite` is false,
    has the suffix of another format, or cannot be written."""
    check_suffix(path)
    data = dumps_json(stack) if Path(path).suffix.lower() == ".json" else dumps(stack)
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


def _zipped(stack: Stack) -> bytes:
    """The bytes of the stack as a zip, unchecked."""
    index = {asset: {"bytes": len(content)} for asset, content in stack.assets.items()}
    members = {f"assets/{asset}.safetensors": content for asset, content in stack.assets.items()}
    members[DOCUMENT] = _document_text(stack, index)
    if stack.thumbnail is not None:
        members[THUMBNAIL] = stack.thumbnail
    return zip_members(members)


def size_of(stack: Stack) -> Sizes:
    """The size of the stack as a `.layers` file. Raises DocumentError where an asset is missing or does not match its
    layer; unlike `dumps`, it does not read the file back."""
    with _boundary("document", _WRITING):
        _check_kinds(stack.layers, stack.assets)
        data = _zipped(stack)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: info.compress_size for info in archive.infolist()}
    assets = sum(size for name, size in members.items() if name.startswith("assets/"))
    return Sizes(len(data), members[DOCUMENT], assets)


def dumps_json(stack: Stack) -> bytes:
    """The bytes of the stack as a bare JSON document, with its assets and without a thumbnail: equal stacks give equal
    bytes. Raises DocumentError."""
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


def _parse(data: bytes) -> tuple[Stack, list[str]]:
    """The stack of a file's bytes, and warnings about the file. Raises DocumentError and any of _FOREIGN."""
    members, strangers = _members(data)
    document = parse_json(members[DOCUMENT])
    stack = _stack(document, members)
    warnings = [f"zip member {name:.80} is unknown; it will not be kept." for name in strangers]
    warnings += [
        f"zip member {name} is not listed in assets; it will not be kept."
        for name in members
        if name.startswith("assets/") and name[7:71] not in stack.assets
    ]
    if _version(document, "version") > VERSION:
        warnings.append(f"written as format {document['version']}; parts newer than {_dotted(VERSION)} are not drawn.")
    return stack, warnings


def _members(data: bytes) -> tuple[dict[str, bytes], list[str]]:
    """The members of a document's file that the format knows, and the names of the others. Raises DocumentError, any of
    _FOREIGN."""
    if data.startswith(b"PK"):
        return unzip(data)
    if data.lstrip(b" \t\r\n").startswith(b"{"):
        return {DOCUMENT: data}, []
    raise DocumentError(
        "is a picture, not a layer file; turn it into one with `vecstack decompose`."
        if data.startswith(_PICTURE_STARTS)
        else "is neither a .layers zip nor a JSON document; pass a file that vecstack wrote."
    )


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
    """Raise NewerFormatError for a document that needs a newer reader, DocumentError for an invalid version."""
    if document.get("format") != FORMAT:
        raise DocumentError(f'format must be "{FORMAT}", not {reprlib.repr(document.get("format"))}.')
    version = _version(document, "version")
    oldest = (version[0], 0)
    needed = max(oldest, _version(document, "min_reader", default=_dotted(oldest)))
    if needed > VERSION:
        raise NewerFormatError(
            f"needs a reader of format {_dotted(needed)}, but this vecstack reads up to {_dotted(VERSION)}; "
            "install a newer vecstack."
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
                f"needs the feature {reprlib.repr(feature)}, which this vecstack does not have; "
                "install a newer vecstack."
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
    """The bytes of an asset, from its entry or from the zip, checked against its name (their sha256)."""
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
        raise DocumentError(f"asset {name} is not in the file; save the document again as .layers, which includes it.")
    if len(data) != size_bytes or hashlib.sha256(data).hexdigest() != name:
        raise DocumentError(f"asset {name} is damaged (wrong size or sha256); save or download the file again.")
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
    """Raise DocumentError unless the assets of each kind's layers are there and match them."""
    for name in sorted({layer.kind for layer in layers}):
        kind = find_kind(name)
        if kind is not None:
            kind.check([layer for layer in layers if layer.kind == name], assets)


# Stack to document


def _document_text(stack: Stack, assets: Json) -> bytes:
    """The document as JSON in UTF-8, one field or layer per line, so that a change shows as a changed line."""
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
    """A value on one line, or a list of objects with one line for each."""
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
    """The same JSON value with the fields of every object sorted, so that equal values give equal text."""
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


# Warnings


def _unknown_parts(stack: Stack) -> Iterator[str]:
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
        return  # an unknown layer may use them
    used: set[str] = set()
    for layer in stack.layers:
        kind = find_kind(layer.kind)
        used.update(kind.asset_ids(layer) if kind else ())
    for asset in sorted(set(stack.assets) - used):
        yield f"asset {asset} is not used by any layer; it is kept."
