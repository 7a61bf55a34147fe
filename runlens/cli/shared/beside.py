"""Options of what was written beside a run's log."""

from __future__ import annotations

from typing import Annotated

from runlens.cli.shared.options import JUDGING, option

Hardware = Annotated[
    str | None,
    option(
        "--hardware",
        metavar="FILE",
        help="Log of nvidia-smi (--query-gpu=timestamp,index,… --format=csv, in UTC) that was written beside the run, "
        'or a server: prometheus://HOST:9090?match={Hostname="node1"}.',
        section=JUDGING,
    ),
]
