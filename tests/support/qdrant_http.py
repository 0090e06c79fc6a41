"""A Qdrant server for tests where no real one is at hand: a real engine behind our own wire.

The wire has paths and JSON as in Qdrant's REST interface, parsed with the client's own models,
which refuse unknown fields. So codesearch talks to it exactly as to a server, from any number of
threads and processes, and lines to it can be cut. Start it with ``serving()``. Behind it is either

- ``EdgeEngine`` (``qdrant_edge_engine.py``): the Rust engine of the server's shards, with payload
  indexes, float16, int8 quantization, IDF within a filter, conditional upserts; or
- ``LocalEngine``: qdrant-client's local mode, pure Python. As of 1.20 it has the IDF modifier and
  its corpus, conditional upserts, update modes and aliases. It ignores payload indexes and
  quantization, keeps vectors as float32 (those given are float16 already), searches exhaustively.

Neither has what a server has around its shards: its own parsing of requests, write-ahead log,
optimizers, shards, replicas, consistency, strict mode. What those do is not tested here. Aliases
are a dictionary of ours where Edge is behind.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models
from qdrant_client.http.models import models as wire

VERSION = "1.20.0"


class LocalEngine:
    """The routes, over one client in local mode. One request at a time."""

    def __init__(self) -> None:
        self.client = QdrantClient(":memory:")
        self.requests: list[str] = []  # "METHOD path", as they came
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """The ``result`` of a request. Raises LookupError for an unknown route."""
        name, arguments = route(method, path)
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # «payload indexes have no effect»
            self.requests.append(f"{method} {path}")
            return _HANDLERS[name](self.client, body, *arguments)

    def close(self) -> None:
        """Forget everything."""
        self.client.close()


def _create(client: QdrantClient, body: bytes, name: str) -> bool:
    if client.collection_exists(name):
        raise FileExistsError(f"Collection `{name}` already exists!")
    values = wire.CreateCollection.model_validate_json(body)
    return client.create_collection(
        name,
        vectors_config=values.vectors or {},
        sparse_vectors_config=values.sparse_vectors,
    )


def _upsert(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.PointsList.model_validate_json(body)
    return client.upsert(
        name,
        values.points,
        update_filter=values.update_filter,
        update_mode=values.update_mode,
    )


def _retrieve(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.PointRequest.model_validate_json(body)
    payload = True if values.with_payload is None else values.with_payload
    return client.retrieve(name, values.ids, payload, values.with_vector or False)


def _delete(client: QdrantClient, body: bytes, name: str) -> Any:
    selector: Any = TypeAdapter(wire.PointsSelector).validate_json(body)
    return client.delete(name, selector)


def _set_payload(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.SetPayload.model_validate_json(body)
    return client.set_payload(name, values.payload, values.points or values.filter)


def _delete_payload(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.DeletePayload.model_validate_json(body)
    return client.delete_payload(name, values.keys, values.points or values.filter)


def _query(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.QueryRequest.model_validate_json(body)
    return client.query_points(
        name,
        query=values.query,
        using=values.using,
        query_filter=values.filter,
        search_params=values.params,
        limit=values.limit or 10,
        with_payload=values.with_payload or False,
    )


def _scroll(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.ScrollRequest.model_validate_json(body)
    points, offset = client.scroll(
        name,
        scroll_filter=values.filter,
        limit=values.limit or 10,
        offset=values.offset,
        with_payload=True if values.with_payload is None else values.with_payload,
        with_vectors=values.with_vector or False,
    )
    return models.ScrollResult(points=points, next_page_offset=offset)


def _count(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.CountRequest.model_validate_json(body)
    return client.count(name, values.filter, exact=True)


def _index(client: QdrantClient, body: bytes, name: str) -> Any:
    values = wire.CreateFieldIndex.model_validate_json(body)
    return client.create_payload_index(name, values.field_name, values.field_schema)


def _change_aliases(client: QdrantClient, body: bytes) -> Any:
    values = wire.ChangeAliasesOperation.model_validate_json(body)
    return client.update_collection_aliases(values.actions)


_HANDLERS: dict[str, Callable[..., Any]] = {
    "create": _create,
    "info": lambda client, body, name: client.get_collection(name),
    "delete_collection": lambda client, body, name: client.delete_collection(name),
    "index": _index,
    "upsert": _upsert,
    "retrieve": _retrieve,
    "delete": _delete,
    "set_payload": _set_payload,
    "delete_payload": _delete_payload,
    "query": _query,
    "scroll": _scroll,
    "count": _count,
    "collections": lambda client, body: client.get_collections(),
    "aliases": lambda client, body: client.get_aliases(),
    "change_aliases": _change_aliases,
}

_C = "/collections/([^/]+)"
_ROUTES = [
    ("GET", "/collections", "collections"),
    ("GET", "/aliases", "aliases"),
    ("POST", "/collections/aliases", "change_aliases"),
    ("PUT", _C, "create"),
    ("GET", _C, "info"),
    ("DELETE", _C, "delete_collection"),
    ("PUT", f"{_C}/index", "index"),
    ("PUT", f"{_C}/points", "upsert"),
    ("POST", f"{_C}/points", "retrieve"),
    ("POST", f"{_C}/points/delete", "delete"),
    ("POST", f"{_C}/points/payload", "set_payload"),
    ("POST", f"{_C}/points/payload/delete", "delete_payload"),
    ("POST", f"{_C}/points/query", "query"),
    ("POST", f"{_C}/points/scroll", "scroll"),
    ("POST", f"{_C}/points/count", "count"),
]


def route(method: str, path: str) -> tuple[str, list[str]]:
    """What a request asks for, and of which collection. LookupError if nobody knows."""
    for known, pattern, name in _ROUTES:
        match = re.fullmatch(pattern, path)
        if match and method == known:
            return name, list(map(unquote, match.groups()))
    raise LookupError(f"{method} {path}")


class Engine(Protocol):
    """What is served."""

    def answer(self, method: str, path: str, body: bytes) -> Any:
        """The ``result`` of a request. Raises LookupError for an unknown route."""
        ...

    def close(self) -> None:
        """Forget everything."""
        ...


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    engine: Engine
    key: str | None
    version: str

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if self.key is not None and self.headers.get("api-key") != self.key:
            self._send(401, b"Invalid API key or JWT", "text/plain")
        elif path == "/":
            self._json(200, {"title": "qdrant - vector search engine", "version": self.version})
        else:
            self._answer(path, body)

    def _answer(self, path: str, body: bytes) -> None:
        try:
            result = _plain(self.engine.answer(self.command, path, body))
        except FileExistsError as error:
            self._json(409, {"status": {"error": str(error)}})
        except LookupError as error:
            self._send(404, str(error).encode(), "text/plain")
        except ValueError as error:
            code = 404 if re.match(r"Collection .* not found", str(error)) else 400
            self._json(code, {"status": {"error": str(error)}})
        else:
            self._json(200, {"result": result, "status": "ok", "time": 0.0})

    do_GET = do_PUT = do_POST = do_DELETE = _handle  # noqa: N815  (names of the standard library)

    def _json(self, code: int, values: Any) -> None:
        self._send(code, json.dumps(values).encode(), "application/json")

    def _send(self, code: int, content: bytes, kind: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return value


@contextmanager
def serving(
    engine: Engine | None = None,
    *,
    key: str | None = None,
    version: str = VERSION,
    certificate: tuple[Path, Path] | None = None,
) -> Iterator[str]:
    """Serve an engine (by default an empty one in local mode) on a port of its own; its address.

    ``certificate``: files with a certificate and its key; then it is served over TLS.
    """
    engine = engine or LocalEngine()
    handler = type("Handler", (_Handler,), {"engine": engine, "key": key, "version": version})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    scheme = "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        engine.close()
