"""A model folder ↔ small pieces, where a machine takes only small files.

Weights travel in bfloat16, which is what training on a GPU multiplies in anyhow (relative error
at most 2⁻⁹): two bytes a weight, and since the upper bytes hold little but exponents, the two
kinds of bytes apart compress to about 1.4. Any other file travels as it is.
"""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from codesearch.training.fit import WEIGHTS

MANIFEST = "manifest.json"
_HALVES, _SHAPES = "halves.bin", "shapes.json"


def split(source: Path, out: Path, size: int = 15 << 20) -> list[Path]:
    """Write the pieces of a folder or file (``size`` bytes at most) and a manifest into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    data = lzma.compress(_archive(source), preset=3)
    pieces = []
    for number, start in enumerate(range(0, len(data), size)):
        piece = out / f"piece-{number:02d}.bin"
        piece.write_bytes(data[start : start + size])
        pieces.append(piece)
    manifest = {"pieces": [piece.name for piece in pieces], "sha256": _sha256(data)}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return pieces


def join(pieces: Path, out: Path) -> None:
    """Undo :func:`split`; raises ``ValueError`` where a piece is missing or damaged."""
    manifest = json.loads((pieces / MANIFEST).read_text(encoding="utf-8"))
    missing = [name for name in manifest["pieces"] if not (pieces / name).exists()]
    if missing:
        raise ValueError(f"{pieces} lacks {', '.join(missing)}")
    data = b"".join((pieces / name).read_bytes() for name in manifest["pieces"])
    if _sha256(data) != manifest["sha256"]:
        raise ValueError(f"the pieces in {pieces} are not those of the manifest (SHA-256)")
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(data))) as archive:
        archive.extractall(out, filter="data")
    if (out / _HALVES).exists():
        _restore(out)


def halve(weights: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper halves of float32 numbers, rounded to the nearest: bfloat16."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32).astype(np.uint64)
    rounded: NDArray[np.uint16] = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return rounded


def _archive(source: Path) -> bytes:
    raw = io.BytesIO()
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for file in files:
            if file.name == WEIGHTS:
                for name, data in _halves(file).items():
                    _add(archive, name, data)
            elif file.is_file():
                _add(archive, file.name, file.read_bytes())
    return raw.getvalue()


def _halves(file: Path) -> dict[str, bytes]:
    state = load_file(file)
    halves = [halve(state[name]).reshape(-1) for name in sorted(state)]
    joined = np.concatenate(halves)
    shapes = {name: list(state[name].shape) for name in sorted(state)}
    planes = (joined >> 8).astype(np.uint8).tobytes() + (joined & 255).astype(np.uint8).tobytes()
    return {_HALVES: planes, _SHAPES: json.dumps(shapes).encode()}


def _restore(folder: Path) -> None:
    planes = np.frombuffer((folder / _HALVES).read_bytes(), np.uint8)
    upper, lower = planes.reshape(2, -1).astype(np.uint32)
    values = ((upper << 24) | (lower << 16)).view(np.float32)
    state, place = {}, 0
    for name, shape in json.loads((folder / _SHAPES).read_text(encoding="utf-8")).items():
        count = int(np.prod(shape))
        state[name] = values[place : place + count].reshape(shape).copy()
        place += count
    save_file(state, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / _HALVES).unlink()
    (folder / _SHAPES).unlink()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
