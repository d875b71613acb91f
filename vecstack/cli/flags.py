"""The library's messages in the words of the command line: parameters become flags."""

from __future__ import annotations

from vecstack.errors import VecstackError

# The flag of a parameter is its name behind --, but for these.
FLAGS = {
    "budget_bytes": "--budget",
    "detail": "--psnr and --budget",
    "tint_strength": "the strength of --tint",
}
# How messages mention arguments elsewhere than at their beginning; "" where the command line has no such option.
MENTIONS = {
    "`overwrite=True`": "--overwrite",
    "`device='cpu'`": "--device cpu",
    "`size`": "--size",
    "`scale`": "--scale",
    "`width`": "--width",
    "`height`": "--height",
    "`format`": "--format",
    " (`max_pixels`)": "",
}


def in_flags(error: VecstackError) -> str:
    """The message of an error with flags in the place of parameters."""
    text = str(error)
    name = error.parameter
    if name is not None and text.startswith(name):
        text = FLAGS.get(name, "--" + name.replace("_", "-")) + text.removeprefix(name)
    for mention, flag in MENTIONS.items():
        text = text.replace(mention, flag)
    return text
