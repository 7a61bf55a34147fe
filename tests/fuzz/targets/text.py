"""Console logs: lines of metrics among anything else that a program prints."""

from __future__ import annotations

from pathlib import Path
from random import Random

from runlens import sources
from tests.fuzz.damage import damaged, lines_changed
from tests.fuzz.harness import Lost, Outcome
from tests.sources.text_samples import MADE

_PROSE = (
    "Loading checkpoint shards",
    "WARNING: something is deprecated",
    "",
    "  warnings.warn(",
    "Traceback (most recent call last):",
    "[rank3]: NCCL INFO comm 0x7f rank 3",
    "saving to out/ckpt_100.pt",
    "\x1b[32mINFO\x1b[0m done",
    "100%|████| 3/3 [00:01<00:00]",
)


def of_lines(draw: Random, folder: Path) -> Outcome:
    """One shape of line between prose: each whole line is a point with the value printed, or is told."""
    shape = draw.choice(
        (
            "step {i} | loss: {v:.4f} | lr: 1.0e-04",
            "iter {i}: loss {v:.4f}, time 12.50ms",
            "[{i}] step={i} loss={v:.4f} lr=0.1",
            "INFO step: {i} loss: {v:.4f} grad_norm: 1.5",
        )
    )
    values = {i: round(9 - i / 50 + draw.random(), 4) for i in range(draw.choice((8, 40, 200)))}
    lines = [shape.format(i=i, v=v) for i, v in values.items()]
    whole = set(lines)
    mixed = []
    for line in lines_changed(draw, lines) if draw.random() < 0.5 else lines:
        mixed += [draw.choice(_PROSE)] * (draw.random() < 0.1)
        mixed.append(line)
    end = draw.choice(("\n", "\n", "\r\n"))
    run = _read(folder, (end.join(mixed) + end).encode())
    found = run.series.get("loss")
    read = [repr(v) for v in found.value.tolist()] if found is not None else []
    kept = [line for line in mixed if line in whole]
    expected = [repr(values[int(line.split("=")[1].split()[0]) if "=" in line else _first(line)]) for line in kept]
    left = iter(read)
    missing = [v for v in expected if v not in left]
    if missing and not run.notes:
        raise Lost(f"{len(missing)} of {len(expected)} lines lost: {missing[:3]}\n" + "\n".join(mixed)[:3000])
    return "told" if run.notes else "read"


def _first(line: str) -> int:
    digits = line.replace(":", " ").replace("|", " ").split()
    return int(next(word for word in digits if word.isdigit()))


def of_bytes(draw: Random, folder: Path) -> Outcome:
    """Logs of every framework, damaged: a run or a sentence."""
    made = MADE[draw.choice(sorted(MADE))]().text
    lines = made.split("\n")
    begin = draw.randrange(max(len(lines) - 120, 1))
    return "told" if _read(folder, damaged(draw, "\n".join(lines[begin : begin + 120]).encode())).notes else "read"


def _read(folder: Path, data: bytes):  # type: ignore[no-untyped-def]
    path = folder / "train.log"
    path.write_bytes(data)
    return sources.read(sources.discover(str(path))[0])


TARGETS = {"text-lines": of_lines, "text-bytes": of_bytes}
