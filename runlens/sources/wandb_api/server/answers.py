"""What a W&B server's answer says: data, or which kind of refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from runlens.errors import AccessRefused, NoRunFound, ReadError, SourceDown
from runlens.sources.wandb_api.server.login import Login

_FIRST = {"Run", "Runs"}
"""Operations that every W&B server knows: one that does not is none, whereas others may be refused."""
_NO_ACCESS = re.compile(r"permission|forbidden|unauthori[sz]ed|access denied|not logged in", re.I)
_NOT_THERE = re.compile(r"not found|could not find|no such", re.I)


class QueryRefused(ReadError):
    """The server does not take this query: an older server, or one that allows only the SDK's own."""


class TooMuch(SourceDown):
    """The server failed over and over at one request: a smaller one may pass."""


class TooLarge(TooMuch):
    """The answer has more bytes than were to be taken at once."""


def check(login: Login, status: int, what: str) -> None:
    """Refuse an answer by its HTTP status alone; `what` was asked for.

    Raises
    ------
    AccessRefused, ReadError
    """
    if status == 401:
        raise AccessRefused(f"{login.host} did not accept the W&B login; run `wandb login --relogin`")
    if status == 403:
        raise AccessRefused(f"{login.host} refused access to this ({what}); ask for access to the project")
    if status >= 400 and what == "export":
        raise ReadError(f"{login.host} did not hand over an exported history (HTTP {status})")


def data_of(
    login: Login, status: int, body: bytes, name: str, *, sure: bool, loads: Callable[[bytes], Any] = json.loads
) -> dict[str, Any]:
    """The `data` of a GraphQL answer.

    Parameters
    ----------
    login : Login
        Of the server; its secrets are struck out of what the server says.
    status : int
        HTTP status.
    body : bytes
    name : str
        The operation.
    sure : bool
        Whether something at this address has answered like a W&B server before.
    loads : callable
        What takes the JSON apart; raises ValueError where it is none.

    Raises
    ------
    AccessRefused, NoRunFound, QueryRefused
        By the server's own words.
    SourceDown
        It is no W&B server.
    """
    try:
        said = loads(body)
    except ValueError:
        said = None
    errors = said.get("errors") if isinstance(said, dict) else None
    if not errors and not sure and name in _FIRST and (status == 404 or not isinstance(said, dict)):
        raise SourceDown(f"{login.host} does not answer like a W&B server (HTTP {status}); check WANDB_BASE_URL")
    data = said.get("data") if isinstance(said, dict) else None
    if errors or status >= 400 or not isinstance(data, dict):
        raise refusal(login, status, errors, name)
    return data


def with_list(body: bytes, begin: int, end: int, path: Sequence[str], made: object) -> Any:
    """An answer as `json.loads` has it, but for `made` in place of the list that stands at `body[begin:end]`.

    Parameters
    ----------
    body : bytes
    begin, end : int
        What lies between the brackets of a list.
    path : sequence of str
        Keys that lead to it; where another list stands there, the whole answer is taken apart the plain way.
    made : object

    Raises
    ------
    ValueError
        It is no JSON.
    """
    try:
        said = holder = json.loads(body[:begin] + body[end:])
        for key in path[:-1]:
            holder = holder[key]
        if holder[path[-1]] == []:
            holder[path[-1]] = made
            return said
    except (ValueError, TypeError, KeyError):
        pass
    return json.loads(body)


def refusal(login: Login, status: int, errors: object, name: str) -> ReadError | NoRunFound:
    """The error that stands for GraphQL errors, or for a status without any."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    text = str(first.get("message") if isinstance(first, dict) else first or f"HTTP {status}")
    text = login.clean(text)[:200]
    code = str((first.get("extensions") or {}).get("code", "") if isinstance(first, dict) else "")
    if _NO_ACCESS.search(f"{text} {code}"):
        return AccessRefused(f"{login.host} refused access: {text}")
    if (status == 404 and errors) or _NOT_THERE.search(text):
        return NoRunFound(f"{login.host} knows nothing of that name: {text}")
    return QueryRefused(f"{login.host} refused the query {name}: {text}")
