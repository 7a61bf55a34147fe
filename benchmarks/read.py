"""Read TensorBoard event files: RunLens against the readers that ship with tensorboard, in one run.

    python -m benchmarks.read [--points 1000000] [--large 10000000] [--runs 400] [--repeat 3] [--accumulator]

Writes seeded files to a temporary folder; reads each with every reader, each time in a process of its own, and prints
wall and CPU seconds (medians of the repeats, without the interpreter's start), their ratios to RunLens, and peak
resident memory. CPU and memory of the server are counted, those of worker processes are not. All readers end with
numpy columns of every point, and the benchmark fails if one of them has lost any. RunLens verifies every checksum; the
data server does not (its default).

`--accumulator` adds `EventAccumulator` without its limit of 10,000 points a tag (a minute for a million points).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.tfevents_files import START, STEP_SECONDS, STYLES, TAGS, write

Columns = dict[tuple[str, str], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Run and tag to step, wall time and value."""


def runlens(folder: str) -> tuple[Columns, int]:
    from runlens import sources

    runs = [sources.read(ref) for ref in sources.discover(folder)]
    return {(run.id, tag): (s.step, s.time, s.value) for run in runs for tag, s in run.series.items()}, 0


def runlens_two_workers(folder: str) -> tuple[Columns, int]:
    """As `runlens check` does with many runs and `--jobs 2`: the points stay in the workers."""
    from joblib import Parallel, delayed

    from runlens import sources

    sums = Parallel(n_jobs=2, batch_size=50)(delayed(_sums)(ref) for ref in sources.discover(folder))
    return {key: value for part in sums for key, value in part.items()}, 0


def _sums(ref) -> Columns:
    from runlens import sources

    run = sources.read(ref)
    return {(run.id, tag): (s.step[-1:], s.time[-1:], np.full(len(s), s.value.mean())) for tag, s in run.series.items()}


def data_server(folder: str) -> tuple[Columns, int]:
    """The Rust server of tensorboard, its columns fetched over gRPC as its data provider does, without downsampling."""
    import grpc
    import tensorboard_data_server
    from tensorboard.data.proto import data_provider_pb2 as pb
    from tensorboard.data.proto import data_provider_pb2_grpc as pb_grpc

    files = list(Path(folder).rglob("*tfevents*"))
    with tempfile.TemporaryDirectory() as scratch:
        port_file = Path(scratch) / "port"
        options = ["--samples-per-plugin=scalars=all", "--reload=once", "--port=0", "--die-after-stdin"]
        command = [tensorboard_data_server.server_binary(), f"--logdir={folder}", f"--port-file={port_file}", *options]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as server:
            while not (port_file.exists() and port_file.read_text().endswith("\n")):
                time.sleep(0.001)
            unlimited = [("grpc.max_receive_message_length", -1)]
            channel = grpc.insecure_channel(f"localhost:{port_file.read_text().strip()}", options=unlimited)
            stub = pb_grpc.TensorBoardDataProviderStub(channel)
            filters = pb.PluginFilter(plugin_name="scalars")
            found: Columns = {}
            while not _loaded(stub.ListScalars(pb.ListScalarsRequest(plugin_filter=filters)), files):
                time.sleep(0.01)
            everything = pb.ReadScalarsRequest(plugin_filter=filters)  # one call: it waits some 40 ms between calls
            everything.downsample.num_points = 1 << 40
            for run in stub.ReadScalars(everything).runs:
                for tag in run.tags:
                    data = tag.data
                    found[run.run_name, tag.tag_name] = tuple(map(np.array, (data.step, data.wall_time, data.value)))
            memory = _peak(server.pid)
            server.stdin.close()
    return found, memory


def _loaded(listed, files: list[Path]) -> bool:
    """Whether the last event of every run is there: all logs of this benchmark end at the same step."""
    last = [tag.metadata.max_wall_time for run in listed.runs for tag in run.tags]
    wanted = float((files[0].parent / "last").read_text())
    return len(last) == len(TAGS) * len(files) and min(last) >= wanted


def accumulator(folder: str) -> tuple[Columns, int]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.util.tensor_util import make_ndarray

    found: Columns = {}
    for path in sorted({file.parent for file in Path(folder).rglob("*tfevents*")}):
        events = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0}).Reload()
        for tag in events.Tags()["scalars"]:
            found[path.name, tag] = tuple(
                map(np.array, zip(*((e.step, e.wall_time, e.value) for e in events.Scalars(tag)), strict=True))
            )
        for tag in events.Tags()["tensors"]:
            rows = [(e.step, e.wall_time, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]
            found[path.name, tag] = tuple(map(np.array, zip(*rows, strict=True)))
    return found, 0


READERS = {
    "RunLens": runlens,
    "RunLens, 2 workers": runlens_two_workers,
    "Rust data server": data_server,
    "EventAccumulator": accumulator,
}


def _peak(process: int | str) -> int:
    """Peak resident memory of a process, bytes (of this program, not of the one that started it)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def _cpu() -> float:
    """CPU seconds of this process and of those that it started and that have ended, such as the data server."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def measure(reader: str, folder: str) -> None:
    """One reading in this process; prints what it took as JSON."""
    if reader.startswith("RunLens"):
        import runlens.sources.tensorboard  # noqa: F401 - what is measured is reading
    else:
        import tensorboard.backend.event_processing.event_accumulator
        import tensorboard.data.proto.data_provider_pb2_grpc  # noqa: F401 - likewise
    wall, cpu = time.perf_counter(), _cpu()
    found, server = READERS[reader](folder)
    wall, cpu = time.perf_counter() - wall, _cpu() - cpu
    total = sum(float(np.sum(value, dtype=np.float64)) for _, _, value in found.values())
    points = sum(len(value) for _, _, value in found.values())
    print(json.dumps({"wall": wall, "cpu": cpu, "memory": _peak("self") + server, "points": points, "sum": total}))


def run_case(title: str, folder: Path, readers: list[str], repeat: int, points: int) -> None:
    taken: dict[str, list[dict[str, float]]] = {reader: [] for reader in readers}
    for turn in range(repeat):
        for reader in readers:
            if turn and reader == "EventAccumulator":
                continue
            command = [sys.executable, "-m", "benchmarks.read", "--measure", reader, str(folder)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            now = json.loads(done.stdout.splitlines()[-1])
            if now["points"] != points:
                raise SystemExit(f"{reader} read {now['points']:,} of {points:,} points of {title}")
            taken[reader].append(now)
    middle = {
        reader: {key: float(np.median([one[key] for one in all_turns])) for key in all_turns[0]}
        for reader, all_turns in taken.items()
    }
    sums = [one["sum"] for all_turns in taken.values() for one in all_turns]
    if max(sums) - min(sums) > 1e-6 * points:
        raise SystemExit(f"the readers disagree on the values of {title}: {middle}")
    for reader, result in middle.items():
        wall, cpu = (result[key] / middle["RunLens"][key] for key in ("wall", "cpu"))
        print(
            f"{title:<34} {reader:<20} {result['wall']:8.3f} {result['cpu']:8.3f} {wall:7.1f} {cpu:7.1f} "
            f"{result['memory'] / 1e6:8.0f} {points / result['wall'] / 1e6:6.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1_000_000, help="of the four forms of scalars; 0 for none")
    parser.add_argument(
        "--large", type=int, default=0, help="points of one large file in torch's form, such as 10000000"
    )
    parser.add_argument("--runs", type=int, default=400, help="runs of 5,000 points; 0 for none")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--accumulator", action="store_true", help="EventAccumulator, too, on torch's form")
    parser.add_argument("--measure", nargs=2, metavar=("READER", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    both = ["RunLens", "Rust data server"]
    print(f"{'log':<34} {'reader':<20} {'wall s':>8} {'CPU s':>8} {'x wall':>7} {'x CPU':>7} {'peak MB':>8} {'M/s':>6}")
    with tempfile.TemporaryDirectory() as scratch:
        cases = [(style, options.points) for style in STYLES if options.points]
        cases += [("torch", options.large)] if options.large else []
        for style, points in cases:
            folder = Path(scratch) / f"{style}-{points}"
            steps = _make(folder / "run", style, points, 0)
            size = sum(file.stat().st_size for file in folder.rglob("*tfevents*"))
            extra = (
                ["EventAccumulator"] if options.accumulator and style == "torch" and points == options.points else []
            )
            title = f"{style}, {points / 1e6:g}M points, {size / 1e6:.0f} MB"
            run_case(title, folder, both + extra, options.repeat, steps * len(TAGS))
            for file in folder.rglob("*tfevents*"):
                file.unlink()
        if options.runs:
            folder = Path(scratch) / "runs"
            steps = [_make(folder / f"run{k:04d}", "torch", 5000, k) for k in range(options.runs)]
            readers = ["RunLens", "RunLens, 2 workers", "Rust data server"]
            run_case(f"{options.runs} runs of 5,000 points", folder, readers, options.repeat, sum(steps) * len(TAGS))


def _make(folder: Path, style: str, points: int, seed: int) -> int:
    """Write a log; the number of its steps."""
    folder.mkdir(parents=True)
    write(folder / "events.out.tfevents.1790000000.host.1.0", style, points, seed)
    steps = points // len(TAGS)
    (folder / "last").write_text(str(START + (steps - 1) * STEP_SECONDS))
    return steps


if __name__ == "__main__":
    main()
