"""What became of the items of an output folder: counts, and a page for a browser."""

from __future__ import annotations

import base64
import hashlib
import html
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from vecstack.batch.manifest import Record
from vecstack.batch.places import fetched, joined
from vecstack.document.file import SUFFIXES, load
from vecstack.errors import PictureError, VecstackError
from vecstack.pictures.suffixes import SUFFIXES as PICTURES

THUMBNAIL_PX = 72  # long side, as the page shows it
MAX_THUMBNAILS = 1000  # rows with pictures: some 4 MB of page
MAX_LINES = 100  # of failures that are printed

STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff; }
h1 { font-size: 1.4em; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: .3em .8em .3em 0; border-bottom: 1px solid #ddd; vertical-align: middle; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.name { overflow-wrap: anywhere; max-width: 28em; }
tr.failed td { background: #fdecea; }
img { display: block; width: 72px; height: 72px; object-fit: contain; image-rendering: pixelated; }
th { white-space: nowrap; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b; }
  th, td { border-color: #444; }
  tr.failed td { background: #4a2320; }
}
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'sha256-{hash}'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
<table>
<thead><tr><th>Input</th><th></th><th>Output</th><th></th><th>Status</th>
<th class="number">PSNR, dB</th><th class="number">Bytes</th><th class="number">Seconds</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def summary_of(records: Mapping[str, Record]) -> dict[str, int | float]:
    """How many items there are of each status, and their seconds and bytes."""
    counts = Counter(record.status for record in records.values())
    return {
        "items": len(records),
        "done": counts["done"],
        "failed": counts["failed"],
        "seconds": round(sum(record.seconds for record in records.values()), 3),
        "bytes": sum(record.bytes for record in records.values()),
    }


def failures_of(records: Mapping[str, Record]) -> list[Record]:
    """The items that failed, by output."""
    return [record for _, record in sorted(records.items()) if record.status == "failed"]


def report_page(folder: Path, records: Mapping[str, Record]) -> str:
    """The items of a folder as a page that needs no network: failures first, with small pictures of what can be shown.
    Names stand there as text, whatever they hold."""
    ordered = [*failures_of(records), *(record for _, record in sorted(records.items()) if record.status != "failed")]
    rows = [_row(folder, record, with_pictures=at < MAX_THUMBNAILS) for at, record in enumerate(ordered)]
    summary = summary_of(records)
    told = f"{summary['done']} done, {summary['failed']} failed; {summary['seconds']:.0f} s of work"
    return PAGE.format(
        hash=base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode(),
        title=_text(f"Report of {folder.name or folder}"),
        style=STYLE,
        summary=_text(f"{told}, {summary['bytes']:,} bytes."),
        rows="\n".join(rows),
    )


def _row(folder: Path, record: Record, *, with_pictures: bool) -> str:
    """The row of an item."""
    failed = record.status == "failed"
    told = f"failed: {record.message}" if failed else record.status
    pictures = (record.input, joined(str(folder), record.output)) if with_pictures else ()
    shown = list(map(_shown, pictures)) or ["", ""]
    cells: Sequence[tuple[str, str]] = (
        ("name", _text(record.input)),
        ("", shown[0]),
        ("name", _text(record.output)),
        ("", "" if failed else shown[1]),
        ("name", _text(told)),
        ("number", "" if record.psnr is None else f"{record.psnr:.2f}"),
        ("number", "" if failed else f"{record.bytes:,}"),
        ("number", f"{record.seconds:.1f}"),
    )
    inside = "".join(f'<td class="{name}">{text}</td>' if name else f"<td>{text}</td>" for name, text in cells)
    return f'<tr class="failed">{inside}</tr>' if failed else f"<tr>{inside}</tr>"


def _shown(name: str) -> str:
    """A small picture of a file as an image of the page; "" where there is none to show."""
    try:
        with fetched(name) as near:
            return _image(thumbnail(Path(near)))
    except PictureError:
        return ""


def thumbnail(path: Path) -> bytes | None:
    """A small WebP of a picture or a layer file; None where there is none to show."""
    from PIL import Image

    from vecstack.pictures.read import load_picture

    try:
        is_stack = path.name.lower().endswith(tuple(SUFFIXES))
        source = load(path).thumbnail if is_stack else path if path.suffix.lower() in PICTURES else None
        read = None if source is None else load_picture(source)
    except VecstackError:
        return None
    if read is None:
        return None
    picture = Image.fromarray((read.pixels * 255 + 0.5).astype("uint8"))
    if read.alpha is not None:
        picture.putalpha(Image.fromarray((read.alpha * 255 + 0.5).astype("uint8")))
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    packed = io.BytesIO()
    picture.save(packed, "WEBP", quality=80)
    return packed.getvalue()


def _image(data: bytes | None) -> str:
    """An image with its bytes within."""
    if data is None:
        return ""
    return f'<img alt="" src="data:image/webp;base64,{base64.b64encode(data).decode()}">'


def _text(text: str) -> str:
    """A text as HTML, with what is no text in it replaced."""
    return html.escape(text.encode("utf-8", "replace").decode())
