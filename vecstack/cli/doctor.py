"""vecstack doctor: check the installation."""

from __future__ import annotations

import json
import platform
import sys
from typing import Any

import typer

from vecstack.cli.arguments import AsJson
from vecstack.errors import VecstackError

PACKAGES = ("torch", "numpy", "pillow", "safetensors", "huggingface-hub", "typer", "rich")


def run(as_json: AsJson = False) -> None:
    """Check the installation: packages, devices and weights.

    The exit code is 0 if no problem was found."""
    facts = examine()
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {value if isinstance(value, str) else ', '.join(value) or 'none'}")
    if facts["problems"]:
        raise VecstackError(f"{len(facts['problems'])} problems found, the first: {facts['problems'][0]}")


def examine() -> dict[str, Any]:
    """Versions, devices, models and a list of problems, each with a remedy."""
    from vecstack import __version__

    problems: list[str] = []
    devices, threads = _computing(problems)
    return {
        "vecstack": __version__,
        "python": f"{sys.version.split()[0]} on {platform.platform()}",
        "packages": [f"{name} {_version(name)}" for name in PACKAGES],
        "devices": devices,
        "threads": threads,
        "loops": _loops(),
        "models": _models(problems),
        "problems": problems,
    }


def _computing(problems: list[str]) -> tuple[list[str], str]:
    """The devices and the number of threads that PyTorch uses."""
    try:
        import torch
    except (ImportError, OSError, RuntimeError) as error:
        reason = str(error).split("\n")[0]
        problems.append(f"torch cannot be imported ({reason}); install it again.")
        return [], "0"
    if not torchvision_fits():
        problems.append(
            "torchvision does not match torch, so packages that import it fail; reinstall both, or remove torchvision."
        )
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ["cpu", *(torch.cuda.get_device_name(index) for index in range(count))], str(torch.get_num_threads())


def _loops() -> str:
    """What runs the loops over pixels that fit and draw paths."""
    from vecstack.compiled import fault

    reason = fault()
    if reason is None:
        return f"compiled (numba {_version('numba')})"
    return f"PyTorch, which is slower: numba cannot be imported ({reason}); install it again"


def _models(problems: list[str]) -> list[str]:
    """Names of the shipped models whose weights are the published ones."""
    from vecstack.models import published_models, verify_model

    found = []
    try:
        for model in published_models():
            try:
                verify_model(model)
                found.append(model.name)
            except VecstackError as error:
                problems.append(str(error))
    except VecstackError as error:
        problems.append(str(error))
    return found


def torchvision_fits() -> bool:
    """Whether torchvision is absent or works with this torch; mismatched builds fail at import."""
    try:
        import torchvision  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return True
    except (RuntimeError, OSError, AttributeError):
        return False
    return bool(torchvision.__version__)


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
