"""The line to a Qdrant server: questions asked again when it breaks, and errors in plain words.

Everything that is asked through here may be asked twice: writes name their points by content, and
those that must happen once carry a condition (see ``records.py``). So a lost answer is no harm.
"""

from __future__ import annotations

import json
import random
import re
import ssl
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from codesearch.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

Answer = TypeVar("Answer")

OLDEST_SERVER = (1, 19)  # conditional upserts, and IDF within one repository
_FIRST_PAUSE = 0.25  # seconds; doubled each time, and spread by half
_TRIES = 4  # about two seconds in all: somebody waits for an answer
_PATIENT_TRIES = 8  # about half a minute: long enough for a server to restart
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})  # HTTP codes worth another try


class MissingError(StoreError):
    """The server has no such collection."""


class Connection:
    """A client of one server. Thread-safe, as the client is."""

    def __init__(self, client: QdrantClient, url: str, tries: int | None = None) -> None:
        self._client = client
        self._tries = tries or _TRIES
        self.url = without_user(url)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        key: str | None = None,
        timeout: int = 30,
        authority: Path | None = None,
    ) -> Connection:
        """Prepare a connection; nothing is sent yet.

        Args:
            url: of the server's REST interface, such as ``https://qdrant.example.org:6333``.
            key: API key; kept out of every message.
            timeout: seconds that one request may take.
            authority: certificates to trust, where the server's is signed by a private one.

        Raises:
            StoreError: not a URL, or certificates that cannot be read.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreError(
                f"{without_user(url)!r} is not the address of a Qdrant server",
                "Write it as http://host:6333 or https://host:6333",
            )
        further: dict[str, Any] = {}
        try:
            if authority is not None:
                further["verify"] = ssl.create_default_context(cafile=authority)
            with _insecure_is_fine(parts.hostname in _THIS_MACHINE):
                client = QdrantClient(
                    url=url,
                    api_key=key,
                    timeout=timeout,
                    port=parts.port or (443 if parts.scheme == "https" else 6333),
                    check_compatibility=False,
                    **further,
                )
        except (OSError, ValueError) as error:
            raise StoreError(
                f"Cannot prepare a connection to {without_user(url)}: {error}",
                "Check the address, and CODESEARCH_SERVER_CA if it is set",
            ) from error
        return cls(client, url)

    def patient(self) -> Connection:
        """The same connection for those who can wait: a sync, a nightly job."""
        return Connection(self._client, self.url, _PATIENT_TRIES)

    def ask(self, question: Callable[[QdrantClient], Answer]) -> Answer:
        """Ask the server; again, ever later, where the line or the server fails in passing.

        Raises:
            MissingError: there is no such collection.
            StoreError: the server is lost, refuses, or does not understand.
        """
        pause = _FIRST_PAUSE
        for attempt in range(1, self._tries + 1):
            try:
                with self._plain_errors():
                    return question(self._client)
            except _PassingError as error:
                if attempt == self._tries:
                    raise self._lost(error) from error.__cause__
                time.sleep(max(error.wait, pause * random.uniform(0.5, 1.5)))
                pause *= 2
        raise AssertionError("no try at all")

    def require_version(self) -> None:
        """Raise ``StoreError`` if the server is too old, or something else than Qdrant."""
        text = self.ask(lambda client: client.info()).version
        match = re.match(r"(\d+)\.(\d+)", text)
        if match is None or (int(match[1]), int(match[2])) < OLDEST_SERVER:
            needed = ".".join(map(str, OLDEST_SERVER))
            raise StoreError(
                f"The Qdrant server at {self.url} is version {text}; {needed} or later is needed",
                "Upgrade the server",
            )

    def close(self) -> None:
        """Close the line."""
        self._client.close()

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except ResponseHandlingException as error:
            raise self._no_answer(error.source) from error
        except ResourceExhaustedResponse as error:
            raise _PassingError(str(error), float(error.retry_after_s)) from error
        except UnexpectedResponse as error:
            raise self._refusal(error) from error

    def _no_answer(self, source: Exception) -> Exception:
        reason = str(source) or type(source).__name__
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return StoreError(
                f"The certificate of {self.url} is not trusted: {reason}",
                "Name the certificates to trust with CODESEARCH_SERVER_CA",
            )
        if isinstance(source, httpx.TransportError):
            return _PassingError(reason)
        return self._foreign(reason)

    def _refusal(self, error: UnexpectedResponse) -> Exception:
        code = error.status_code or 0
        reason = _reason(error)
        if code in _PASSING:
            return _PassingError(f"{code} {reason or error.reason_phrase}")
        if code in (401, 403):
            return StoreError(
                f"The Qdrant server at {self.url} refuses access: {reason or 'no valid API key'}",
                "Put a key that may read (and, to index, write) into CODESEARCH_API_KEY",
            )
        if reason is None:
            return self._foreign(f"HTTP {code}")
        if code == 404:
            return MissingError(
                f"The Qdrant server at {self.url} has lost a collection: {reason}",
                "Build the index anew: codesearch index --rebuild (known vectors are reused)",
            )
        return StoreError(
            f"The Qdrant server at {self.url} refuses a request: {reason}",
            "See the server's log; codesearch index --rebuild builds the index anew",
        )

    def _foreign(self, reason: str) -> StoreError:
        return StoreError(
            f"{self.url} does not answer as a Qdrant server does: {reason}",
            "Check the address: it is that of the REST interface, usually port 6333",
        )

    def _lost(self, error: _PassingError) -> StoreError:
        return StoreError(
            f"Cannot reach the Qdrant server at {self.url}: {error} (tried {self._tries} times)",
            "Check the address, the network and the server, then try again: what is published "
            "is whole, and what was encoded is kept",
        )


@contextmanager
def _insecure_is_fine(fine: bool) -> Iterator[None]:
    """The client warns of a key that goes over the line unencrypted: not if there is no line."""
    with warnings.catch_warnings():
        if fine:
            warnings.filterwarnings("ignore", message="Api key is used with an insecure")
        yield


class _PassingError(Exception):
    """Something that may go by itself; ``wait``: seconds that the server asks for."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = min(wait, 30.0)


def without_user(url: str) -> str:
    """The address without a name and password, to be shown."""
    return re.sub(r"//[^/@]*@", "//", url)


def _reason(error: UnexpectedResponse) -> str | None:
    """What Qdrant says about a failure; None if that is not how Qdrant speaks."""
    try:
        status = json.loads(error.content)["status"]
        return str(status["error"])
    except (ValueError, KeyError, TypeError):
        return None
