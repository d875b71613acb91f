"""Whether the program still makes the same bytes: eleven recorded stacks drawn and exported (masks, splines, and paths
in groups on a transparent canvas), five pictures decomposed (as predicted, with masks tuned, to a count, to a budget in
bytes, with masks and paths).

Prints every output whose sha256 is another than in recorded/hashes.json; `--write` records anew. A change that is to
leave all pixels and documents as they are is checked by this. The hashes are those of one machine (floating point
differs between processors), with one thread: record before the change, compare after it."""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from vecstack.cli import run

ROOT = Path(__file__).parent
FOLDER = ROOT / "recorded"
HASHES = FOLDER / "hashes.json"
EXAMPLES = ROOT.parent / "examples"
FORMATS = {
    "svg": ".svg",
    "svg-flat": ".svg",
    "html": ".html",
    "pdf": ".pdf",
    "ora": ".ora",
    "png-layers": "",
    "gif": ".gif",
    "webp": ".webp",
    "json": ".layers.json",
}
DRAWINGS = {
    "small": ("--size", "64"),
    "large": ("--size", "300"),
    "deep": ("--size", "200", "--depth", "16", "--transparent"),
    "part": ("--region", "3,5,6,4", "--size", "150"),
}
DECOMPOSITIONS = {
    "photo": ("scene.png", "--layers", "6", "--effort", "sketch"),
    "digit": ("digit.png", "--model", "digits", "--layers", "5", "--effort", "fast"),
    "detail": ("icon.png", "--layers", "24", "--effort", "fast", "--compact", "--prune"),
    "budget": ("scene.png", "--budget", "8kB"),
    "default": ("scene.png", "--effort", "fast"),
}


def outputs(folder: Path) -> Iterator[tuple[str, Path]]:
    """The name of each output, and the file or folder that was made."""
    for stack in sorted(FOLDER.glob("*.layers")):
        for name, options in DRAWINGS.items():
            yield _made(f"{stack.stem} {name}", folder, ".png", "render", stack, *options)
        for name, suffix in FORMATS.items():
            size = ("--size", "96") if name in ("gif", "webp", "ora", "png-layers") else ()
            yield _made(f"{stack.stem} {name}", folder, suffix, "export", stack, "--format", name, *size)
    for name, (picture, *options) in DECOMPOSITIONS.items():
        yield _made(f"decompose {name}", folder, ".layers", "decompose", EXAMPLES / picture, *options)


def _made(name: str, folder: Path, suffix: str, *command: object) -> tuple[str, Path]:
    path = folder / f"{name.replace(' ', '-')}{suffix}"
    code = run([*map(str, command), "-o", str(path), "--device", "cpu", "--quiet"])
    if code:
        sys.exit(f"{name}: exit code {code}")
    return name, path


def digest(path: Path) -> str:
    """The sha256 of a file, of all files of a folder, or of what a page shows (not of the scripts that draw it)."""
    if path.is_dir():
        data = b"".join(file.name.encode() + file.read_bytes() for file in sorted(path.iterdir()))
    elif path.suffix == ".html":
        text = path.read_text(encoding="utf-8")
        parts = re.findall(r'data-type="application/json"[^>]*>(.*?)</script>|src="(data:[^"]*)"', text, re.DOTALL)
        data = json.dumps([(_unpacked(packed), picture) for packed, picture in parts]).encode()
    else:
        data = path.read_bytes()
    return hashlib.sha256(data).hexdigest()


def _unpacked(packed: str) -> str:
    """The text of a script of a page that was packed; "" for ""."""
    return gzip.decompress(base64.b64decode(packed)).decode() if packed else ""


def main() -> None:
    """Compare, or record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="record the hashes of this program")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = {name: digest(path) for name, path in outputs(Path(folder))}
    if arguments.write:
        HASHES.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return
    wanted = json.loads(HASHES.read_text(encoding="utf-8"))
    changed = [name for name in {**wanted, **found} if wanted.get(name) != found.get(name)]
    for name in changed:
        print(f"changed: {name}")
    print(f"{len(found) - len(changed)} of {len(found)} outputs have the same bytes")
    sys.exit(bool(changed))


if __name__ == "__main__":
    main()
