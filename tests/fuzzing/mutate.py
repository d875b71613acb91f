"""Files made to be nearly right: bytes, words and members of zips changed at random."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile

# What a text is made of, from coarse to fine: elements without others in them and attributes, as XML has them; quoted
# texts, numbers, words, and what else stands alone; and numbers and words within quoted texts, too.
PIECES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rb"<\w[^<>]*/>",
        rb'[\w:-]+="[^"]*"',
        rb'"[^"]*"|[-+]?\d[\d.]*(?:e[-+]?\d+)?|[\w#%]+|[^\w\s]',
        rb"[-+]?\d[\d.]*(?:e[-+]?\d+)?|[a-z][\w#%]*",
    )
)
GZIP = b"\x1f\x8b"
HOSTILE_WORDS = [
    *(b"0 -1 1 1e308 -1e308 1e309 5e-324 1e-160 1e160 1e-7 1e9 9223372036854775808 1e400 NaN inf .".split()),
    b"9" * 400,
    *(b'null true [] {} [[]] "" "a" "../x" "\\u202e\\n" "\\ud800" url(#a) none 100% 1e9px #12 """'.split()),
    b"\xff",
    b"\x00",
    b"",
]
HOSTILE_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes of a file with one to four changes at random: within a zip in one of its members, in a text to words,
    in all others to bytes; what is compressed is unpacked before, at times."""
    if data.startswith(GZIP) and dice.random() < 0.5:
        return _gzip_mutated(data, dice)
    if data.startswith(b"PK") and dice.random() < 0.7:
        return _zip_mutated(data, dice)
    change = _change_words if _is_text(data) and dice.random() < 0.8 else _change_bytes
    for _ in range(dice.randint(1, 4)):
        data = change(data, dice)
    return data


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:1000] and data[:1] in (b"{", b"<", b"#", b"[", b"n", b"G", b"\n")


def _change_words(data: bytes, dice: random.Random) -> bytes:
    """The text with a piece replaced, by a hostile word or another of its own, or twice, or gone with what follows."""
    words = list(dice.choice(PIECES).finditer(data))
    if not words:
        return data
    word, other = dice.choice(words), dice.choice(words)
    start, end = sorted((word.start(), other.end()))
    return dice.choice(
        [
            lambda: data[: word.start()] + _hostile(word[0], dice) + data[word.end() :],
            lambda: data[: word.start()] + other[0] + data[word.end() :],
            lambda: data[: word.start()] + other[0] + b" " + word[0] + data[word.end() :],
            lambda: data[:end] + data[start : min(end, start + 2000)] + data[end:],
            lambda: data[:start] + data[end:],
        ]
    )()


def _hostile(word: bytes, dice: random.Random) -> bytes:
    """A hostile word in the place of another, most often in quotes where that was; nothing for more than a word."""
    if word.startswith(b"<") or b"=" in word:
        return b""
    hostile = dice.choice(HOSTILE_WORDS)
    return b'"' + hostile.strip(b'"') + b'"' if word.startswith(b'"') and dice.random() < 0.8 else hostile


def _change_bytes(data: bytes, dice: random.Random) -> bytes:
    """The bytes with a few replaced by a number in either order, inserted, gone, moved or cut off."""
    place, other = dice.randint(0, len(data)), dice.randint(0, len(data))
    width = dice.choice((1, 2, 4))
    number = (dice.choice(HOSTILE_NUMBERS) & (1 << 8 * width) - 1).to_bytes(width, dice.choice(("big", "little")))
    start, end = sorted((place, other))
    return dice.choice(
        [
            lambda: data[:place] + number + data[place + width :],
            lambda: data[:place] + dice.randbytes(width) + data[place + width :],
            lambda: data[:place] + number + data[place:],
            lambda: data[:place] + data[place + width :],
            lambda: data[:place] + data[start : start + 64] + data[place:],
            lambda: data[:end] if dice.random() < 0.3 else data,
        ]
    )()


def _gzip_mutated(data: bytes, dice: random.Random) -> bytes:
    try:
        return gzip.compress(mutated(gzip.decompress(data), dice), 1, mtime=0)
    except Exception:  # whatever gzip raises: a mutant of a mutant may be anything
        return _change_bytes(data, dice)


def _zip_mutated(data: bytes, dice: random.Random) -> bytes:
    """A zip with one of its members mutated, twice, or under another name; the zip as it is where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except Exception:  # whatever zipfile raises: a mutant of a mutant may be anything
        return _change_bytes(data, dice)
    if not members:
        return data
    index = dice.randrange(len(members))
    name, content = members[index]
    members[index] = dice.choice(
        [(name, mutated(content, dice)), (name, _change_bytes(content, dice)), (dice.choice(members)[0], content)]
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, content in dict(members).items():
            archive.writestr(member or "x", content)
    return packed.getvalue()
