"""Settings: defaults < file < environment < arguments.

The file is ``config.toml`` in the platform's configuration folder (``~/.config/codesearch`` on
Linux); ``CODESEARCH_CONFIG`` names another. The environment spells each setting
``CODESEARCH_<NAME>``. Plain dataclass and ``tomllib``: a settings library would cost more at
start than the rest of a query.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_path, user_data_path

from codesearch.errors import CodesearchError


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes are in bytes."""

    home: Path  # where all indexes live
    model: Path | None = None  # encoder folder; None = the one in the package
    threads: int = 0  # for the encoder; 0 = as many as there are cores
    device: str = "auto"  # for indexing: cpu, cuda, or auto: the GPU if there is one
    max_file_bytes: int = 1 << 20  # larger files stay out of the index
    exclude: tuple[str, ...] = ()  # further patterns, as in .gitignore
    overlay_seconds: float = 1.5  # that a search may spend on uncommitted files; 0: leaves them out
    url: str = ""  # of a Qdrant server that keeps the indexes; empty: they live under ``home``
    machine: str = ""  # whose clones these are, on a server; empty: the name of the host
    server_prefix: str = "codesearch"  # of the collections' names
    server_timeout: int = 30  # seconds for one request
    server_ca: Path | None = None  # certificates to trust, if a private authority signed
    server_shards: int = 1  # this and the rest: for collections that are made from now on
    server_replicas: int = 1
    server_on_disk: bool = False  # vectors and payloads; quantized vectors stay in memory
    server_quantization: str = "int8"  # or "none"

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, **arguments: Any) -> Settings:
        """Read the settings file and the environment; ``arguments`` that are not None win.

        Raises:
            CodesearchError: unreadable file, unknown setting, or a value of the wrong type.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = _read_file(environment)
        for field in fields(cls):
            if (text := environment.get(f"CODESEARCH_{field.name.upper()}", "")) != "":
                values[field.name] = text
        values.update({name: value for name, value in arguments.items() if value is not None})
        settings = cls(home=user_data_path("codesearch"))
        return replace(settings, **{name: _convert(name, value) for name, value in values.items()})


def _read_file(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get("CODESEARCH_CONFIG")
    path = Path(named) if named else user_config_path("codesearch") / "config.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise CodesearchError(
                f"The settings file {path} does not exist", "Create it or unset CODESEARCH_CONFIG"
            ) from None
        return {}
    except (OSError, ValueError) as error:
        raise CodesearchError(f"Cannot read settings from {path}: {error}", "Mend it") from error
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise CodesearchError(
            f"Unknown setting {unknown[0]!r} in {path}", f"Known are: {', '.join(sorted(known))}"
        )
    return values


def _convert(name: str, value: Any) -> Any:
    try:
        return _CONVERTERS[name](value)
    except (TypeError, ValueError) as error:
        raise CodesearchError(
            f"Setting {name!r} has an unusable value {value!r}", "See README, Settings"
        ) from error


def _path(value: Any) -> Path:
    return Path(value).expanduser().absolute()


def _number(value: Any) -> int:
    number = int(value)
    if number < 0:
        raise ValueError("negative")
    return number


def _positive(value: Any) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("not positive")
    return number


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds < math.inf:
        raise ValueError("negative or without end")
    return seconds


def _flag(value: Any) -> bool:
    known = {"1": True, "true": True, "0": False, "false": False}
    if str(value).lower() not in known:
        raise ValueError("neither true nor false")
    return known[str(value).lower()]


def _names(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(":") if part)
    return tuple(str(part) for part in value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _one_of(*known: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in known:
            raise ValueError(f"not one of {known}")
        return str(value)

    return check


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "home": _path,
    "model": _path,
    "threads": _number,
    "device": _text,
    "max_file_bytes": _number,
    "exclude": _names,
    "overlay_seconds": _seconds,
    "url": _text,
    "machine": _text,
    "server_prefix": _text,
    "server_timeout": _positive,
    "server_ca": _path,
    "server_shards": _positive,
    "server_replicas": _positive,
    "server_on_disk": _flag,
    "server_quantization": _one_of("int8", "none"),
}
