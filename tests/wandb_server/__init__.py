"""A loopback server that speaks W&B's wire protocol, for tests and benchmarks: nothing of the client is mocked."""

from tests.wandb_server.faults import Faults, Seen
from tests.wandb_server.http import KEY, Server, environment
from tests.wandb_server.store import RunState, Store

__all__ = ["KEY", "Faults", "RunState", "Seen", "Server", "Store", "environment"]
