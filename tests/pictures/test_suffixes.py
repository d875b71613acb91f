from __future__ import annotations

import subprocess
import sys

from PIL import Image

from vecstack.pictures.read import PLUGINS
from vecstack.pictures.suffixes import SUFFIXES


def test_the_suffixes_are_those_that_pillow_gives_the_formats_that_are_read() -> None:
    Image.init()
    assert {suffix for suffix, name in Image.registered_extensions().items() if name in PLUGINS} == SUFFIXES


def test_they_are_read_without_numpy() -> None:
    code = "import sys, vecstack.pictures.suffixes; sys.exit('numpy' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
