"""A folder as people have them: pictures of all formats, modes, sizes and names, in a tree, some of them broken."""

from __future__ import annotations

import functools
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, features

LONGEST_PX = 3000  # side of the largest picture
SLOW_PX = 300  # of a format that takes long to encode
BROKEN_PX = (64, 48)  # of a picture before it is broken
EACH_BROKEN = 19  # one in so many is; not a multiple of how many names there are

Form = tuple[str, Callable[[Image.Image], bytes]]  # the ending of a name, and the bytes of a picture (RGBA)


@dataclass(frozen=True)
class Made:
    """A file of the folder, its columns and rows as they are seen; none where it is broken, in a `way` with a name."""

    path: Path
    sides: tuple[int, int] | None
    way: str = ""


def make_folder(folder: Path, count: int, seed: int, longest_px: int = LONGEST_PX) -> list[Made]:
    """So many files in and below a folder, which is new; beside them what is no picture."""
    return _Folder(folder, seed, longest_px).filled(count)


class _Folder:
    """A folder that is being filled."""

    def __init__(self, folder: Path, seed: int, longest_px: int) -> None:
        self.folder, self.longest_px = folder, longest_px
        self.elsewhere = folder.with_name(f"{folder.name} elsewhere")
        self.random = np.random.default_rng(seed)
        self.forms, self.broken = list(_forms()), list(_broken())
        inside = ("", "deep", "deep/er", "a folder.png", "Ümläute")
        self.places = [*(folder / name for name in inside), self.elsewhere]
        self.made: list[Made] = []

    def filled(self, count: int) -> list[Made]:
        """So many files, made."""
        for place in self.places:
            place.mkdir(parents=True)
        (self.folder / "album").symlink_to(self.elsewhere)
        (self.folder / "round").symlink_to(self.folder)
        (self.folder / "notes.txt").write_text("no picture\n")
        (self.folder / "deep" / ".hidden.png").write_bytes(b"no picture\n")
        for number in range(count):
            place = self.places[number % len(self.places)]
            if number % EACH_BROKEN == 7:
                made = self._broken_one(number, place)
            elif number % 50 == 13:
                made = self._link(number, place)
            else:
                made = self._good_one(number, place)
            self.made.append(made)
        return self.made

    def _broken_one(self, number: int, place: Path) -> Made:
        way, suffix, write = self.broken[number // EACH_BROKEN % len(self.broken)]
        path = place / f"{_name(number)}{suffix}"
        write(path)
        is_read = way == "not readable" and os.access(path, os.R_OK)  # by who may read all
        return Made(self._seen(path), BROKEN_PX if is_read else None, way)

    def _link(self, number: int, place: Path) -> Made:
        """A link to the last picture that can be read."""
        other = next(entry for entry in reversed(self.made) if entry.sides is not None)
        path = place / f"link {number}{other.path.suffix}"
        path.symlink_to(other.path.resolve())
        return Made(self._seen(path), other.sides)

    def _good_one(self, number: int, place: Path) -> Made:
        """A picture that can be read; some have the stem of another one beside them."""
        suffix, write = self.forms[number % len(self.forms)]
        name, before = _name(number), _name(number - len(self.places))  # the one before it in the same place
        taken = [entry.path for entry in self.made if entry.path.name.startswith(f"{before}.")]
        if number % 10 == 6 and taken and taken[0].suffix.lower() != suffix:
            name = before
        is_slow = suffix in (".avif", ".heic", ".jp2")
        longest = min(SLOW_PX, self.longest_px) if is_slow else self.longest_px
        long = int(np.exp(self.random.uniform(0, np.log(longest)))) + (15 if is_slow else 0)
        short = max(1, round(long * self.random.uniform(0.1, 1)))
        sides = (long, short) if self.random.random() < 0.5 else (short, long)
        path = place / f"{name}{suffix.upper() if number % 9 == 4 else suffix}"
        path.write_bytes(write(_picture(*sides, self.random)))
        return Made(self._seen(path), sides)

    def _seen(self, path: Path) -> Path:
        """The path as a search of the folder finds it: what lies elsewhere, through the link that leads there."""
        return self.folder / "album" / path.name if path.parent == self.elsewhere else path


def _name(number: int) -> str:
    """A name as people, cameras and programs give them."""
    names = (
        f"{number:04}",
        f"two words {number}",
        f"Grüße {number}",
        f"写真 {number}",
        f"e\u0301 {number}",
        f"IMG_{number}",
        f"{number}.v2",
        f"[{number}]",
        f"@{number}",
        f"-{number}",
        f"100% #{number}?",
        f'it\'s "{number}"',
        f"{number}{'x' * 180}",
        f"two\nlines {number}",
        os.fsdecode(b"caf\xe9 ") + str(number),
    )
    return names[number % len(names)]


def _picture(width: int, height: int, random: np.random.Generator) -> Image.Image:
    """A smooth ground with two discs, and an alpha that fades (RGBA)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = x / width, y / height
    colors = random.integers(0, 256, (3, 3))
    pixels = np.stack([c * (0.4 + 0.6 * x) for c in colors[0]], -1)
    for color in colors[1:]:
        place = random.uniform(0.2, 0.8, 2)
        pixels[(x - place[0]) ** 2 + (y - place[1]) ** 2 < 0.03] = color
    alpha = np.minimum(255, 80 + 300 * y)
    return Image.fromarray(np.concatenate([pixels, alpha[..., None]], -1).astype(np.uint8))


# Pictures that can be read


def _forms() -> Iterator[Form]:
    """All formats and modes that can be written here."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield ".png", functools.partial(_saved, "PNG", mode)
    yield ".png", functools.partial(_saved, "PNG", "P", transparency=0)
    for mode in ("L", "RGB", "CMYK"):
        yield ".jpg", functools.partial(_saved, "JPEG", mode)
    yield ".jpeg", functools.partial(_saved, "JPEG", "RGB", progressive=True, subsampling=0)
    yield ".jpg", _turned
    yield ".gif", functools.partial(_saved, "GIF", "P")
    yield ".gif", functools.partial(_animated, "GIF")
    yield ".webp", functools.partial(_saved, "WEBP", "RGB")
    yield ".webp", functools.partial(_saved, "WEBP", "RGBA", lossless=True)
    yield ".webp", functools.partial(_animated, "WEBP")
    for mode, compression in (("1", "group4"), ("L", "tiff_lzw"), ("RGB", "tiff_adobe_deflate"), ("CMYK", None)):
        yield ".tif", functools.partial(_saved, "TIFF", mode, compression=compression)
    for mode in ("RGBA", "I;16", "F"):
        yield ".tiff", functools.partial(_saved, "TIFF", mode)
    yield ".tif", functools.partial(_animated, "TIFF")
    for mode in ("1", "L", "P", "RGB"):
        yield ".bmp", functools.partial(_saved, "BMP", mode)
    for suffix, mode in ((".pbm", "1"), (".pgm", "L"), (".ppm", "RGB"), (".pgm", "I;16"), (".pfm", "F")):
        yield suffix, functools.partial(_saved, "PPM", mode)
    yield ".png", functools.partial(_saved, "JPEG", "RGB")  # the wrong ending: what counts is what the file holds
    if features.check("jpg_2000"):
        yield ".jp2", functools.partial(_saved, "JPEG2000", "RGB")
    if features.check("avif"):
        yield ".avif", functools.partial(_saved, "AVIF", "RGB")
    try:
        from pillow_heif import from_pillow
    except ImportError:
        return
    yield ".heic", lambda picture: _heic(from_pillow(picture.convert("RGB")))


def _in_mode(picture: Image.Image, mode: str) -> Image.Image:
    if mode in ("RGBA", "LA"):
        return picture.convert(mode)
    opaque = picture.convert("RGB")
    if mode == "I;16":
        return Image.fromarray(np.asarray(opaque.convert("L")).astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(opaque.convert("L")).astype(np.float32) / 255)
    return opaque.convert(mode)


def _saved(name: str, mode: str, picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    _in_mode(picture, mode).save(buffer, name, **options)
    return buffer.getvalue()


def _turned(picture: Image.Image) -> bytes:
    """A JPEG that lies on its side, as its EXIF data say."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return _saved("JPEG", "RGB", picture.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _animated(name: str, picture: Image.Image) -> bytes:
    """A file of three frames or pages."""
    frames = [_in_mode(picture, "RGB"), *(Image.new("RGB", picture.size, color) for color in ("red", "blue"))]
    buffer = io.BytesIO()
    frames[0].save(buffer, name, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def _heic(picture: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer)  # type: ignore[attr-defined]
    return buffer.getvalue()


# Pictures that cannot


def _broken() -> Iterator[tuple[str, str, Callable[[Path], None]]]:
    """The ways in which files are broken: a name, the ending, and what writes one."""
    picture = _picture(*BROKEN_PX, np.random.default_rng(1))
    for suffix, write in {suffix: write for suffix, write in reversed(list(_forms())) if suffix != ".pbm"}.items():
        data = write(picture)
        yield "cut short", suffix, functools.partial(_write, data[: len(data) * 2 // 5])
    png, jpeg = _saved("PNG", "RGB", picture), _saved("JPEG", "RGB", picture)
    yield "empty", ".png", functools.partial(_write, b"")
    yield "empty", ".jpg", functools.partial(_write, b"")
    yield "a text", ".png", functools.partial(_write, b"This was a picture once.\n")
    yield "a page", ".jpg", functools.partial(_write, b"<!doctype html><title>404 Not Found</title>\n")
    yield "a document", ".tif", functools.partial(_write, b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
    yield "an archive", ".png", functools.partial(_write, b"PK\x03\x04" + bytes(60))
    yield "noise", ".webp", functools.partial(_write, np.random.default_rng(2).bytes(4000))
    yield "a start of nothing", ".jpg", functools.partial(_write, jpeg[:20])
    yield "damaged", ".png", functools.partial(_write, png[:60] + bytes(40) + png[100:])
    yield "a bomb", ".png", functools.partial(_write, _bomb())
    yield "a link to nothing", ".png", lambda path: path.symlink_to("nowhere.png")
    yield "a link to itself", ".gif", lambda path: path.symlink_to(path.name)
    yield "not readable", ".png", functools.partial(_write_locked, png)


def _write(data: bytes, path: Path) -> None:
    path.write_bytes(data)


def _write_locked(data: bytes, path: Path) -> None:
    path.write_bytes(data)
    path.chmod(0)


def _bomb() -> bytes:
    """A small PNG that says it has 3.6 gigapixels."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(bytes(10**6)))
    parts = [
        struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in (*chunks, (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
