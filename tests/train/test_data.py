from __future__ import annotations

import io
import os
import shutil
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps, features
from torch import Tensor

from vecstack.errors import RecipeError
from vecstack.pictures.read import load_picture
from vecstack.train import data
from vecstack.train.data import Examples, LeftOut, load_pictures
from vecstack.train.recipe import DataRecipe

TAR_MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}


def encoded(value: int, kind: str = "PNG", side: int = 16) -> bytes:
    """A picture file of one grey value."""
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (value, value, value)).save(buffer, kind)
    return buffer.getvalue()


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    """A tar of files, compressed as the name says."""
    suffix = next(suffix for suffix in TAR_MODES if path.name.endswith(suffix))
    small_blocks = {"compresslevel": 1} if suffix == ".tar.bz2" else {}  # which it gives back whole or not at all
    with tarfile.open(path, TAR_MODES[suffix], **small_blocks) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


# How the same files are given, and what the path is called.
WRITERS: dict[str, tuple[Callable[[Path, dict[str, bytes]], Path], str]] = {
    "folder": (write_folder, "data"),
    "zip": (write_zip, "data.zip"),
    "tar": (write_tar, "data.tar"),
    "tar.gz": (write_tar, "data.tar.gz"),
}


@pytest.fixture(params=WRITERS)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    """Writes files as a folder, a zip or a tar, and gives its path."""
    write, name = WRITERS[request.param]
    return lambda files: write(tmp_path / name, files)


def load(*paths: Path, side: int = 16) -> tuple[Tensor, Tensor, list[str]]:
    """Training part, held-out part, and what was reported as bad."""
    bad: list[str] = []
    training, held_out = load_pictures(paths, side, report_bad=bad.append)
    return training, held_out, bad


def values(pictures: Tensor) -> list[int]:
    """The grey value of each of some plain pictures."""
    assert bool((pictures == pictures[:, :1, :1, :1]).all())
    return [int(value) for value in pictures[:, 0, 0, 0]]


def test_the_last_tenth_of_each_class_is_held_out(picture_zip: Path) -> None:
    training, held_out, bad = load(picture_zip)
    assert training.shape == (36, 3, 16, 16)
    assert held_out.shape == (4, 3, 16, 16)
    assert values(training) == [*range(18), *range(18)]
    assert values(held_out) == [18, 19, 18, 19]
    assert bad == []


def test_a_folder_gives_what_its_zip_gives(picture_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(picture_zip) as archive:
        archive.extractall(tmp_path / "folder")
    for one, other in zip(load_pictures([picture_zip], 16), load_pictures([tmp_path / "folder"], 16), strict=True):
        assert torch.equal(one, other)


def test_a_class_that_is_spread_over_files_is_one_class(tmp_path: Path, picture_zip: Path) -> None:
    """CIFAR's pictures lie odd and even in two zips; its held-out part must not depend on that."""
    parts = [tmp_path / "even.zip", tmp_path / "odd.zip"]
    with zipfile.ZipFile(picture_zip) as archive:
        for remainder, part in enumerate(parts):
            with zipfile.ZipFile(part, "w") as half:
                for index, name in enumerate(archive.namelist()):
                    if index % 2 == remainder:
                        half.writestr(name, archive.read(name))
    assert torch.equal(load_pictures(parts, 16)[1], load_pictures([picture_zip], 16)[1])


@pytest.mark.parametrize("content", [None, b"not an archive", b"", b"\x1f\x8b\x08\0", bytes(512), b"\xff" * 700])
@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tar.gz", "data.tar.bz2", "data.tar.xz"])
def test_data_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=name.replace(".", r"\.")) as caught:
        load_pictures([path], 16)
    assert "\n" not in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No pictures"):
        load_pictures([tmp_path], 16)


def write_picture(path: Path, height: int, width: int, mode: str = "RGB") -> Image.Image:
    """A noisy picture, always the same, written to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(7).integers(0, 256, (height, width, len(mode)), np.uint8)
    picture = Image.fromarray(values, mode)
    picture.save(path)
    return picture


@pytest.mark.parametrize(("height", "width", "side"), [(16, 16, 16), (37, 53, 16), (53, 37, 20), (11, 9, 16)])
def test_pictures_are_fitted_by_their_short_side_and_the_middle(
    tmp_path: Path, height: int, width: int, side: int
) -> None:
    picture = write_picture(tmp_path / "1.png", height, width)
    write_picture(tmp_path / "2.png", height, width)
    expected = np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.BOX))
    assert np.array_equal(load_pictures([tmp_path], side)[0][0].permute(1, 2, 0).numpy(), expected)


def test_pictures_are_read_as_decompose_reads_them(tmp_path: Path) -> None:
    """Turned upright, over black where they are transparent, grey of 16 bits not clipped."""
    sideways = Image.new("RGB", (16, 16), (0, 0, 0))
    sideways.paste((255, 255, 255), (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    sideways.save(tmp_path / "1.jpg", exif=exif, quality=95)
    Image.new("RGBA", (16, 16), (200, 100, 50, 0)).save(tmp_path / "2.png")
    Image.fromarray(np.full((16, 16), 32768, np.uint16)).save(tmp_path / "3.png")
    write_picture(tmp_path / "4.png", 16, 16)
    upright, clear, deep = load_pictures([tmp_path], 16)[0]
    assert upright[0, :, 2].max() < 10
    assert upright[0, :, 13].min() > 245
    assert int(clear.max()) == 0
    assert deep.unique().tolist() == [128]


@pytest.mark.parametrize("packed", [False, True])
def test_hidden_files_and_forks_are_no_pictures(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "data"
    for number in range(2):
        write_picture(folder / "a" / f"{number}.png", 16, 16)
    (folder / "folder.png").mkdir()
    for name in (".hidden.png", "a/._0.png", ".thumbnails/0.png", "__MACOSX/a/0.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"no picture")
    path = Path(shutil.make_archive(str(tmp_path / "data"), "zip", folder)) if packed else folder
    assert [len(part) for part in load_pictures([path], 16)] == [1, 1]


def damaged_zip(path: Path, damage: str) -> None:
    """A zip of three pictures, the second of which, the last in the zip, cannot be unpacked."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)).save(buffer, "BMP")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("3.bmp", "1.bmp", "2.bmp"):
            archive.writestr(name, buffer.getvalue())
    data = bytearray(path.read_bytes())
    local, central = data.rindex(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
    if damage == "stream":
        data[local + 40 : local + 80] = b"\xff" * 40
    elif damage == "encrypted":
        data[local + 6] |= 1
        data[central + 8] |= 1
    elif damage == "method":
        data[local + 8] = data[central + 10] = 99
    else:
        data[local : local + 4] = b"junk"
    path.write_bytes(data)


@pytest.mark.parametrize("damage", ["stream", "encrypted", "method", "header"])
def test_a_zip_member_that_cannot_be_unpacked_is_named(tmp_path: Path, damage: str) -> None:
    damaged_zip(tmp_path / "data.zip", damage)
    training, held_out, bad = load(tmp_path / "data.zip")
    assert [len(training), len(held_out), len(bad)] == [1, 1, 1]
    assert bad[0].startswith(f"{tmp_path / 'data.zip'}: 2.bmp: ")
    assert "\n" not in bad[0]


def test_classes_of_one_picture_leave_none_to_train_on_and_the_error_says_so(tmp_path: Path) -> None:
    write_picture(tmp_path / "a" / "1.png", 16, 16)
    write_picture(tmp_path / "b" / "1.png", 16, 16)
    with pytest.raises(RecipeError, match="at least two pictures") as caught:
        load_pictures([tmp_path], 16)
    assert "No pictures" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True])
def test_pictures_are_not_all_kept_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packed: bool
) -> None:
    """Forty pictures of 300 kB each are read in the memory of a few."""
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(data, "WAITING_PER_THREAD", 100)
    monkeypatch.setattr(data, "WAITING_BYTES", 3 * 320 * 320 * 3)
    files = {f"{number:02}.bmp": encoded(number, "BMP", 320) for number in range(40)}
    path = write_zip(tmp_path / "data.zip", files) if packed else write_folder(tmp_path / "data", files)
    del files
    load_pictures([path], 4)  # what is imported on the way counts only once
    tracemalloc.start()
    load_pictures([path], 4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * 320 * 320 * 3  # two threads hold up to 9 times the bytes of a picture each, as floats


def test_more_pictures_than_fit_in_memory_are_refused(tmp_path: Path) -> None:
    path = write_folder(tmp_path / "data", {"1.png": encoded(1), "2.png": encoded(2)})
    with pytest.raises(RecipeError, match=r"2 pictures of .* GB.*stored_side"):
        load_pictures([path], 2**24)


# --- bad files -------------------------------------------------------------------------------------------------------


def twenty() -> dict[str, bytes]:
    return {f"a/{number:02}.png": encoded(number) for number in range(20)}


def test_a_bad_file_is_named_and_the_others_load(given: Callable[[dict[str, bytes]], Path]) -> None:
    """The held-out part is the same with and without it."""
    path = given({**twenty(), "a/03.png": b"no picture", "a/05.png": encoded(5)[:-30]})
    training, held_out, bad = load(path)
    assert values(training) == [0, 1, 2, 4, *range(6, 18)]
    assert values(held_out) == [18, 19]
    assert [str(path) in line and name in line for line, name in zip(bad, ("03.png", "05.png"), strict=True)] == [
        True
    ] * 2
    assert "not a picture" in bad[0]
    assert "cut short" in bad[1]


def test_a_bad_file_that_was_to_be_held_out_is_not_replaced(given: Callable[[dict[str, bytes]], Path]) -> None:
    training, held_out, bad = load(given({**twenty(), "a/19.png": b""}))
    assert values(training) == list(range(18))
    assert values(held_out) == [18]
    assert len(bad) == 1


def test_bad_files_are_told_in_one_line_each(tmp_path: Path) -> None:
    names = ["a/line\nbreak.png", "a/\x1b[31mred.png"]
    for path in (
        write_zip(tmp_path / "data.zip", {**twenty(), **dict.fromkeys(names, b"bad")}),
        write_tar(tmp_path / "data.tar", {**twenty(), **dict.fromkeys(names, b"bad")}),
        write_folder(tmp_path / "data", {**twenty(), **dict.fromkeys(names, b"bad")}),
    ):
        bad = load(path)[2]
        assert len(bad) == 2
        assert all(line.isprintable() for line in bad)


@pytest.mark.parametrize(("good", "use"), [([], "train on"), (["2"], "train on"), (["1"], "hold out")])
def test_too_many_bad_files_are_refused_with_their_count(
    given: Callable[[dict[str, bytes]], Path], good: Sequence[str], use: str
) -> None:
    path = given({f"a/{name}.png": encoded(1) if name in good else b"bad" for name in "12"})
    first = "1.png" if use == "train on" else "2.png"
    with pytest.raises(RecipeError, match=rf"{2 - len(good)} of 2 pictures .* none to {use}.*{first}") as caught:
        load_pictures([path], 16)
    assert "\n" not in str(caught.value)


# --- in parallel -----------------------------------------------------------------------------------------------------


def test_the_order_does_not_depend_on_threads(
    given: Callable[[dict[str, bytes]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pictures take much longer than the last."""
    files = {f"{label}/{n:02}.png": encoded(n, side=8 if n > 1 else 400) for label in "ab" for n in range(30)}
    path = given({**files, "a/04.png": b"bad", "b/20.png": b"bad", "b/29.png": b"bad"})
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    alone = load(path)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    together = load(path)
    assert values(alone[0]) == [n for n in range(27) if n != 4] + [n for n in range(27) if n != 20]
    assert torch.equal(together[0], alone[0])
    assert torch.equal(together[1], alone[1])
    assert together[2] == alone[2]
    assert len(alone[2]) == 3


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixteen of them at once would not fit in memory."""
    large: list[threading.Thread] = []

    def note_large(file: Any, *, max_pixels: int) -> Any:
        picture = load_picture(file, max_pixels=max_pixels)
        if picture.width > 16:
            large.append(threading.current_thread())
        return picture

    monkeypatch.setattr(data, "load_picture", note_large)
    monkeypatch.setattr(data, "PARALLEL_PIXELS", 16 * 16)
    files = {f"{n:02}.png": encoded(n, side=16 if n % 3 else 17) for n in range(20)}
    training, _, bad = load(write_folder(tmp_path / "data", files))
    assert values(training) == list(range(18))
    assert bad == []
    assert large == [threading.main_thread()] * 7


# --- tars ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "./"])
@pytest.mark.parametrize("suffix", TAR_MODES)
def test_a_tar_gives_what_its_zip_gives(picture_zip: Path, tmp_path: Path, suffix: str, prefix: str) -> None:
    with zipfile.ZipFile(picture_zip) as archive:
        files = {prefix + name: archive.read(name) for name in archive.namelist()}
    path = write_tar(tmp_path / f"data{suffix}", files)
    for one, other in zip(load_pictures([picture_zip], 16), load_pictures([path], 16), strict=True):
        assert torch.equal(one, other)


def test_a_class_that_is_spread_over_shards_is_one_class(tmp_path: Path) -> None:
    files = list(twenty().items())
    shards = [write_tar(tmp_path / f"{part}.tar", dict(files[part::4])) for part in range(4)]
    training, held_out, _ = load(*shards)
    assert values(training) == list(range(18))
    assert values(held_out) == [18, 19]


def test_a_tenth_of_each_shard_without_folders_is_held_out(tmp_path: Path) -> None:
    """Shards of samples: a picture, and other members of its name, which are passed by."""
    shards = []
    for shard in range(3):
        files: dict[str, bytes] = {}
        for number in reversed(range(shard * 10, shard * 10 + 10)):
            files |= {f"{number:06}.cls": b"7", f"{number:06}.jpg": encoded(number, "JPEG"), f"{number:06}.json": b"{}"}
        shards.append(write_tar(tmp_path / f"{shard:05}.tar", files))
    training, held_out, bad = load(*shards)
    assert values(training) == [number for number in range(30) if number % 10 != 9]
    assert values(held_out) == [9, 19, 29]
    assert bad == []


def test_the_last_of_members_of_one_name_counts(tmp_path: Path) -> None:
    """As it does where a tar is unpacked that files were appended to."""
    path = write_tar(tmp_path / "data.tar", twenty())
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("./a/03.png")
        member.size = len(encoded(200))
        archive.addfile(member, io.BytesIO(encoded(200)))
    assert values(load(path)[0]) == [0, 1, 2, 200, *range(4, 18)]


def test_hostile_members_of_a_tar_are_passed_by(tmp_path: Path) -> None:
    """Links, devices, pipes, and names that lead outside; nothing is written, nothing followed."""
    path = write_tar(tmp_path / "data.tar", twenty())
    target = write_folder(tmp_path / "outside", {"secret.png": encoded(99)}) / "secret.png"
    kinds = {
        "link": (tarfile.SYMTYPE, str(target)),
        "relative": (tarfile.SYMTYPE, "../outside/secret.png"),
        "hard": (tarfile.LNKTYPE, "a/00.png"),
        "char": (tarfile.CHRTYPE, ""),
        "block": (tarfile.BLKTYPE, ""),
        "pipe": (tarfile.FIFOTYPE, ""),
        "folder": (tarfile.DIRTYPE, ""),
    }
    with tarfile.open(path, "a") as archive:
        for name, (kind, link) in kinds.items():
            member = tarfile.TarInfo(f"a/{name}.png")
            member.type, member.linkname = kind, link
            archive.addfile(member)
        for name in (str(tmp_path / "absolute.png"), "../up.png", "a/../../up.png"):
            member = tarfile.TarInfo(name)
            member.size = len(encoded(98))
            archive.addfile(member, io.BytesIO(encoded(98)))
    before = sorted(tmp_path.rglob("*"))
    training, held_out, bad = load(path)
    assert [*values(training), *values(held_out)] == list(range(20))
    assert bad == []
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["data.zip", "data.tar.gz"])
def test_a_member_larger_than_a_picture_may_be_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(data, "MAX_BYTES", 10_000)
    write = write_zip if name.endswith(".zip") else write_tar
    path = write(tmp_path / name, {**twenty(), "a/02.png": b"bad", "a/03.png": encoded(3) + bytes(20_000)})
    training, _, bad = load(path)
    assert len(training) == 16
    assert bad[0].startswith(f"{path}: a/02.png: not a picture")
    assert bad[1].startswith(f"{path}: a/03.png: {len(encoded(3)) + 20_000:,} bytes, at most 10,000")


def test_a_sparse_member_of_a_tar_is_reported(tmp_path: Path) -> None:
    """It can claim any size out of nothing."""
    path = write_tar(tmp_path / "data.tar", twenty())
    with tarfile.open(path, "a", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a/03.png")
        member.pax_headers = {"GNU.sparse.map": "0,10", "GNU.sparse.size": "1000000000"}
        member.size = 10
        archive.addfile(member, io.BytesIO(bytes(10)))
    training, _, bad = load(path)
    assert len(training) == 17
    assert len(bad) == 1
    assert "a/03.png: stored with holes" in bad[0]


HEADER = 512  # bytes; of each member, before its content, which is padded to a multiple of it


def member_offsets(path: Path) -> list[int]:
    with tarfile.open(path) as archive:
        return [member.offset for member in archive]


@pytest.mark.parametrize("cut", [-1, 0, 100, HEADER, HEADER + 20])
def test_a_tar_that_is_cut_short_gives_what_is_whole(tmp_path: Path, cut: int) -> None:
    """Cut at a byte `cut` past the start of its eighteenth member."""
    path = write_tar(tmp_path / "data.tar", twenty())
    path.write_bytes(path.read_bytes()[: member_offsets(path)[17] + cut])
    training, held_out, bad = load(path)
    assert [*values(training), *values(held_out)] == list(range(17))
    cut_itself = cut >= HEADER
    assert bad[0].startswith(
        f"{path}: damaged or cut short after a/{17 if cut_itself else 16}.png, what follows is lost"
    )
    assert len(bad) == 1 + cut_itself
    assert not cut_itself or bad[1].startswith(f"{path}: a/17.png: ")


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_compressed_tar_that_is_cut_short_gives_what_is_whole(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(5)
    files = {f"{number:02}.bmp": b"" for number in range(40)}
    for name in files:
        buffer = io.BytesIO()
        Image.fromarray(noise.integers(0, 256, (64, 64, 3), np.uint8)).save(buffer, "BMP")
        files[name] = buffer.getvalue()
    path = write_tar(tmp_path / f"data{suffix}", files)
    whole = torch.cat(load(path, side=64)[:2])
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    training, held_out, bad = load(path, side=64)
    left = torch.cat([training, held_out])
    assert 20 < len(left) <= 30
    assert torch.equal(left, whole[: len(left)])
    assert "damaged or cut short" in bad[0]
    assert len(bad) <= 2


def test_a_damaged_header_within_a_tar_is_told_of(tmp_path: Path) -> None:
    """To tarfile it is the end of the archive."""
    path = write_tar(tmp_path / "data.tar", twenty())
    content = bytearray(path.read_bytes())
    content[member_offsets(path)[12] + 3] ^= 1
    path.write_bytes(content)
    training, held_out, bad = load(path)
    assert [*values(training), *values(held_out)] == list(range(12))
    assert len(bad) == 1
    assert "after a/11.png, what follows is lost" in bad[0]


def header_of_size(kind: bytes, size: int) -> bytes:
    """A tar header of any size, negative ones too, with a right checksum."""
    member = tarfile.TarInfo("a/99.png")
    member.type = kind
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (size % 256**12).to_bytes(12, "big") if size < 0 else (256**11 * 128 + size).to_bytes(12, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, b"?"])
@pytest.mark.parametrize("size", [-HEADER, -10 * HEADER, -(2**60), 2**40, 2**70])
def test_headers_of_impossible_sizes_end_a_tar(tmp_path: Path, kind: bytes, size: int) -> None:
    """Read as they are, some make tarfile go round in circles, some ask for a terabyte of memory."""
    path = write_tar(tmp_path / "data.tar", twenty())
    content = path.read_bytes()
    end = member_offsets(path)[18]
    path.write_bytes(content[:end] + header_of_size(kind, size) + content[end:])
    training, held_out, bad = load(path)
    assert [*values(training), *values(held_out)] == list(range(18))
    assert 1 <= len(bad) <= 2
    assert f"a header of {size:,} bytes" in bad[0] or (size > 0 and kind in (tarfile.REGTYPE, b"?"))


def test_an_attribute_of_a_negative_size_ends_a_tar(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "data.tar", twenty())
    with tarfile.open(path, "a", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("a/99.png")
        member.pax_headers = {"size": str(-3 * HEADER)}  # back to its own first header
        archive.addfile(member)
    training, held_out, bad = load(path)
    assert [*values(training), *values(held_out)] == list(range(20))
    assert "negative size" in bad[0]
    assert f"{path}: a/99.png: empty" in bad[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tar.gz"])
def test_a_damaged_archive_is_refused_or_loses_pictures(tmp_path: Path, name: str) -> None:
    """Whatever bytes are wrong, no other error comes out, and no picture of another size."""
    random = np.random.default_rng(11)
    write = write_zip if name.endswith(".zip") else write_tar
    whole = write(tmp_path / name, {f"{n}.png": encoded(n, side=4) for n in range(6)}).read_bytes()
    outcomes, refusals = set(), []
    for _ in range(150):
        content = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 6)):
            content[place] = random.integers(256)
        (tmp_path / name).write_bytes(content[: random.integers(1, len(whole))] if random.random() < 0.2 else content)
        try:
            training, held_out, bad = load(tmp_path / name, side=4)
        except RecipeError as error:
            refusals.append(str(error))
        else:
            outcomes.add("damaged" if bad else "whole")
            assert training.shape[1:] == held_out.shape[1:] == (3, 4, 4)
    assert "damaged" in outcomes
    assert refusals
    assert not any("\n" in refusal for refusal in refusals)


# --- examples --------------------------------------------------------------------------------------------------------


def examples(recipe: DataRecipe, seed: int = 0) -> Examples:
    x = torch.arange(20, dtype=torch.uint8).expand(3, 20, 20) * 10
    return Examples(x[None].repeat(5, 1, 1, 1), recipe, torch.Generator().manual_seed(seed))


def test_plain_examples_are_the_pictures() -> None:
    batch = examples(DataRecipe(side=20, stored_side=20)).batch(2)
    torch.testing.assert_close(batch[0, 0, 0], torch.arange(20) * 10 / 255)


def test_half_of_the_examples_are_mirrored() -> None:
    batch = examples(DataRecipe(side=20, stored_side=20, flip=True)).batch(200)
    mirrored = float((batch[:, 0, 0, 0] > batch[:, 0, 0, -1]).float().mean())
    assert 0.35 < mirrored < 0.65


def test_crops_are_parts_of_the_pictures_at_the_side_asked_for() -> None:
    batch = examples(DataRecipe(side=16, stored_side=20, smallest_crop=0.5)).batch(50)
    assert batch.shape == (50, 3, 16, 16)
    steps = batch[:, 0, 8].diff(dim=1).mean(1)
    assert bool((steps > 0).all())
    assert float(batch.max()) <= 190 / 255 + 1e-6


def numbered(count: int = 5, side: int = 9) -> Tensor:
    """Pictures [N,3,S,S] in which every value tells its picture, channel, row and column apart from the next."""
    return torch.randint(0, 256, (count, 3, side, side), generator=torch.Generator().manual_seed(2)).byte()


def places(example: Tensor, pictures: Tensor) -> list[tuple[int, int, int, bool]]:
    """Where an example [3,C,C] is a slice of the pictures: (picture, row, column, whether mirrored)."""
    side = example.shape[-1]
    found = []
    for mirrored, wanted in ((False, example), (True, example.flip(2))):
        windows = pictures.unfold(2, side, 1).unfold(3, side, 1)  # [N,3,Y,X,C,C]
        equal = (windows == wanted[:, None, None]).all(5).all(4).all(1)
        found += [(n, y, x, mirrored) for n, y, x in equal.nonzero().tolist()]
    return found


@pytest.mark.slow
def test_crops_are_slices_at_every_place_of_every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mirrored ones, too, each as often as any other: 5 pictures x sides of 7 to 9 px x their corners x 2."""
    monkeypatch.setattr(data, "fit_to_side", lambda batch, _: batch)  # as they are cut
    pictures = numbered()
    cut = Examples(pictures, DataRecipe(smallest_crop=0.75, flip=True), torch.Generator().manual_seed(4))
    seen: dict[int, list[tuple[int, int, int, bool]]] = {7: [], 8: [], 9: []}
    for _ in range(90):
        batch = (cut.batch(20) * 255).round().byte()
        for example in batch:
            (place,) = places(example, pictures)
            seen[example.shape[-1]].append(place)
    for side, found in seen.items():
        corners = 10 - side
        assert set(found) == {
            (n, y, x, mirrored)
            for n in range(5)
            for y in range(corners)
            for x in range(corners)
            for mirrored in (False, True)
        }
        assert 350 < len(found) < 850  # of 1,800, in 90 batches of one side each
        shares = np.bincount([place[0] for place in found], minlength=5) / len(found)
        assert shares.min() > 0.1


def test_examples_without_crop_or_flip_are_the_stored_pictures() -> None:
    pictures = numbered()
    batch = Examples(pictures, DataRecipe(side=9), torch.Generator().manual_seed(1)).batch(40)
    chosen = {places((example * 255).round().byte(), pictures)[0] for example in batch}
    assert chosen == {(n, 0, 0, False) for n in range(5)}


def test_examples_do_not_depend_on_how_pictures_lie_in_memory() -> None:
    recipe = DataRecipe(side=9, smallest_crop=0.5, flip=True)
    for other in (
        numbered(10)[::2],
        numbered(5).permute(0, 1, 3, 2),
        numbered(5).to(memory_format=torch.channels_last),
    ):
        one, two = (
            Examples(x, recipe, torch.Generator().manual_seed(6)).batch(8)
            for x in (other, other.clone(memory_format=torch.contiguous_format))
        )
        assert torch.equal(one, two)


def test_the_device_is_never_waited_for() -> None:
    """Tensors on the meta device have no values: a batch that asked for one would fail."""
    recipe = DataRecipe(side=16, stored_side=20, flip=True, smallest_crop=0.5, rotate_degrees=5, zoom=0.1, shift=0.1)
    pictures = torch.empty(5, 3, 20, 20, dtype=torch.uint8, device="meta")
    batch = Examples(pictures, recipe, torch.Generator().manual_seed(0)).batch(8)
    assert batch.shape == (8, 3, 16, 16)
    assert batch.device.type == "meta"


def test_warps_move_the_share_asked_for() -> None:
    recipe = DataRecipe(side=20, stored_side=20, rotate_degrees=20, zoom=0.2, shift=0.1, warped_share=0.5)
    still = examples(DataRecipe(side=20, stored_side=20)).batch(1)[0]
    moved = (examples(recipe).batch(200) - still).abs().amax((1, 2, 3)) > 1e-3
    assert 0.35 < float(moved.float().mean()) < 0.65


def test_the_same_seed_gives_the_same_examples() -> None:
    recipe = DataRecipe(side=16, stored_side=20, flip=True, smallest_crop=0.5, rotate_degrees=5)
    assert torch.equal(examples(recipe, 3).batch(8), examples(recipe, 3).batch(8))
    assert not torch.equal(examples(recipe, 3).batch(8), examples(replace(recipe, flip=False), 4).batch(8))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("TIFF", ".tif"), ("TIFF", ".TIFF"), ("GIF", ".gif"), ("JPEG2000", ".jp2"), ("PPM", ".ppm"), ("AVIF", ".avif")],
)
def test_every_format_that_decompose_reads_is_trained_on(
    given: Callable[[dict[str, bytes]], Path], name: str, suffix: str
) -> None:
    if name == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = given({f"a/{number}{suffix}": encoded(10 * number, name, 24) for number in range(4)})
    training, held_out, bad = load(path)
    assert (len(training), len(held_out), bad) == (3, 1, [])


def test_files_that_are_no_pictures_are_told_of_and_hidden_ones_are_not(
    given: Callable[[dict[str, bytes]], Path],
) -> None:
    files = {f"a/{number}.bmp": encoded(number, "BMP", 24) for number in range(4)}
    path = given({**files, "a/notes.txt": b"x", "README": b"x", "a/b/table.CSV": b"x", "a/.hidden.txt": b"x"})
    others: list[str] = []
    training, _ = load_pictures([path], 16, report_other=others.append)
    assert len(training) == 3
    assert sorted(Path(name).name for name in others) == ["README", "notes.txt", "table.CSV"]


def test_what_is_left_out_is_named_first_and_then_counted() -> None:
    assert LeftOut().lines() == []
    assert LeftOut(["one.png: bad"], ["a.txt"]).lines() == [
        "left out: one.png: bad",
        "left out: 1 file that is not a picture (.txt)",
    ]
    many = LeftOut([f"{number}.png: bad" for number in range(8)], ["a.txt", "b.TXT", "c"])
    assert many.lines()[4:] == [
        "left out: 4.png: bad",
        "left out: 3 more that cannot be read",
        "left out: 3 files that are not pictures (.txt, no ending)",
    ]
    endings = LeftOut([], [f"a.{letter}" for letter in "hgfedcba"]).lines()
    assert endings == ["left out: 8 files that are not pictures (.a, .b, .c, .d, .e, .f, ...)"]


def test_coarse_pictures_are_set_apart_and_compared_where_they_have_detail() -> None:
    """Of five pictures, two were enlarged to be stored: a batch has only such, at their own side, or none."""
    random = torch.Generator().manual_seed(0)
    pictures = torch.randint(256, (5, 3, 12, 12), generator=random, dtype=torch.uint8)
    small = pictures[[1, 4], :, ::3, ::3]
    pictures[[1, 4]] = small.repeat_interleave(3, 2).repeat_interleave(3, 3)
    recipe = DataRecipe(side=4, stored_side=12, truth_side=12, coarse_share=0.6)
    batches = [Examples(pictures, recipe, torch.Generator().manual_seed(seed)).batch(6) for seed in range(100)]
    coarse = [batch for batch in batches if batch.shape[-1] == 4]
    assert 45 < len(coarse) < 75
    found = {tuple(example.flatten().tolist()) for batch in coarse for example in (batch * 255).round().byte()}
    assert found == {tuple(picture.flatten().tolist()) for picture in small}
    fine = {
        tuple(example.flatten().tolist())
        for batch in batches
        if batch.shape[-1] == 12
        for example in (batch * 255).round().byte()
    }
    assert fine == {tuple(picture.flatten().tolist()) for picture in pictures[[0, 2, 3]]}
    assert all(torch.equal(data.as_seen(batch, recipe), batch) for batch in coarse)
    for part in (pictures[[1, 4]], pictures[[0, 2, 3]]):
        with pytest.raises(RecipeError, match="coarse_share"):
            Examples(part, recipe, random)
