"""Which store keeps an index: a folder, or a server where the settings name one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.errors import StoreError

if TYPE_CHECKING:
    from codesearch.settings import Settings
    from codesearch.store import Store


def open_store(settings: Settings, directory: Path, identity: Callable[[], str]) -> Store:
    """The store of one index. Nothing is read or sent yet.

    Args:
        settings: with ``url``: the server's; the API key is in ``CODESEARCH_API_KEY``.
        directory: folder of the index on this machine.
        identity: what a server knows the repository by; asked for only then.

    Raises:
        StoreError: an unusable address, or no client for servers.
    """
    if not settings.url:
        from codesearch.store.embedded import EmbeddedStore  # noqa: PLC0415  (the engine)

        return EmbeddedStore(directory)
    try:  # importing the client costs a second: only for those who name a server
        from codesearch.store.connection import Connection  # noqa: PLC0415
        from codesearch.store.layout import Layout  # noqa: PLC0415
        from codesearch.store.server import ServerStore  # noqa: PLC0415
    except ImportError as error:
        raise StoreError(
            f"An index on a server needs a further package: {error}",
            "In the checkout of codesearch: pip install -c constraints.txt '.[server]'",
        ) from error
    connection = Connection.open(
        settings.url,
        key=os.environ.get("CODESEARCH_API_KEY") or None,
        timeout=settings.server_timeout,
        authority=settings.server_ca,
    )
    layout = Layout(
        settings.server_prefix,
        settings.server_shards,
        settings.server_replicas,
        settings.server_on_disk,
        settings.server_quantization,
    )
    machine = settings.machine or socket.gethostname()
    return ServerStore(connection, layout, identity(), machine, directory)
