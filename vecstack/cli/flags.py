"""Messages of the library in the words of the command line: parameters become flags."""

from __future__ import annotations

from vecstack.errors import VecstackError, on_one_line

# The flag of a parameter is -- and its name, with these exceptions.
FLAGS = {
    "budget_bytes": "--budget",
    "detail": "--psnr and --budget",
    "scales": "--scale-range",
    "tint_strength": "the strength of --tint",
}
# How messages mention arguments in other places than the start; "" where the command line has no such option.
MENTIONS = {
    "`overwrite=True`": "--overwrite",
    "`resume=True`": "--resume",
    "`strict=True`": "--strict",
    "`device='cpu'`": "--device cpu",
    "`opaque=True`": "--opaque",
    "`cutout=True`": "--cutout",
    "`dpi`": "--dpi",
    "`size`": "--size",
    "`scale`": "--scale",
    "`seconds`": "--seconds",
    "`width`": "--width",
    "`height`": "--height",
    "`format`": "--format",
    "`words`": "--words",
    "`sizes`": "--sizes",
    "`colors`": "--colors",
    "`into`": "--into",
    "`picture`": "--picture",
}


def in_flags(error: VecstackError) -> str:
    """The message of an error on one line, with flags in place of parameters."""
    text = str(error)
    name = error.parameter
    if name is not None and text.startswith(name):
        text = FLAGS.get(name, "--" + name.replace("_", "-")) + text.removeprefix(name)
    for mention, flag in MENTIONS.items():
        text = text.replace(mention, flag)
    return on_one_line(text)
