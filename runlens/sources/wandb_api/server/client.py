"""Requests to a W&B server over a few pooled connections, with patience and without leaking anything."""

from __future__ import annotations

import json
import logging
import os
import re
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from runlens.errors import ReadError, SourceDown
from runlens.sources.patience import Patience, as_is, retry_after
from runlens.sources.wandb_api.server import answers
from runlens.sources.wandb_api.server.answers import QueryRefused, TooLarge, TooMuch
from runlens.sources.wandb_api.server.gate import Gate, hold_of
from runlens.sources.wandb_api.server.login import Login

if TYPE_CHECKING:
    from requests import Response

__all__ = ["Client", "QueryRefused", "TooLarge", "TooMuch"]

log = logging.getLogger(__name__)
_BUSY = {429}
_FAILING = {408, 500, 502, 503, 504, 520, 522, 524}
_LONG = 5.0
"""Seconds of waiting that a user would take for a hang, and is told of."""
_BLOCK = 1 << 15
"""Bytes of a download that a cut can lose."""
_BODY = 1 << 20
_WHOLE = 1 << 26
"""Bytes of a body up to which it is read in one block."""
_CONTENT_RANGE = re.compile(r"bytes \d+-\d+/(\d+)$")
_OPERATION = re.compile(r"(?:query|mutation)\s+(\w+)")


class Client:
    """A logged-in connection pool; safe to use from several threads."""

    def __init__(self, login: Login, *, connections: int = 8, patience: Patience | None = None) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        self.login, self.connections = login, connections
        self.patience = patience or usual_patience()
        self.gate = Gate(hold_of(login.host))
        self.sent = 0
        """Requests sent so far."""
        self._reached = False  # by any answer
        self._answered = False  # by one of a W&B server
        self._errors = requests.exceptions
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "runlens"
        self._session.verify = login.verify
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=connections)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        """Give up what is under way and close the connections."""
        self.gate.stop()
        self._session.close()

    def graphql(
        self,
        query: str,
        variables: dict[str, Any],
        *,
        answer: float | None = None,
        tries: int | None = None,
        most: int | None = None,
        loads: Callable[[bytes], Any] = json.loads,
    ) -> dict[str, Any]:
        """Send one operation and return its `data`.

        Parameters
        ----------
        query : str
            GraphQL text with one named operation.
        variables : dict
        answer : float, optional
            Seconds for the answer, where it should be quicker than usual.
        tries : int, optional
            Times to try, where it should be fewer than usual.
        most : int, optional
            Bytes of the answer to take at most.
        loads : callable
            What takes the answer's JSON apart, where that is worth a way of its own.

        Raises
        ------
        AccessRefused, NoRunFound, QueryRefused, SourceDown, TooMuch, TooLarge
        """
        named = _OPERATION.search(query)
        name = named[1] if named else ""
        body = json.dumps({"operationName": name, "query": query, "variables": variables})
        headers = {"Content-Type": "application/json", **self.login.headers}
        _, status, answered = self._send(
            "POST",
            f"{self.login.base_url}/graphql",
            name,
            data=body,
            headers=headers,
            own=True,
            answer=answer,
            tries=tries,
            most=most,
        )
        found = answers.data_of(self.login, status, answered, name, sure=self._answered, loads=loads)
        self._answered = True
        return found

    def download(self, url: str, into: Path) -> int:
        """Fetch a file, going on with Range where the connection was cut; `into` holds it whole or not at all.

        Returns
        -------
        int
            Its checksum (CRC-32).

        Raises
        ------
        AccessRefused
            The address has expired.
        SourceDown
        """
        url = urljoin(f"{self.login.base_url}/", url)
        got, total, checksum = 0, None, 0
        with into.open("wb") as file:
            for _ in range(self.patience.tries):
                headers = {"Range": f"bytes={got}-"} if got else {}
                response, _, _ = self._send("GET", url, "export", headers=headers, own=self._is_ours(url), stream=True)
                if got and response.status_code != 206:
                    file.seek(0)
                    file.truncate()
                    got = checksum = 0
                length = response.headers.get("Content-Length")
                part = _CONTENT_RANGE.match(response.headers.get("Content-Range") or "")
                if response.status_code == 206 and part:
                    total = int(part[1])
                elif length is not None and "Content-Encoding" not in response.headers:
                    total = got + int(length)
                try:
                    for block in response.iter_content(_BLOCK):
                        got += file.write(block)
                        checksum = zlib.crc32(block, checksum)
                except (self._errors.ChunkedEncodingError, self._errors.ConnectionError):
                    continue  # the rest is asked for with Range
                finally:
                    response.close()
                if total is None or got >= total:
                    return checksum
        raise SourceDown(f"{self.login.host} cut the connection over and over while sending an export; try again later")

    def small_json(self, url: str) -> dict[str, Any]:
        """A small JSON file of a run; empty if it cannot be had."""
        url = urljoin(f"{self.login.base_url}/", url)
        try:
            found = json.loads(self._send("GET", url, "file", headers={}, own=self._is_ours(url), answer=20.0)[2])
        except (ReadError, ValueError):  # it only adds to what is known of the run
            return {}
        return found if isinstance(found, dict) else {}

    def _is_ours(self, url: str) -> bool:
        """Whether the key may go along: to the W&B server itself, never to a store behind a signed address."""
        mine, theirs = urlsplit(self.login.base_url), urlsplit(url)
        return (mine.scheme, mine.netloc) == (theirs.scheme, theirs.netloc)

    def _send(
        self,
        method: str,
        url: str,
        what: str,
        *,
        headers: dict[str, str],
        own: bool,
        data: str | None = None,
        answer: float | None = None,
        tries: int | None = None,
        most: int | None = None,
        stream: bool = False,
    ) -> tuple[Response, int, bytes]:
        """One request, again and again as patience allows; the answer is below 400, or one that nobody else reads."""
        trouble = ""
        tries = tries or self.patience.tries
        tries = tries if self._reached else min(tries, 3)
        number = waits = 0
        until = time.monotonic() + self.patience.in_all
        while number < tries and time.monotonic() < until:
            number += 1
            if number > 1:
                self.gate.pause(self.patience.before_try(number))
            else:
                self.gate.wait()
            self.sent += 1
            seconds = answer or self.patience.answer
            try:
                response: Response = self._session.request(
                    method,
                    url,
                    data=data,
                    headers=headers
                    | ({"Authorization": f"Bearer {self.login.token}"} if own and self.login.token else {}),
                    auth=self._auth if own and self.login.key else as_is,
                    timeout=(self.patience.connect, seconds if self._reached else min(seconds, self.patience.first)),
                    stream=True,
                )
                body = b"" if stream else self._body(response, most)
            except (self._errors.ConnectTimeout, self._errors.ReadTimeout):
                trouble = f"{self.login.host} timed out"
                tries = min(tries, 3 if self._reached else 2)
                continue
            except self._errors.SSLError:
                raise SourceDown(
                    f"the certificate of {self.login.host} is not trusted; set REQUESTS_CA_BUNDLE to your own authority"
                ) from None
            except (self._errors.ConnectionError, self._errors.ChunkedEncodingError):
                trouble = f"{self.login.host} cannot be reached or cut the connection"
                continue
            except self._errors.RequestException as error:
                raise SourceDown(f"{self.login.host} cannot be asked: {type(error).__name__}") from None
            self._reached = True
            if response.status_code in _BUSY or (response.status_code == 503 and "Retry-After" in response.headers):
                asked = retry_after(response.headers.get("Retry-After"))
                waits += 1
                number -= 1  # being told to wait is no failed try
                wait = max(asked or 0.0, self.patience.before_try(waits + 1))
                if wait > self.patience.longest_wait:
                    raise SourceDown(
                        f"{self.login.host} is limiting requests and asks to wait {wait:.0f} s; try again then"
                    )
                trouble = f"{self.login.host} is limiting requests"
                if self.gate.hold(wait) and wait >= _LONG:
                    log.warning("%s is limiting requests; waiting %.0f s as it asks", self.login.host, wait)
                continue
            if response.status_code in _FAILING:
                trouble = f"{self.login.host} failed (HTTP {response.status_code})"
                continue
            answers.check(self.login, response.status_code, what)
            return response, response.status_code, body
        kind = TooMuch if self._reached else SourceDown
        tried = number + waits
        many = "try" if tried == 1 else "tries"
        raise kind(f"{trouble} after {tried} {many}; try again later, or check WANDB_BASE_URL")

    def _body(self, response: Response, most: int | None) -> bytes:
        length = response.headers.get("Content-Length") or ""
        expected = int(length) if length.isdecimal() else 0
        found: list[bytes] = []
        # In one block where its size is known, which costs no copy, and in large ones otherwise.
        for block in response.iter_content(min(max(expected, _BODY), _WHOLE)):
            found.append(block)
            if most is not None and max(expected, sum(map(len, found))) > most:
                response.close()
                raise TooLarge(f"an answer of {self.login.host} has more than {most:,} bytes")
        return b"".join(found)

    @property
    def _auth(self) -> tuple[str, str]:
        return ("api", self.login.key)


def usual_patience() -> Patience:
    """How long to go on, with the seconds for an answer that `WANDB_HTTP_TIMEOUT` says, as for wandb itself."""
    try:
        seconds = max(float(os.environ["WANDB_HTTP_TIMEOUT"]), 0.1)
        return Patience(first=seconds, answer=seconds)
    except (KeyError, ValueError):
        return Patience()
