"""Runs over folders: what is done, told, recorded, skipped and resumed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.batch.conftest import Call, tree
from vecstack.batch.manifest import read_manifests


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.batch.program", "copy", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.01)


def test_good_inputs_are_done_and_broken_ones_named(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = copy(texts, "-o", out, "-j", 2)
    assert result.code == 7
    assert len(tree(out)) == 38
    assert (out / "deep/01.out").read_text() == "text 1"
    said = result.err.splitlines()
    assert said[0] == "vecstack: Copying 40 inputs, 2 processes"
    assert sorted(Path(line.split(": ")[1]).name for line in said if line.endswith("broken.")) == ["07.txt", "27.txt"]
    assert "2 of 40 inputs failed; see the lines above (38 done, 0 skipped, 2 failed in " in said[-1]
    records = list(read_manifests(out))
    assert len(records) == 40
    failed = {record.output: (record.error, record.message) for record in records if record.status == "failed"}
    assert failed.keys() == {"deep/07.out", "27.out"}
    assert failed["27.out"] == ("PictureError", f"{texts}/27.txt: broken.")


def test_a_second_run_does_what_is_left(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copy(texts, "-o", out, "-j", 1)
    times = {path: (out / path).stat().st_mtime_ns for path in tree(out)}
    again = copy(texts, "-o", out, "--resume", "-j", 1, "--json")
    assert again.code == 7
    *each, summary = lines(again.out)
    assert summary["summary"]["skipped"] == 38
    assert [entry["status"] for entry in each].count("failed") == 2
    assert times == {path: (out / path).stat().st_mtime_ns for path in tree(out)}
    for path in texts.rglob("*7.txt"):
        path.write_text("mended")
    assert copy(texts, "-o", out, "--resume", "-j", 1).code == 0
    assert lines(copy(texts, "-o", out, "--resume", "--json").out)[-1]["summary"]["skipped"] == 40


def test_one_file_has_the_record_that_it_would_have_among_several(copy: Call, texts: Path, tmp_path: Path) -> None:
    one, out = texts / "00.txt", tmp_path / "one.out"
    many = ("-o", tmp_path / "many", "--json", "--include", "0[03].txt", "-j", 1)
    among = lines(copy(texts, *many).out)[0]
    alone, _ = lines(copy(one, "-o", out, "--json").out)
    assert alone | {"seconds": 0, "output": ""} == among | {"seconds": 0, "output": ""}
    assert alone["sha256"] == hashlib.sha256(one.read_bytes()).hexdigest()


def test_a_pipe_is_read_once(copy: Call, tmp_path: Path) -> None:
    pipe, out = tmp_path / "pipe.txt", tmp_path / "out.out"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("text",))
    writer.start()
    assert copy(pipe, "-o", out).code == 0
    writer.join()
    assert out.read_text() == "text"


def test_what_was_made_of_something_else_is_made_anew(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    copy(texts, "-o", out, "-j", 1)
    (texts / "00.txt").write_text("another")
    (out / "03.out").write_text("")  # damaged
    (out / "06.out").write_text("by hand")
    (out / "09.out").unlink()
    (out / "12.out").with_name("stranger.out").write_text("x")
    result = copy(texts, "-o", out, "--resume", "-j", 1, "--json", "--exclude", "?7.txt", "--exclude", "17.txt")
    assert result.code == 0
    made = {entry["output"] for entry in lines(result.out)[:-1] if entry["status"] == "done"}
    assert made == {"00.out", "03.out", "09.out"}
    assert (out / "06.out").read_text() == "by hand"
    options = ("--include", "0[06].txt", "-j", 1, "--size", 9, "--json")
    other = lines(copy(texts, "-o", out, "--resume", *options).out)
    assert [entry.get("status") for entry in other] == ["done", "skipped", None]
    plan = lines(copy(texts, "-o", out, "--resume", "--dry-run", *options, "--size", 10).out)
    assert [entry["action"] for entry in plan] == ["replace", "skip"]


def test_an_output_that_no_manifest_knows_is_not_replaced_unasked(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "00.out").write_text("mine")
    os.utime(out / "00.out", (1, 1))
    some = (texts, "-o", out, "-j", 1, "--include", "0[03].txt")
    refused = copy(*some, "--resume")
    assert refused.code == 7
    use = "use --skip-existing to leave them, or --overwrite to replace them."
    assert f"vecstack: outputs of 1 of 2 inputs exist (-v names them); {use}\n" in refused.err
    told = copy(*some, "-v").err.splitlines()
    assert [line.endswith("exists; use --overwrite to replace it, or choose another name.") for line in told].count(
        True
    ) == 2
    assert sum("exist;" in line for line in told) == 1
    assert copy(*some, "--skip-existing").code == 0
    assert (out / "00.out").read_text() == "mine"
    assert copy(*some, "--update").code == 0
    assert (out / "00.out").read_text() == "text 0"


def test_a_plan_is_printed_and_nothing_done(copy: Call, texts: Path, tmp_path: Path) -> None:
    result = copy(texts, "-o", tmp_path / "out", "--dry-run", "--include", "deep/0*", "--name", "{stem}-{size}")
    assert result.code == 0
    assert not (tmp_path / "out").exists()
    first = result.out.splitlines()[0].split()
    assert first == ["make", str(texts / "deep/01.txt"), str(tmp_path / "out/deep/01-8.out")]


def test_shards_share_the_inputs_and_keep_manifests_of_their_own(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    counts = []
    for shard in ("1/3", "2/3", "3/3"):
        copy(texts, "-o", out, "--shard", shard, "-j", 1)
        counts.append(len(tree(out)))
    assert 0 < counts[0] < counts[1] < counts[2] == 38
    assert len(list(out.glob("manifest-*-of-3.jsonl"))) == 3
    assert len(list(read_manifests(out))) == 40
    assert "38 skipped" in copy(texts, "-o", out, "--resume", "-j", 1).err


def test_a_shard_of_one_input_is_recorded_too(copy: Call, texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    codes = [copy(texts, "-o", out, "--include", "0[07].txt", "--shard", f"{n}/50", "-j", 1).code for n in range(1, 51)]
    assert sorted(codes)[-2:] == [0, 7]
    assert {record.output: record.status for record in read_manifests(out)} == {
        "00.out": "done",
        "deep/07.out": "failed",
    }


def test_what_is_wrong_for_all_leaves_nothing_behind(copy: Call, texts: Path, tmp_path: Path) -> None:
    (texts / "03.txt").write_text("usage")
    result = copy(texts, "-o", tmp_path / "out", "-j", 1)
    assert (result.code, result.err.splitlines()[-1]) == (2, "vecstack: wrong for all.")
    assert tree(tmp_path / "out").keys() == {"00.out"}


def test_the_first_failure_can_end_a_run(copy: Call, texts: Path, tmp_path: Path) -> None:
    assert copy(texts, "-o", tmp_path / "out", "--fail-fast", "-j", 1).code == 7
    assert 0 < len(tree(tmp_path / "out")) < 38


@pytest.mark.parametrize("processes", [1, 2])
def test_a_signal_ends_a_run_which_says_how_to_go_on(processes: int, texts: Path, tmp_path: Path) -> None:
    waiting = texts / "09.txt"
    waiting.write_text("wait")
    run = start(texts, "-o", tmp_path / "out", "-j", processes)
    wait_for(Path(f"{waiting}.waits"))
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    again = f"go on with: vecstack copy {texts} -o {tmp_path}/out -j {processes} --resume"
    assert again in said.decode()
    found = tree(tmp_path / "out")
    assert "09.out" not in found
    assert not [name for name in found if name.endswith((".partial", ".lock"))]
    waiting.write_text("text 9")
    last = start(texts, "-o", tmp_path / "out", "-j", processes, "--resume")
    last.communicate(timeout=60)
    assert last.returncode == 7
    assert len(tree(tmp_path / "out")) == 38


@pytest.mark.slow
def test_a_second_signal_ends_a_run_at_once(texts: Path, tmp_path: Path) -> None:
    (texts / "09.txt").write_text("stubborn")
    run = start(texts, "-o", tmp_path / "out", "-j", 2)
    wait_for(texts / "09.txt.waits")
    os.kill(run.pid, signal.SIGTERM)
    time.sleep(1)
    assert run.poll() is None
    os.kill(run.pid, signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"go on with" not in said
    assert not [name for name in tree(tmp_path / "out") if name.endswith(".partial")]


def test_a_killed_run_is_gone_on_with_to_the_same_tree(copy: Call, texts: Path, tmp_path: Path) -> None:
    copy(texts, "-o", tmp_path / "whole", "-j", 1)
    waiting, out = texts / "09.txt", tmp_path / "out"
    text = waiting.read_text()
    waiting.write_text("wait")
    run = start(texts, "-o", out, "-j", 1)
    wait_for(Path(f"{waiting}.waits"))
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    assert [name for name in tree(out) if name.endswith(".partial")]
    waiting.write_text(text)
    (out / "09.out").write_text("written, but not recorded")
    with (out / "manifest.jsonl").open("a") as manifest:
        manifest.write('{"input": "torn')
    result = copy(texts, "-o", out, "--resume", "-j", 1)
    assert (result.code, "35 done, 3 skipped, 2 failed" in result.err) == (7, True), result.err
    assert tree(out) == tree(tmp_path / "whole")
    assert len([record for record in read_manifests(out) if record.output == "09.out"]) == 1


@pytest.mark.slow
def test_runs_killed_at_any_moment_leave_a_tree_that_can_be_finished(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for seconds in (0.9, 1.4):
        run = start(texts, "-o", out, "-j", 2, "--resume")
        time.sleep(seconds)
        os.kill(run.pid, signal.SIGKILL)
        run.communicate()
    last = start(texts, "-o", out, "-j", 2, "--resume")
    last.communicate(timeout=60)
    assert last.returncode == 7
    found = tree(out)
    assert len(found) == 38
    assert all(name.endswith(".out") for name in found)
    assert found["deep/01.out"] == b"text 1"


@pytest.mark.slow
def test_two_runs_in_one_folder_do_each_other_no_harm(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    runs = [start(texts, "-o", out, "-j", 1, "--skip-existing", "--shard", f"{part}/2") for part in (1, 2)]
    assert {run.communicate(timeout=60) and run.returncode for run in runs} <= {0, 7}
    assert len(tree(out)) == 38
    assert len(list(read_manifests(out))) == 40
    shutil.rmtree(out)
    runs = [start(texts, "-o", out, "-j", 1, "--skip-existing") for _ in range(2)]
    assert {run.communicate(timeout=60) and run.returncode for run in runs} == {7}
    assert len(tree(out)) == 38
    assert all(name.endswith(".out") for name in tree(out))
