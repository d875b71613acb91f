"""Names of repositories of the Hugging Face Hub, as users write them: OWNER/NAME, or OWNER/NAME@REVISION."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_WORD = r"[A-Za-z0-9_](?:[\w.-]{0,94}\w)?"
_NAME = re.compile(rf"({_WORD}/{_WORD})(?:@([\w./-]{{1,200}}))?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FILES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".toml", ".json")  # no repository is called so

NOT_HERE = "no such file or folder here"


@dataclass(frozen=True)
class Repository:
    """A repository, OWNER/NAME, and the branch, tag or commit that is asked for, if one is."""

    name: str
    revision: str | None = None

    @property
    def is_exact(self) -> bool:
        """Whether it names one commit, which nobody can move."""
        return self.revision is not None and is_commit(self.revision)

    @property
    def is_missed_path(self) -> bool:
        """Whether the name may have been meant for a file or a folder, and there is none."""
        return self.revision is None and not path_exists(Path(self.name))

    def __str__(self) -> str:
        return self.name if self.revision is None else f"{self.name}@{self.revision}"


def repository_of(text: str) -> Repository | None:
    """The repository that a text names; None where it has another form."""
    match = _NAME.fullmatch(text)
    if match is None or ".." in text or "--" in match[1] or (match[2] is None and match[1].endswith(_FILES)):
        return None
    return Repository(match[1], match[2])


def is_repository(text: str) -> bool:
    """Whether a text names a repository: with a revision, or as no file and no folder here is called."""
    repository = repository_of(text)
    return repository is not None and (repository.revision is not None or repository.is_missed_path)


def is_commit(revision: str) -> bool:
    """Whether a revision is a commit in full, 40 hexadecimal digits."""
    return _COMMIT.fullmatch(revision) is not None


def path_exists(path: Path) -> bool:
    """Whether a path exists; False where that cannot be found out."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long or has a zero byte, or a folder without permission
        return False
