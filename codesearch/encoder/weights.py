"""The weights folder: graph, tokenizer and what is said of them, checked against each other.

``config.json`` names each file with its SHA-256, and its own ``digest`` covers all the rest of
it: one number that says whether two vectors may be compared. The model card (``README.md``) is
outside of the digest, so that a word in it can be corrected without every index growing stale.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codesearch.encoder.text import TEMPLATE_VERSION
from codesearch.errors import ModelError

FORMAT = 1
GRAPH = "model.onnx"
TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
CARD = "README.md"
DEFAULT_FOLDER = Path(__file__).parent / "default"


@dataclass(frozen=True, slots=True)
class Config:
    """What ``config.json`` says, less its digest."""

    format: int
    name: str
    dimension: int  # of a vector
    max_tokens: int  # special tokens included; the graph has this many positions
    vocabulary: int  # token ids
    pooling: str  # "mean" over all tokens, then length 1
    lower_case: bool  # done by the tokenizer; said here for people
    template_version: int  # of ``text.py``, that the weights were made for
    license: str  # SPDX
    files: dict[str, str]  # name → SHA-256 (hex)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over every field."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode())


@dataclass(frozen=True, slots=True)
class Weights:
    """A weights folder whose ``config.json`` was read and checked; cheap, loads no runtime."""

    folder: Path
    config: Config
    digest: str  # of the config, and so of all files that it names

    @classmethod
    def open(cls, folder: Path | None = None) -> Weights:
        """Read ``config.json`` of ``folder`` (None: the packaged one); raises ``ModelError``."""
        folder = folder or DEFAULT_FOLDER
        try:
            fields: dict[str, Any] = json.loads(_read(folder, CONFIG))
            said = fields.pop("digest")
            config = Config(**fields)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _unfit(folder, f"its {CONFIG} cannot be understood ({error})") from error
        opened = cls(folder, config, config.digest)
        opened.require("the format", config.format, FORMAT, "this version reads")
        if said != opened.digest:
            raise _unfit(folder, f"its {CONFIG} was altered")
        template = config.template_version
        opened.require("the text template", template, TEMPLATE_VERSION, "this version writes")
        return opened

    @property
    def name(self) -> str:
        """What the weights are called, for people."""
        return self.config.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.config.dimension

    def read(self, name: str) -> bytes:
        """The content of one file; ``ModelError`` where it is missing."""
        return _read(self.folder, name)

    def require_file(self, name: str, digest: str) -> None:
        """Raise ``ModelError`` unless the file ``name`` has the SHA-256 that the config says."""
        if self.config.files.get(name) != digest:
            raise _unfit(self.folder, f"{name} is not the file that {CONFIG} names (SHA-256)")

    def require(
        self, what: str, found: object, needed: object, who: str = f"{CONFIG} says"
    ) -> None:
        """Raise ``ModelError`` unless the two are equal."""
        if found != needed:
            raise _unfit(self.folder, f"{what} is {found}, {who} {needed}")


def write_config(folder: Path, config: Config) -> None:
    """Write ``config.json`` with its digest."""
    fields = asdict(config) | {"digest": config.digest}
    (folder / CONFIG).write_text(json.dumps(fields, indent=2) + "\n", encoding="utf-8")


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise _unfit(folder, f"{name} cannot be read ({error.strerror})") from error


def _unfit(folder: Path, why: str) -> ModelError:
    if folder == DEFAULT_FOLDER:
        remedy = "Install codesearch again: the weights that come with it are damaged."
    else:
        remedy = (
            "Use a folder written by `python -m codesearch.training export`, copied whole, "
            "or leave the setting out for the weights that come with codesearch."
        )
    return ModelError(f"The encoder in {folder} does not fit together: {why}.", remedy)
