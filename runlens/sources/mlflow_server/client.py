"""Requests to an MLflow server: its REST API, version 2.0, which every version from 1.0 on answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from runlens.errors import AccessRefused, ConfigError, NoRunFound, ReadError, SourceDown
from runlens.sources.mlflow_server.address import Address
from runlens.sources.naming import printable

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.util.retry import Retry

CONNECTIONS = 8
_TIMES_OUT = (10.0, 120.0)
"""Seconds for a connection and for an answer: a history of millions of points takes a server a while."""
_TRIES = 4
_LONGEST_WAIT = 300.0
"""Seconds that the server may ask to wait (`Retry-After`); more is said to the user, not slept through."""
_BUSY = (408, 429, 500, 502, 503, 504)
_PAGE = 25_000
"""Points of a metric asked for at once: the most that servers give (`MAX_RESULTS_PER_PAGE` of MLflow)."""
_RUNS = 1000
_MOST_PAGES = 10_000
"""Pages of one listing, so that a server that hands out tokens for ever is left."""


class Client:
    """A connection pool to one server; safe to use from several threads.

    Raises
    ------
    ConfigError
        No server is named, neither by the address nor by `MLFLOW_TRACKING_URI`.
    """

    def __init__(self, address: Address) -> None:
        import requests
        from requests.adapters import HTTPAdapter

        own = os.environ.get("MLFLOW_TRACKING_URI", "").strip().rstrip("/")
        server = address.server or own
        if not server.lower().startswith(("http://", "https://")):
            why = "no address of the web" if own else "not set"
            raise ConfigError(
                f"{printable(address.location)} is at the server that MLFLOW_TRACKING_URI names, which is {why}; set "
                "it to such as http://localhost:5000, or name the store itself (mlruns/, mlflow.db)"
            )
        self._errors = requests.exceptions
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "runlens"
        patience = _patience()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=CONNECTIONS, max_retries=patience))
        self._session.verify = os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or (
            os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() != "true"
        )
        url = urlsplit(server)
        self.host = f"{url.scheme}://{url.hostname}" + (f":{url.port}" if url.port else "")
        """The server for messages: nothing that could hold a secret."""
        self.pages = f"{self.host}{url.path.rstrip('/')}"
        self._base = f"{server}/api/2.0/mlflow"
        if _origin(server) == _origin(own):  # a login goes to its own server alone
            self._log_in(url.username, url.password)

    def _log_in(self, user: str | None, password: str | None) -> None:
        user = os.environ.get("MLFLOW_TRACKING_USERNAME") or user
        password = os.environ.get("MLFLOW_TRACKING_PASSWORD") or password
        token = os.environ.get("MLFLOW_TRACKING_TOKEN")
        if user and password:
            self._session.auth = (user, password)
        elif token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, what: str, **params: object) -> dict[str, Any]:
        """What the server answers to a question such as `runs/get`.

        Raises
        ------
        NoRunFound
            It knows nothing of that name.
        AccessRefused, SourceDown, ReadError
        """
        return self._ask("GET", what, params=params)

    def post(self, what: str, **body: object) -> dict[str, Any]:
        """As `get`, for questions with a body, such as `runs/search`."""
        return self._ask("POST", what, json=body)

    def runs(self, experiment: str) -> Iterator[dict[str, Any]]:
        """The runs of an experiment (by id) that are not deleted, the newest first."""
        token = ""
        for _ in range(_MOST_PAGES):
            page = {"page_token": token} if token else {}
            found = self.post("runs/search", experiment_ids=[experiment], max_results=_RUNS, **page)
            yield from found.get("runs") or ()
            token = str(found.get("next_page_token") or "")
            if not token:
                return

    def history(self, run: str, metric: str) -> list[dict[str, Any]]:
        """Every point of a metric; servers before 2.2 know no pages and send all at once."""
        out: list[dict[str, Any]] = []
        token = ""
        for _ in range(_MOST_PAGES):
            page = {"page_token": token} if token else {}
            found = self.get("metrics/get-history", run_id=run, metric_key=metric, max_results=_PAGE, **page)
            out += found.get("metrics") or ()
            token = str(found.get("next_page_token") or "")
            if not token:
                break
        return out

    def _ask(self, method: str, what: str, **of: Any) -> dict[str, Any]:
        try:
            response = self._session.request(method, f"{self._base}/{what}", timeout=_TIMES_OUT, **of)
            found = response.json() if response.content else {}
        except _LongWait as wait:
            raise SourceDown(f"{self.host} asks to wait {wait} s; try again then") from None
        except self._errors.SSLError:
            raise SourceDown(
                f"the certificate of {self.host} is not trusted; set MLFLOW_TRACKING_SERVER_CERT_PATH to your authority"
            ) from None
        except self._errors.JSONDecodeError:
            found = None
        except self._errors.Timeout:
            raise SourceDown(f"{self.host} timed out; try again later") from None
        except self._errors.RequestException:
            raise SourceDown(
                f"{self.host} cannot be reached; see whether the server runs and the port is right"
            ) from None
        status = response.status_code
        if status in (401, 403):
            raise AccessRefused(
                f"{self.host} refused access (HTTP {status}); set MLFLOW_TRACKING_URI to that server, and "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
            )
        if status in _BUSY:
            raise SourceDown(f"{self.host} failed (HTTP {status}) {_TRIES + 1} times; try again later")
        if not isinstance(found, dict):
            raise ReadError(f"{self.host} answers (HTTP {status}), and not as an MLflow server does; see the address")
        if status == 404 or found.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
            raise NoRunFound(
                f"{self.host} knows nothing of that name: {printable(str(found.get('message', ''))[:200])}"
            )
        if status >= 400:
            said = printable(str(found.get("message", ""))[:200])
            raise ReadError(f"{self.host} refused {what} (HTTP {status}): {said}")
        return found


class _LongWait(Exception):
    """How many seconds the server asks to wait."""


def _patience() -> Retry:
    """How often a request is tried again: each, since those that are a POST change nothing either."""
    from urllib3.util.retry import Retry

    class Bounded(Retry):
        def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
            wait = super().get_retry_after(response)
            if wait is not None and wait > _LONGEST_WAIT:
                raise _LongWait(f"{wait:.0f}")
            return wait

    return Bounded(_TRIES, allowed_methods=None, status_forcelist=_BUSY, backoff_factor=0.2, raise_on_status=False)


def _origin(server: str) -> tuple[str, str | None, int | None]:
    url = urlsplit(server)
    return url.scheme, url.hostname, url.port
