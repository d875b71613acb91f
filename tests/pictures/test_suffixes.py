from __future__ import annotations

import subprocess
import sys

from PIL import Image

from vecstack.pictures.decoding.pillow import PLUGINS
from vecstack.pictures.suffixes import OTHERS, SUFFIXES

READ = {*PLUGINS, "PNG", "TIFF", "JPEG2000", "MPO"}
HEIF = {".heic", ".heics", ".heif", ".heifs", ".hif"}  # those of pillow-heif, which may be missing


def test_the_suffixes_are_those_that_pillow_gives_the_formats_that_are_read() -> None:
    Image.init()
    names = {suffix for suffix, name in Image.registered_extensions().items() if name in READ}
    assert names | HEIF == SUFFIXES
    assert not SUFFIXES & OTHERS


def test_they_are_read_without_numpy() -> None:
    code = "import sys, vecstack.pictures.suffixes; sys.exit('numpy' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
