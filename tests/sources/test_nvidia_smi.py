"""A log of nvidia-smi beside a run."""

import datetime
import json
from dataclasses import replace

import numpy as np
import pytest

from runlens import check
from runlens.errors import ConfigError
from runlens.model import Run, Series
from runlens.sources.hardware.nvidia_smi import read, with_nvidia_smi
from tests.cli.command import runlens

START = 1_764_460_800.0  # 2025-11-30 00:00 UTC
HEAD = "timestamp, index, name, temperature.gpu, utilization.gpu [%], memory.used [MiB], power.draw [W], pstate\n"


def stamp(seconds):
    return datetime.datetime.fromtimestamp(START + seconds, datetime.UTC).strftime("%Y/%m/%d %H:%M:%S.%f")[:-3]


def log(seconds=3600, every=5, gpus=2, hot=None, since=1800):
    rows = []
    for at in range(0, seconds, every):
        for gpu in range(gpus):
            celsius = 97 if gpu == hot and at >= since else 60 + gpu
            rows.append(f"{stamp(at)}, {gpu}, NVIDIA H100 80GB HBM3, {celsius}, 97 %, 71234 MiB, 512.34 W, P0\n")
    return HEAD + "".join(rows)


def run(seconds=3600, every=10.0, start=START):
    step = np.arange(int(seconds / every))
    return Run("r", "r", "logs/r", series={"loss": Series("loss", step, start + step * every, 5 - step / 1000)})


def test_each_gpu_has_a_series_of_each_number(tmp_path):
    file = tmp_path / "smi.csv"
    file.write_text(log(seconds=10))
    series, bad = read(file)
    assert sorted(series) == [
        f"gpu.{n}.{field}" for n in range(2)
        for field in ("memory.used [MiB]", "power.draw [W]", "temperature.gpu", "utilization.gpu [%]")
    ]  # fmt: skip
    assert bad == 0 and series["gpu.1.power.draw [W]"].value.tolist() == [512.34] * 2
    assert series["gpu.1.temperature.gpu"].time.tolist() == [START, START + 5]


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_log_in_another_code_reads_alike(tmp_path, code):
    (tmp_path / "a.csv").write_text(log(seconds=60))
    (tmp_path / "b.csv").write_bytes(log(seconds=60).encode(code))
    plain, _ = read(tmp_path / "a.csv")
    other, bad = read(tmp_path / "b.csv")
    assert bad == 0 and {n: s.value.tolist() for n, s in other.items()} == {
        n: s.value.tolist() for n, s in plain.items()
    }


def test_a_sample_stands_at_the_step_that_was_current(tmp_path):
    file = tmp_path / "smi.csv"
    file.write_text(log(seconds=60))
    joined = with_nvidia_smi(run(), file)
    assert joined.series["gpu.0.temperature.gpu"].step.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert "loss" in joined.series


def test_gaps_words_masks_and_damage(tmp_path):
    head = "timestamp, uuid, temperature.gpu, clocks_throttle_reasons.active, clocks_throttle_reasons.hw_slowdown\n"
    rows = [
        f"{stamp(0)}, GPU-b, 61, 0x0000000000000004, Not Active\n", f"{stamp(0)}, GPU-a, [N/A], 0x0, Active\n",
        "garbage\n", f"{stamp(5)}, GPU-b, 62\n", head, f"{stamp(5)}, GPU-b, [GPU is lost], 0x1, Active\n",
        "yesterday, GPU-b, 63, 0x1, Active\n", f"{stamp(10)}, GPU-b, 6",
    ]  # fmt: skip
    file = tmp_path / "smi.csv"
    file.write_text(head + "".join(rows))
    series, bad = read(file)
    assert bad == 3, "the head of a log that goes on and a torn last row are no damage"
    assert series["gpu.1.temperature.gpu"].value.tolist() == [61]
    assert "gpu.0.temperature.gpu" not in series
    assert series["gpu.1.clocks_throttle_reasons.active"].value.tolist() == [4, 1]
    assert series["gpu.0.clocks_throttle_reasons.hw_slowdown"].value.tolist() == [1]
    (note,) = with_nvidia_smi(run(), file).notes
    assert note.records == 3 and note.kind == "damaged"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no log of nvidia-smi"),
        ("a,b\n1,2\n", "no log of nvidia-smi"),
        (HEAD, "no sample"),
        (f"timestamp, index\n{stamp(0)}, 0\n", "no sample"),
    ],
)
def test_what_is_no_such_log_is_refused(tmp_path, text, said):
    file = tmp_path / "smi.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


def test_samples_of_another_time_are_refused_and_those_around_the_run_belong_to_it(tmp_path):
    file = tmp_path / "smi.csv"
    file.write_text(log(seconds=60))
    with pytest.raises(ConfigError, match=r"2025-11-30 00:00 .*TZ=UTC"):
        with_nvidia_smi(run(start=START + 7200), file)
    assert len(with_nvidia_smi(run(start=START + 600), file).series["gpu.0.temperature.gpu"]) == 12
    assert len(with_nvidia_smi(run(start=START + 630), file).series["gpu.0.temperature.gpu"]) == 6
    timeless = replace(run(), series={"loss": Series("loss", np.arange(3), np.full(3, np.nan), np.ones(3))})
    with pytest.raises(ConfigError, match="no wall times"):
        with_nvidia_smi(timeless, file)


def written(tmp_path, **more):
    rows = [{"step": s, "timestamp": START + 10 * s, "loss": 5 - s / 1000} for s in range(360)]
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "beside").mkdir(exist_ok=True)
    (tmp_path / "beside" / "smi.csv").write_text(log(**more))
    return str(tmp_path / "run.jsonl"), str(tmp_path / "beside" / "smi.csv")


def test_the_gpu_that_burns_is_found_and_the_cool_ones_are_not(tmp_path):
    name, smi = written(tmp_path, gpus=8, hot=5)
    done = runlens("check", name, "--hardware", smi, "--select", "HW001", "-f", "concise")
    assert "HW001" in done.out and "GPU 5" in done.out and done.code == 1
    name, smi = written(tmp_path, gpus=8)
    done = runlens("check", name, "--hardware", smi, "--select", "HW001", "-f", "concise")
    assert "HW001" not in done.out and done.code == 0


def test_it_may_stand_in_the_settings_and_what_cannot_be_joined_leaves_the_run_undecided(tmp_path):
    name, smi = written(tmp_path, hot=1)
    (tmp_path / "runlens.toml").write_text('hardware = "beside/smi.csv"\n')
    for report in (
        check(name, config=tmp_path / "runlens.toml"),
        check(name, hardware=tmp_path / "beside" / "smi.csv"),
    ):
        assert "HW001" in {f.code for f in report.findings}
    (tmp_path / "beside" / "smi.csv").write_text("nonsense\n")
    done = runlens("check", name, "--hardware", smi)
    assert done.code == 3 and "no log of nvidia-smi" in " ".join(done.out.split())
    done = runlens("check", name, "--hardware", str(tmp_path / "nothing.csv"))
    assert done.code == 2 and "no such file" in done.err
