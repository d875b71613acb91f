"""The command line: names and help import nothing heavy, each command lives in the module of its name, and only the
command that a line begins with is imported."""

from __future__ import annotations

import atexit
import importlib
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, cast

import typer

from vecstack.cli.complaints import explain
from vecstack.cli.everywhere import taken_out
from vecstack.cli.flags import in_flags
from vecstack.errors import ExportError, VecstackError, on_one_line

# The base class of typer's own errors. It has no public name, and its module has moved between releases.
Complaint = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
INTERRUPTED = 130  # exit code that shells give a program ended by Ctrl-C
TERMINATED = 143  # when ended by SIGTERM
VERBS = (
    *("decompose", "upscale", "refine", "edit", "adjust", "render", "view", "export", "import", "collage"),
    *("info", "validate", "generate", "enhance", "train", "evaluate", "doctor"),
)
GROUPS = ("models", "batch")  # of commands
HUNG_UP = 129  # by SIGHUP, when the terminal is closed
READER_GONE = 141  # when the reader closed the pipe: not an error; nothing to report
WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")  # what OpenMP reads when it is loaded, of how its threads wait
SPINS = 1000  # looks at whether work has come, before a thread sleeps: some 30 microseconds


def paragraphs(text: str | None) -> str:
    """A docstring with each paragraph on one line, which a terminal of any width wraps well."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _show_version(wanted: bool) -> None:
    if wanted:
        from vecstack import __version__

        typer.echo(__version__)
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing: models of the Hub from its cache.")
    ] = False,
    lock: Annotated[
        str | None,
        typer.Option("--lock", metavar="FILE", help="Load models of the Hub as this lock says (see models lock)."),
    ] = None,
) -> None:
    """Options of every command, wherever they stand (see cli/everywhere.py)."""


def app_for(words: Sequence[str]) -> typer.Typer:
    """The program for a command line: with the command that it begins with, or with all where that is none."""
    app = typer.Typer(
        name="vecstack",
        help="Turn pictures into layers and draw the layers at any size.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    wanted = words[:1] if {*words[:1]} & {*VERBS, *GROUPS} else (*VERBS, *GROUPS)
    for name in wanted:
        module = _module(name)
        if name in GROUPS:
            app.add_typer(module.app, name=name)
        else:
            text = paragraphs(module.run.__doc__)
            app.command(name, cls=getattr(module, "Command", None), help=text)(module.run)
    return app


def _module(name: str) -> Any:
    """The module of a command; `import` is a word of Python."""
    return importlib.import_module(f"vecstack.cli.{'import_' if name == 'import' else name}")


def main() -> None:
    """Run the command line and exit with its code; an error is one line on standard error."""
    # As an exception, so that half-written files are removed; `train` handles the signal itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # nohup ignores it
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(HUNG_UP))
    _print_anything()
    _wait_asleep()
    end = _End()
    atexit.register(end.at_once)  # before what others register, so that it comes last
    end.code = run(sys.argv[1:])
    if end.code == READER_GONE:
        # Python flushes standard output when it exits, and would report the closed pipe once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(end.code)


class _End:
    """The end of the process, after threads and all that was to be done at its end: taking apart the libraries and
    freeing their memory piece by piece takes Python up to a second, and the system none."""

    code: int | None = None  # to exit with, once it is known

    def at_once(self) -> None:
        """End the process, if its code is known."""
        if self.code is not None:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(self.code)


def _wait_asleep() -> None:
    """Have the threads of OpenMP sleep while they wait for each other, unless the environment says how they are to:
    beside a busy program they would keep it, and themselves, from working (docs/decisions.md)."""
    if not any(name in os.environ for name in WAITING):
        os.environ["GOMP_SPINCOUNT"] = str(SPINS)


def _print_anything() -> None:
    """Let standard output take names of files that are no text, as the bytes that they are, and in an encoding that
    lacks a character, an escape."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        is_unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
        sys.stdout.reconfigure(errors="surrogateescape" if is_unicode else "backslashreplace")


def run(arguments: list[str]) -> int:
    """The exit code of a command line."""
    debug = "--debug" in arguments
    try:
        words, everywhere = taken_out(arguments)
        with everywhere.applied():
            result = app_for(words)(words, prog_name="vecstack", standalone_mode=False, obj=arguments)
        sys.stdout.flush()
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # how typer reports a closed pipe
            return READER_GONE
        raise
    except BrokenPipeError:
        return READER_GONE
    except OSError as error:  # errors of files are caught where they are opened, so this is standard output
        return _fail(f"standard output: {error.strerror}.", ExportError.exit_code, debug)
    except VecstackError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            return READER_GONE
        return _fail(in_flags(error), error.exit_code, debug)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except Complaint as error:
        message = explain(error)
        return _fail(f"{_sentence(message)} See {_command(error)} --help.", 2, debug) if message.strip() else 2
    except Exception as error:
        reason = str(error).split("\n")[0]
        return _fail(
            f"internal error: {type(error).__name__}: {reason}; run again with --debug and report it.", 1, debug
        )
    if result == INTERRUPTED:  # how typer reports Ctrl-C
        return _fail("interrupted", INTERRUPTED, debug)
    return result if isinstance(result, int) else 0


def _sentence(message: str) -> str:
    """A message on one line, with a full stop."""
    text = " ".join(message.split())
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _command(complaint: Any) -> str:
    """The command whose options a complaint is about."""
    context = getattr(complaint, "ctx", None)
    return "vecstack" if context is None else str(context.command_path)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    typer.echo(f"vecstack: {on_one_line(message)}", err=True)
    return code
