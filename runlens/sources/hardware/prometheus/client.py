"""Requests to a Prometheus server, with patience and without leaking anything."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runlens.errors import AccessRefused, ConfigError, ReadError, SourceDown
from runlens.sources.hardware.prometheus.address import Address
from runlens.sources.naming import printable
from runlens.sources.patience import Patience, as_is, retry_after

if TYPE_CHECKING:
    from requests import Response

TOKEN, USER, PASSWORD = "RUNLENS_PROMETHEUS_TOKEN", "RUNLENS_PROMETHEUS_USER", "RUNLENS_PROMETHEUS_PASSWORD"
PATIENCE = Patience(connect=5.0, first=20.0, answer=60.0, tries=3, longest_wait=30.0)
_PASSING = {429, 500, 502, 503, 504}
_MOST = 1 << 28
"""Bytes of an answer: 11,000 points of 700 series."""


@dataclass(slots=True)
class Client:
    """Asks one server; made anew for each run, so that no connection is kept for months."""

    address: Address
    patience: Patience = field(default_factory=lambda: PATIENCE)
    sent: int = 0
    _headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    _auth: Any = field(default=None, repr=False)
    _secrets: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        token, user, password = (os.environ.get(name, "").strip() for name in (TOKEN, USER, PASSWORD))
        for name, text in ((TOKEN, token), (USER, user), (PASSWORD, password)):
            if not (text.isascii() and text.isprintable()):
                raise ConfigError(f"{name} holds characters that no header can")
        if token:
            self._headers = {"Authorization": f"Bearer {token}"}
        self._auth = (user, password) if user and not token else as_is
        self._secrets = tuple(filter(None, (token, password)))

    def ask(self, path: str, form: Mapping[str, str]) -> Any:
        """`data` of the answer to one question.

        Parameters
        ----------
        path : str
            Such as `query_range`.
        form : mapping
            Its parameters, which are sent as a form: they may be longer than an address.

        Raises
        ------
        AccessRefused, ReadError, SourceDown
        """
        import requests

        where, trouble, wait = self.address.where, "", 0.0
        for number in range(1, self.patience.tries + 1):
            if number > 1:
                time.sleep(max(wait, self.patience.before_try(number)))
            self.sent += 1
            try:
                with requests.Session() as session:
                    answer = session.post(
                        f"{self.address.url}/api/v1/{path}", data=dict(form), headers=dict(self._headers),
                        auth=self._auth, timeout=(self.patience.connect, self.patience.answer), stream=True,
                        allow_redirects=False,
                    )  # fmt: skip
                    body = _body(answer, where)
            except requests.exceptions.SSLError:
                raise SourceDown(
                    f"the certificate of {where} is not trusted; set REQUESTS_CA_BUNDLE to your own authority"
                ) from None
            except requests.exceptions.Timeout:
                trouble = "timed out"
                continue
            except (requests.exceptions.RequestException, OSError) as error:
                trouble = f"cannot be reached ({type(error).__name__})"
                continue
            if answer.status_code in _PASSING:
                trouble = f"failed (HTTP {answer.status_code}{self._why(body)})"
                wait = retry_after(answer.headers.get("Retry-After")) or 0.0
                if wait > self.patience.longest_wait:
                    raise SourceDown(f"--hardware {where} asks to wait {wait:.0f} s; try again then")
                continue
            return self._data(answer.status_code, body)
        raise SourceDown(f"--hardware {where} {trouble} after {self.patience.tries} tries; is Prometheus there?")

    def _data(self, status: int, body: bytes) -> Any:
        where = self.address.where
        if status in (401, 403):
            raise AccessRefused(
                f"--hardware {where} refused access (HTTP {status}); set {TOKEN}, or {USER} and {PASSWORD}"
            )
        if 300 <= status < 400:
            raise ReadError(f"--hardware {where} sends elsewhere (HTTP {status}); name where it sends to")
        said = _json(body)
        if status >= 400 or not isinstance(said, dict) or said.get("status") != "success":
            why = self._why(body) or f": HTTP {status}"
            raise ReadError(f"--hardware {where} does not answer as asked{why}")
        return said.get("data")

    def _why(self, body: bytes) -> str:
        """What the server says of an error, without what it was told in secret."""
        said = _json(body)
        text = str(said.get("error") or "") if isinstance(said, dict) else ""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = printable(re.sub(r"\s+", " ", text), 200)[1:-1]
        return f": {text}" if text else ""


def _body(answer: Response, where: str) -> bytes:
    found: list[bytes] = []
    size = 0
    for block in answer.iter_content(1 << 20):
        found.append(block)
        size += len(block)
        if size > _MOST:
            raise ReadError(
                f"--hardware {where} answers more than {_MOST >> 20} MiB; ask for less with ?match= or step="
            )
    return b"".join(found)


def _json(body: bytes) -> Any:
    import json

    try:
        return json.loads(body)
    except ValueError:
        return None
