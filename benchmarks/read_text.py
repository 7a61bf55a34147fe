"""How fast console logs of several forms are found, read and made series of: megabytes a second of CPU time.

`python -m benchmarks.read_text [--megabytes 30] [FORM ...]` writes a seeded log of each form and takes the best of three
readings in this process; CPU time, so that what else the machine does counts less.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.tables import table
from runlens.sources import discover, read
from runlens.sources.text.axis.log import last_log

# ruff: noqa: E501 - lines of logs are as long as their frameworks print them
Line = Callable[[int, random.Random], str]


def _clock(i: int) -> str:
    return f"2026-01-{1 + i // 86400 % 28:02d} {i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}"


FORMS: dict[str, Line] = {
    "Megatron-LM": lambda i, r: (
        f"[{_clock(i)}] iteration {i:8d}/ 600000 | consumed samples: {i * 512:12d} | elapsed time per iteration (ms): "
        f"{900 + r.random() * 50:.1f} | learning rate: 3.0E-04 | lm loss: {2 + r.random():.6E} | grad norm: {r.random():.3f} |\n"
    ),
    "nanoGPT": lambda i, r: (
        f"iter {i}: loss {2 + r.random():.4f}, time {90 + r.random() * 9:.2f}ms, mfu {40 + r.random():.2f}%\n"
    ),
    "HF Trainer": lambda i, r: (
        f"{{'loss': {2 + r.random():.4f}, 'grad_norm': {r.random():.6f}, 'learning_rate': {3e-4 * r.random():.8e}, "
        f"'epoch': {i / 1e4:.4f}}}\n"
    ),
    "tqdm": lambda i, r: (
        f"\rEpoch {i // 1000}: {i % 1000 // 10:3d}%|####      | {i % 1000}/1000 [00:10<00:12, {4 + r.random():.2f}it/s, "
        f"loss={2 + r.random():.3f}, v_num=3]"
    ),
    "mmcv": lambda i, r: (
        f"{_clock(i)},123 - mmdet - INFO - Epoch [{i // 500 + 1}][{i % 500 + 1}/500]\tlr: 2.000e-02, eta: 1 day, 3:00:{i % 60:02d}, "
        f"time: {0.5 + r.random() / 9:.3f}, data_time: 0.010, memory: 7000, loss_cls: {r.random():.4f}, loss: {2 + r.random():.4f}\n"
    ),
    "own loop": lambda i, r: (
        f"{_clock(i)} - INFO - Epoch [{i // 100 + 1}/9000], Step [{i % 100 + 1}/100], Loss: {2 + r.random():.4f}, "
        f"Acc: {r.random() * 100:.2f}%\n"
    ),
    "lines of epochs": lambda i, r: (
        f"Epoch {i + 1}/999999 - train_loss: {2 + r.random():.4f} - val_loss: {2 + r.random():.4f} - "
        f"val_acc: {r.random():.4f} - time: {20 + r.random():.1f}s\n"
    ),
}
"""What one line of a form is, by its number."""


def write(path: Path, line: Line, size: int) -> None:
    """A log of some `size` bytes."""
    seeded, written, i = random.Random(1), 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            text_of_line = line(i, seeded)
            file.write(text_of_line)
            written += len(text_of_line)
            i += 1


def rate(path: Path) -> tuple[float, int]:
    """Megabytes a second of CPU time, the best of three, and the points that were read."""
    best, points = 0.0, 0
    for _ in range(3):
        last_log.cache_clear()
        begun = time.process_time()
        (ref,) = discover(str(path))
        points = read(ref).points
        best = max(best, path.stat().st_size / 1e6 / (time.process_time() - begun))
    return best, points


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forms", nargs="*", metavar="FORM", help=f"of {', '.join(FORMS)}")
    parser.add_argument("--megabytes", type=float, default=30.0)
    given = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.forms or FORMS:
            path = Path(folder) / "train.log"
            write(path, FORMS[name], int(given.megabytes * 1e6))
            speed, points = rate(path)
            rows.append((name, f"{speed:.1f} MB/s", f"{points:,}"))
    print(table("Console logs", rows, ("form", "read, a second of CPU time", "points")))


if __name__ == "__main__":
    main()
