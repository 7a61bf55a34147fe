"""A server that knows nothing but what the stock client asks for: other operations and fields are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from tests.wandb_server.faults import Faults
from tests.wandb_server.graphql import Answers, Refused, Variables
from tests.wandb_server.store import Store

Manner = Literal["error 200", "error 400", "not found", "bare 404", "null", "empty"]
"""How a server says that it does not know an operation or a field."""

_JSON = {"historyKeys", "liveData"}
"""Fields that are whole JSON values in the schema."""


def fields(query: str) -> set[str]:
    """The field names of a GraphQL text, without arguments, variables and the names of operations and fragments."""
    text = re.sub(r"#.*", "", query)
    while "(" in text:
        text = re.sub(r"\([^()]*\)", "", text)
    text = re.sub(r"(query|mutation)\s+\w+|fragment\s+\w+\s+on\s+\w+|\.\.\.\s*\w+", "", text)
    return set(re.findall(r"\w+", text))


def known() -> dict[str, set[str]]:
    """The reading operations of wandb 0.31 and their fields, from its own texts where they can be imported."""
    from wandb.apis.public.files import FILE_FRAGMENT
    from wandb.apis.public.runs import LIGHTWEIGHT_RUN_FRAGMENT, RUN_FRAGMENT

    run = {"project", "run", "projectId"}
    page = {"internalId", "runCount", "readOnly", "runs", "edges", "node", "cursor", "pageInfo"}
    return {
        "Run": run | fields(RUN_FRAGMENT),
        "Runs": run | page | {"endCursor", "hasNextPage"} | fields(LIGHTWEIGHT_RUN_FRAGMENT) | fields(RUN_FRAGMENT),
        "RunHistoryKeys": run | {"historyKeys"},
        "RunFullHistory": run | {"history", "events"},
        "RunSampledHistory": run | {"sampledHistory"},
        "SampledHistoryPage": run | {"sampledHistory"},
        "RunParquetHistory": run | {"parquetHistory", "parquetUrls", "liveData"},
        "HistoryPage": run | {"history"},
        "RunFiles": run | {"internalId", "fileCount"} | fields(FILE_FRAGMENT),
        "UpsertBucket": {"upsertBucket", "bucket", "id"},
    }


class Strict(Answers):
    """Answers with the fields that were asked for, and refuses what the stock client does not ask for."""

    manner: Manner = "error 400"

    def __init__(self, store: Store, faults: Faults, base: Callable[[], str]) -> None:
        super().__init__(store, faults, base)
        self.known = known()

    def answer(self, operation: str, query: str, v: Variables) -> Any:
        asked = fields(query)
        strange = asked - self.known[operation] if operation in self.known else {operation}
        if strange or not set(v) <= set(re.findall(r"\$(\w+)\s*:", query)):
            return self._refused(f'Cannot query field "{min(strange, default=operation)}"')
        return _only(super().answer(operation, query, v), asked)

    def _refused(self, text: str) -> Any:
        if self.manner == "null":
            return None
        if self.manner == "empty":
            return {}
        if self.manner == "bare 404":
            raise Refused("", 404)
        if self.manner == "not found":
            raise Refused(f"{text}: not found", 404)
        raise Refused(text, int(self.manner[-3:]))


def _only(answer: Any, asked: set[str]) -> Any:
    """The answer without fields that nobody asked for."""
    if isinstance(answer, list):
        return [_only(item, asked) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {key: value if key in _JSON else _only(value, asked) for key, value in answer.items() if key in asked}
