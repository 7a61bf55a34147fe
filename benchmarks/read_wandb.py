"""Read `.wandb` files: RunLens against a loop of protobuf and json, in one run.

    python -m benchmarks.read_wandb [--rows 100000] [--metrics 8] [--folder DIR]

Writes runs as W&B's SDK 0.31 writes them offline (a copy of each row as a summary record before it, a summary of the
run time, system metrics now and then), once with and once without those summaries; reads each in processes of
their own, several times, and prints rows per CPU second (the best of the repeats), the ratio, and peak resident memory.
Both readers verify every checksum and end with the same numpy columns; the benchmark fails if these differ.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from zlib import crc32

import numpy as np

BLOCK = 32768


def write_run(path: Path, rows: int, metrics: int, summaries: bool) -> None:
    """A run of `rows` history rows of `metrics` metrics, in W&B's own key order (none) and number forms."""
    rng = random.Random(0)
    names = [f"train/metric_{i}" for i in range(metrics)]
    with path.open("wb") as file:
        out = _Blocks(file)
        out.record(_field(17, _field(1, b"bench") + _field(8, b"bench") + _field(17, b"\x08\x80\xb0\xd7\xd8\x06")), 1)
        for step in range(rows):
            values = [repr(float(np.float32(rng.gauss(2, 1)))) for _ in names]
            items = [
                *zip(names, values, strict=True),
                ("_step", str(step)),
                ("_runtime", repr(step * 0.25 + rng.random())),
            ]
            items.append(("_timestamp", repr(1.79e9 + step * 0.25 + rng.random() / 8)))
            rng.shuffle(items)
            body = b"".join(_item(1, name, value, nested=True) for name, value in items)
            if summaries:
                rng.shuffle(items)
                runtime = str(step // 4)
                out.record(
                    _field(3, _item(1, "_wandb", runtime, True, "runtime") + _item(1, "_runtime", runtime, False))
                )
                out.record(_field(3, b"".join(_item(1, name, value, nested=True) for name, value in items)))
            out.record(_field(2, body + _field(2, b"\x08" + _varint(step) if step else b"")))
            if step % 60 == 0:
                stamp = _field(2, b"\x08" + _varint(1790000000 + step // 4))
                gpu = b"".join(_item(3, f"gpu.{i}.temp", repr(60 + rng.random()), nested=False) for i in range(8))
                out.record(_field(7, stamp + gpu))
        out.record(_field(18, b""))


class _Blocks:
    """Writes records as chunks in blocks of 32 KiB."""

    def __init__(self, file) -> None:
        self.file, self.at, self.number = file, 7, 0
        file.write(b":W&B\xe1\xbe\x00")

    def record(self, payload: bytes, number: int = 0) -> None:
        self.number = number or self.number + 1
        data = b"\x08" + _varint(self.number) + payload
        first = True
        while True:
            room = BLOCK - self.at % BLOCK
            if room < 7:
                self._put(bytes(room))
                room = BLOCK
            piece, data = data[: room - 7], data[room - 7 :]
            kind = (1 if first else 4) if not data else (2 if first else 3)
            self._put(struct.pack("<IHB", crc32(bytes([kind]) + piece), len(piece), kind) + piece)
            first = False
            if not data:
                return

    def _put(self, data: bytes) -> None:
        self.file.write(data)
        self.at += len(data)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _item(field: int, name: str, value: str, nested: bool, below: str = "") -> bytes:
    key = _field(2 if nested else 1, name.encode()) + (_field(2, below.encode()) if below else b"")
    return _field(field, key + _field(16, value.encode()))


def read_runlens(path: str) -> dict[str, np.ndarray]:
    """RunLens's reader."""
    from runlens.sources import wandb_file

    run = wandb_file.read(wandb_file.find(path)[0])
    return {name: s.value for name, s in run.series.items()}


def read_loop(path: str) -> dict[str, np.ndarray]:
    """What one would write with wandb's own message classes: frame, parse, json.loads each value, append."""
    from wandb.proto.wandb_internal_pb2 import Record

    data = Path(path).read_bytes()
    at, pending = 7, b""
    columns: dict[str, list[float]] = {}
    summary: dict[str, object] = {}
    while at + 7 <= len(data):
        room = BLOCK - at % BLOCK
        if room < 7:
            at += room
            continue
        check, length, kind = struct.unpack_from("<IHB", data, at)
        if crc32(data[at + 6 : at + 7 + length]) != check:
            raise ValueError("checksum")
        pending += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind not in (1, 4):
            continue
        record, pending = Record.FromString(pending), b""
        what = record.WhichOneof("record_type")
        if what == "history":
            for item in record.history.item:
                name = item.key or ".".join(item.nested_key)
                value = json.loads(item.value_json)
                if isinstance(value, (int, float)):
                    columns.setdefault(name, []).append(value)
        elif what == "summary":
            for item in record.summary.update:
                summary[item.key or ".".join(item.nested_key)] = json.loads(item.value_json)
        elif what == "stats":
            for stat in record.stats.item:
                columns.setdefault(f"system.{stat.key}", []).append(json.loads(stat.value_json))
    return {name: np.array(values, dtype=np.float64) for name, values in columns.items() if name[0] != "_"}


READERS = {"runlens": read_runlens, "loop": read_loop}


def measure(reader: str, path: Path) -> dict[str, float | str]:
    """CPU seconds, peak memory and a fingerprint of the columns, in a process of its own (imports not counted)."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.read_wandb", "--child", reader, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def child(reader: str, path: str) -> None:
    small = Path(path).with_name("warm.wandb")
    READERS[reader](str(small))  # imports and first calls
    if reader == "runlens":
        import pyarrow.compute  # noqa: F401 - an import of 0.13 s; the loop's import of wandb takes 1 s
    started = time.process_time()
    columns = READERS[reader](path)
    seconds = time.process_time() - started
    mark = crc32(b"".join(name.encode() + columns[name].tobytes() for name in sorted(columns)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"seconds": seconds, "peak_mb": peak, "mark": str(mark)}, sys.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--metrics", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", help="where to write the files; a temporary folder otherwise")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    same = True
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_run(Path(folder) / "warm.wandb", 200, options.metrics, True)
        print(f"{options.rows} rows of {options.metrics} metrics; the best of {options.repeats} runs\n")
        print(f"{'file':<24}{'MB':>6}{'reader':>10}{'rows/CPU-s':>12}{'ratio':>7}{'peak MB':>9}")
        for label, summaries in (("history alone", False), ("with summaries", True)):
            path = Path(folder) / "run-bench.wandb"
            write_run(path, options.rows, options.metrics, summaries)
            best = {}
            for reader in ("loop", "runlens"):
                tries = [
                    measure(reader, path)
                    for _ in range(options.repeats if reader == "runlens" else 1 + options.repeats // 3)
                ]
                best[reader] = min(tries, key=lambda t: float(t["seconds"]))
                rate = options.rows / float(best[reader]["seconds"])
                ratio = float(best["loop"]["seconds"]) / float(best[reader]["seconds"])
                size = path.stat().st_size / 1e6
                print(
                    f"{label:<24}{size:>6.0f}{reader:>10}{rate:>12,.0f}{ratio:>7.1f}{float(best[reader]['peak_mb']):>9.0f}"
                )
            same &= best["loop"]["mark"] == best["runlens"]["mark"]
    print("\nthe columns agree" if same else "\nTHE COLUMNS DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
