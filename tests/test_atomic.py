"""Outputs are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vecstack import atomic
from vecstack.atomic import atomic_writer, write_folder
from vecstack.errors import ExportError


def write(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    with atomic_writer(path, overwrite=overwrite) as file:
        file.write(data)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_with(code: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def test_the_file_appears_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    with atomic_writer(path, overwrite=False) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert names(tmp_path) == ["out.bin"]


def test_the_partial_file_lies_beside_the_output_and_says_what_it_is(tmp_path: Path) -> None:
    with atomic_writer(tmp_path / "out.bin", overwrite=False):
        (partial,) = tmp_path.iterdir()
        assert partial.suffix == ".partial"


def test_an_existing_output_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(b"old")
    with pytest.raises(ExportError, match=r"out\.bin exists; use `overwrite=True` to replace it") as caught:
        write(path, b"new")
    assert caught.value.exit_code == 4
    assert path.read_bytes() == b"old"


def test_overwrite_replaces_an_existing_output(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(b"a longer old content")
    write(path, b"new", overwrite=True)
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["out.bin"]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"

    def write_late() -> None:
        with atomic_writer(path, overwrite=False) as file:
            file.write(b"mine")
            path.write_bytes(b"theirs")

    with pytest.raises(ExportError, match="exists"):
        write_late()
    assert path.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out.bin"]


def test_a_file_system_without_hard_links_is_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.os, "link", fail_with(errno.EPERM))
    write(tmp_path / "out.bin", b"whole")
    assert (tmp_path / "out.bin").read_bytes() == b"whole"
    with (
        pytest.raises(ExportError, match="exists"),
        atomic_writer(tmp_path / "late.bin", overwrite=False),
    ):
        (tmp_path / "late.bin").write_bytes(b"theirs")
    assert (tmp_path / "late.bin").read_bytes() == b"theirs"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ValueError])
@pytest.mark.parametrize("old", [None, b"old"])
def test_an_interruption_leaves_nothing_new_behind(
    tmp_path: Path, interruption: type[BaseException], old: bytes | None
) -> None:
    path = tmp_path / "out.bin"
    if old is not None:
        path.write_bytes(old)

    def write_half() -> None:
        with atomic_writer(path, overwrite=True) as file:
            file.write(b"half")
            raise interruption

    with pytest.raises(interruption):
        write_half()
    assert [item.read_bytes() for item in tmp_path.iterdir()] == ([] if old is None else [old])


def test_a_full_device_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # /dev/full takes buffered bytes and fails when they are flushed, as a full disk does.
    real_open = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: real_open(Path("/dev/full"), "wb"))
    with pytest.raises(ExportError) as caught:
        write(tmp_path / "out.bin", b"some bytes")
    assert str(caught.value) == (
        f"cannot write {tmp_path}/out.bin: No space left on device; free some space or choose another folder."
    )
    assert names(tmp_path) == []


def test_a_file_size_limit_leaves_nothing_behind(tmp_path: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        "from vecstack.atomic import atomic_writer\n"
        "from vecstack.errors import ExportError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try:\n"
        "    with atomic_writer(sys.argv[1], overwrite=False) as file:\n"
        "        for _ in range(100):\n"
        "            file.write(bytes(10_000))\n"
        "except ExportError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "out.bin")], capture_output=True, text=True, check=False
    )
    assert f"cannot write {tmp_path}/out.bin: File too large; choose a smaller size" in done.stderr
    assert done.returncode == 1
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_failure_of_the_last_steps_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    monkeypatch.setattr(atomic.os, call, fail_with(code))
    if call == "link":  # which alone is taken for a file system without hard links
        monkeypatch.setattr(Path, "replace", fail_with(code))
    with pytest.raises(ExportError, match=f"cannot write .*{os.strerror(code)}"):
        write(tmp_path / "out.bin", b"some bytes")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("folder", "is a folder"),
        ("", "is a folder"),
        ("missing/out.bin", "there is no folder .*missing; create it first"),
        ("file/out.bin", "there is no folder .*file; create it first"),
        ("pipe", "is not a regular file"),
        ("x" * 300, "File name too long; choose a shorter name"),
    ],
)
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_place_that_cannot_be_an_output_is_refused(tmp_path: Path, name: str, message: str, overwrite: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExportError, match=message):
        write(tmp_path / name, b"", overwrite=overwrite)
    assert names(tmp_path) == ["file", "folder", "pipe"]


def test_a_device_is_never_replaced() -> None:
    with pytest.raises(ExportError, match="is not a regular file"):
        write(Path("/dev/null"), b"", overwrite=True)


def test_permissions_are_those_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write(tmp_path / "out.bin", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "out.bin").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "real.bin", tmp_path / "link.bin"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link, b"new", overwrite=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_link_to_nothing_counts_as_existing(tmp_path: Path) -> None:
    (tmp_path / "link.bin").symlink_to(tmp_path / "nothing")
    with pytest.raises(ExportError, match="exists"):
        write(tmp_path / "link.bin", b"")
    assert not (tmp_path / "nothing").exists()


# --- folders ---------------------------------------------------------------------------------------------------------

FILES = {"1.png": b"one", "layers.json": b"{}"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_appears_when_all_its_files_are_there(tmp_path: Path) -> None:
    def files():  # type: ignore[no-untyped-def]
        for item in FILES.items():
            yield item
            assert not (tmp_path / "out").exists()

    write_folder(tmp_path / "out", files(), overwrite=False)
    assert content(tmp_path / "out") == FILES
    assert names(tmp_path) == ["out"]


def test_a_folder_that_fails_leaves_nothing_and_an_older_one_as_it_was(tmp_path: Path) -> None:
    def files():  # type: ignore[no-untyped-def]
        yield "1.png", b"new"
        raise ValueError("stopped")

    for before in ([], ["out"]):
        assert names(tmp_path) == before
        with pytest.raises(ValueError, match="stopped"):
            write_folder(tmp_path / "out", files(), overwrite=True)
        assert names(tmp_path) == before
        write_folder(tmp_path / "out", FILES.items(), overwrite=True)
    assert content(tmp_path / "out") == FILES


def test_an_older_folder_is_replaced_as_a_whole_and_only_if_asked(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, FILES.items(), overwrite=False)
    with pytest.raises(ExportError, match="use `overwrite=True`"):
        write_folder(out, {"2.png": b"two"}.items(), overwrite=False)
    assert content(out) == FILES
    other = {"2.png": b"two", "layers.json": b"[]"}
    write_folder(out, other.items(), overwrite=True)
    assert content(out) == other
    assert names(tmp_path) == ["out"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", FILES.items(), overwrite=False)
    assert content(tmp_path / "out") == FILES


@pytest.mark.parametrize("extra", ["photo.jpg", "deep/photo.png", "layers.json/x"])
def test_a_folder_with_other_things_is_never_replaced(tmp_path: Path, extra: str) -> None:
    out = tmp_path / "out"
    if not extra.startswith("layers.json"):
        write_folder(out, FILES.items(), overwrite=False)
    (out / extra).parent.mkdir(exist_ok=True, parents=True)
    (out / extra).write_bytes(b"mine")
    with pytest.raises(ExportError, match="contains files that were not exported"):
        write_folder(out, FILES.items(), overwrite=True)
    assert (out / extra).read_bytes() == b"mine"


def test_a_failed_exchange_brings_the_older_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, rename = tmp_path / "out", Path.rename
    monkeypatch.setattr(atomic, "_exchange", lambda one, other: False)
    write_folder(out, FILES.items(), overwrite=False)

    def fail_once(self: Path, target: Path) -> Path:
        if self.suffix == ".partial":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_once)
    with pytest.raises(ExportError, match="free some space"):
        write_folder(out, {"2.png": b"two", "layers.json": b""}.items(), overwrite=True)
    assert content(out) == FILES
    assert names(tmp_path) == ["out"]


def test_where_a_folder_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ExportError, match="file is a file, but a folder is needed"):
        write_folder(tmp_path / "file", FILES.items(), overwrite=True)
    with pytest.raises(ExportError, match="there is no folder"):
        write_folder(tmp_path / "none" / "out", FILES.items(), overwrite=True)


def test_a_program_that_is_killed_while_it_writes_leaves_the_old_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    program = (
        "import sys\n"
        "from vecstack.atomic import atomic_writer\n"
        "for number in range(10**9):\n"
        "    with atomic_writer(sys.argv[1], overwrite=True) as file:\n"
        "        for _ in range(100):\n"
        "            file.write(b'%d' % (number % 10) * 10_000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)]) as process:
        deadline = time.monotonic() + 60
        while not (path.exists() and list(tmp_path.glob("*.partial"))) and time.monotonic() < deadline:
            time.sleep(0.001)
        process.kill()
    data = path.read_bytes()
    assert len(data) == 1_000_000
    assert len(set(data)) == 1


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_program_that_is_killed_between_two_folders_loses_neither(tmp_path: Path, in_one_step: bool) -> None:
    write_folder(tmp_path / "out", FILES.items(), overwrite=False)
    new = {"2.png": b"two", "layers.json": b"[]"}
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from vecstack import atomic\n"
        f"atomic._exchange = atomic._exchange if {in_one_step} else lambda one, other: False\n"
        "rename = Path.rename\n"
        "def killed(self, target):\n"
        "    if self.suffix == '.partial':\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return rename(self, target)\n"
        "Path.rename = killed\n"
        f"atomic.write_folder(sys.argv[1], {new!r}.items(), overwrite=True)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path / "out")], check=False)
    seen = {path.name.split("-")[0]: content(path) for path in tmp_path.iterdir() if not path.name.startswith(".")}
    if ended.returncode == 0:  # nothing lies between: the system has exchanged them
        assert in_one_step
        assert seen == {"out": new}
    else:
        assert seen == {"out.old": FILES}
