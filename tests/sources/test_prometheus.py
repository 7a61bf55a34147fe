"""A Prometheus server beside a run."""

import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlens import check, roles
from runlens.errors import AccessRefused, ConfigError, ReadError, SourceDown
from runlens.model import Run, Series
from runlens.sources.hardware.prometheus import beside, client
from runlens.sources.hardware.prometheus.address import Address
from runlens.sources.hardware.prometheus.beside import with_prometheus
from runlens.sources.hardware.prometheus.grid import MOST_IN_ALL, MOST_POINTS, MOST_SAMPLES, Grid
from runlens.sources.hardware.prometheus.held import HELD
from runlens.sources.hardware.prometheus.series import codes_of_events, together, without_history
from runlens.sources.patience import Patience
from tests.cli.command import runlens
from tests.sources.prometheus_server import Data, serving

START = 1_764_460_800.0  # 2025-11-30 00:00 UTC
HOUR = 3600


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """No samples of another test, and no long waits."""
    HELD.runs.clear()
    for name in (client.TOKEN, client.USER, client.PASSWORD):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(client, "PATIENCE", Patience(tries=3, pause=0.001, longest_wait=1.0))


def scrapes(seconds=HOUR, every=15, start=START - 900):
    return start + np.arange(0, seconds + 1800, every)


def dcgm(gpus=2, hot=None, host="node1", seconds=HOUR, every=15, data=None, **more):
    """What DCGM exporter on one host told: the hot GPU burns in the second half."""
    time, data = scrapes(seconds, every), data or Data()
    for gpu in range(gpus):
        labels = {"gpu": str(gpu), "UUID": f"GPU-{gpu}", "Hostname": host, "instance": f"{host}:9400", **more}
        late = time >= START + seconds / 2
        data.add("DCGM_FI_DEV_GPU_TEMP", time, np.where(late & (gpu == hot), 97, 60 + gpu), **labels)
        data.add("DCGM_FI_DEV_POWER_USAGE", time, 512.5, **labels)
        data.add("DCGM_FI_DEV_GPU_UTIL", time, 97, **labels)
        data.add("DCGM_FI_DEV_FB_USED", time, 71_000, **labels)
        data.add("DCGM_FI_DEV_SM_CLOCK", time, np.where(late & (gpu == hot), 1200, 1980), **labels)
        data.add("DCGM_FI_DEV_XID_ERRORS", time, 0, **labels)
        data.add("DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", time, 0, **labels)
    return data


def run(seconds=HOUR, every=10.0, start=START):
    step = np.arange(int(seconds / every))
    return Run("r", "r", "logs/r", series={"loss": Series("loss", step, start + step * every, 5 - step / 1000)})


def joined(server, query="", of=None, now=START + 10 * HOUR):
    return with_prometheus(of or run(), f"{server.address}{query}", clock=lambda: now)


# --- the address -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "url", "match", "step"),
    [
        ("prometheus://h", "http://h:9090", "", None),
        ("prometheus://h:80/", "http://h:80", "", None),
        ("prometheus://h/prom/", "http://h:9090/prom", "", None),
        ("prometheus+https://h", "https://h", "", None),
        ("prometheus+https://h:9443/x", "https://h:9443/x", "", None),
        ("prometheus://h?tls=1", "https://h", "", None),
        ("prometheus://[::1]:9090", "http://[::1]:9090", "", None),
        ('prometheus://h?match={Hostname=~"a.+|b"}', "http://h:9090", 'Hostname=~"a.+|b"', None),
        ('prometheus://h?match=a="1",b!="2",&step=30', "http://h:9090", 'a="1",b!="2"', 30.0),
        ("prometheus://h?match=a%3D%22x%26y%22", "http://h:9090", 'a="x&y"', None),
    ],
)
def test_an_address_is_taken_apart(name, url, match, step):
    found = Address.parse(name)
    assert (found.url, found.match, found.step) == (url, match, step)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("prometheus://", "names no server"),
        ("prometheus://h:99999", "names no server"),
        ("prometheus://h?match=up", "matchers of labels"),
        ('prometheus://h?match={a="b"} or up', "matchers of labels"),
        ('prometheus://h?match=a="b', "matchers of labels"),
        ("prometheus://h?matches=1", "takes match, step and tls"),
        ("prometheus://h?step=0", "takes seconds"),
        ("prometheus://h?step=1m", "takes seconds"),
        ("prometheus://h?step=1&step=2", "twice"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(name, said):
    with pytest.raises(ConfigError, match=said):
        Address.parse(name)


def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path):
    file = tmp_path / "r.csv"
    file.write_text("step,loss\n1,2\n")
    done = runlens("check", str(file), "--hardware", "prometheus://me:hunter2@h:9090")
    assert done.code == 2 and "RUNLENS_PROMETHEUS_PASSWORD" in done.err and "hunter2" not in done.err + done.out
    done = runlens("check", str(file), "--hardware", "https://h:9090")
    assert done.code == 2 and "prometheus://HOST:9090" in " ".join(done.err.split())


# --- which moments ---------------------------------------------------------------------------------------------------


@given(st.floats(1, 2e8), st.one_of(st.none(), st.floats(0.5, 900)), st.integers(0, 200_000))
def test_no_query_asks_for_more_points_than_a_server_gives_and_none_is_asked_twice(seconds, scraped, series):
    grid = Grid.over((START, START + seconds), scraped, series, None)
    windows = list(grid.windows())
    points = [round((last - first) / grid.step) + 1 for first, last in windows]
    assert all(0 < n <= MOST_POINTS for n in points)
    assert sum(points) == round((grid.last - grid.first) / grid.step) + 1 <= MOST_IN_ALL + 1
    assert sum(points) * series <= max(MOST_SAMPLES, 11 * series) + series
    for (_, last), (first, _) in itertools.pairwise(windows):
        assert math.isclose(first - last, grid.step)


@pytest.mark.parametrize(
    ("scraped", "step"), [(15.4, 15), (14.6, 15), (None, 15), (1, 5), (59, 60), (61, 60), (900, 300)]
)
def test_samples_lie_as_far_apart_as_scrapes(scraped, step):
    assert Grid.over((START, START + HOUR), scraped, 10, None).step == step


def test_a_grid_stays_while_a_run_grows_and_doubles_its_step_at_the_bound():
    at = [Grid.over((START, START + 15 * n), 15, 10, None) for n in (10, MOST_IN_ALL - 1, MOST_IN_ALL)]
    assert [one.step for one in at] == [15, 15, 30] and len({one.first for one in at}) == 1
    assert list(at[0].windows(at[0].last)) == []
    assert list(at[0].windows(at[0].last - 15)) == [(at[0].last, at[0].last)]


# --- what comes of it ------------------------------------------------------------------------------------------------


def test_gpus_are_joined_by_time_under_names_that_are_understood():
    with serving(dcgm()) as server:
        found = joined(server)
    temp = found.series['DCGM_FI_DEV_GPU_TEMP{Hostname="node1",gpu="1"}']
    assert set(temp.value.tolist()) == {61.0} and np.all(np.diff(temp.time) == 15)
    assert temp.time[0] >= START - 600 and temp.time[-1] <= START + HOUR + 600
    at = np.searchsorted(temp.time, START + 100)
    assert temp.step[at] == (temp.time[at] - START) // 10
    placed = roles.resolve(found, {})
    assert {r.device for r in placed.every("gpu_temperature")} == {"node1 gpu 0", "node1 gpu 1"}
    units = {role: placed.every(role)[0].unit for role in ("gpu_temperature", "gpu_power", "gpu_memory", "gpu_clock")}
    assert units == {"gpu_temperature": "C", "gpu_power": "W", "gpu_memory": "bytes", "gpu_clock": "MHz"}
    assert placed.every("gpu_memory")[0].series.value[0] == 71_000 * 2**20
    assert {r.metric_kind for r in placed.every("gpu_errors")} == {"code", ""}


def test_fields_of_nvidia_gpu_exporter_find_their_gpu_by_uuid():
    time, data = scrapes(), Data()
    for uuid, index in (("a-uuid", "1"), ("b-uuid", "0")):
        where = {"uuid": uuid, "instance": "10.0.0.5:9835"}
        data.add("nvidia_smi_gpu_info", time, 1, index=index, **where)
        data.add("nvidia_smi_temperature_gpu", time, 50 + int(index), **where)
        data.add("nvidia_smi_utilization_gpu_ratio", time, 0.97, **where)
        data.add("nvidia_smi_memory_used_bytes", time, 7e10, **where)
        data.add("nvidia_smi_clocks_current_sm_clock_hz", time, 1.98e9, **where)
        data.add("nvidia_smi_power_draw_watts", time, 500, **where)
    with serving(data) as server:
        placed = roles.resolve(joined(server), {})
    assert {r.device: r.series.value[0] for r in placed.every("gpu_temperature")} == {
        "10.0.0.5 gpu 0": 50.0, "10.0.0.5 gpu 1": 51.0,
    }  # fmt: skip
    assert placed.every("gpu_utilization")[0].series.value[0] == pytest.approx(97)
    assert placed.every("gpu_clock")[0].series.value[0] == pytest.approx(1980)
    assert placed.every("gpu_memory")[0].series.value[0] == 7e10


def test_without_an_index_the_gpus_of_a_host_are_counted_by_uuid():
    time, data = scrapes(), Data()
    for uuid in ("b", "a"):
        data.add("nvidia_smi_temperature_gpu", time, 50, uuid=uuid, instance="h:1")
    with serving(data) as server:
        found = joined(server)
    assert sorted(found.series)[1:] == [f'nvidia_smi_temperature_gpu{{Hostname="h",gpu="{n}"}}' for n in (0, 1)]


def node(data, host, name="", busy=None):
    """What node_exporter told: 40 % of memory, a quarter of the CPU; from `busy` on all of it, and network errors."""
    time = scrapes()
    where = {"instance": f"{host}:9100"}
    late = np.maximum(time - busy, 0) if busy else 0 * time
    if name:
        data.add("node_uname_info", time, 1, nodename=name, **where)
    data.add("node_memory_MemTotal_bytes", time, 1e12, **where)
    data.add("node_memory_MemAvailable_bytes", time, 6e11, **where)
    for cpu in "01":
        idle = 0.75 * (time - time[0]) - 0.75 * late
        data.add("node_cpu_seconds_total", time, idle, cpu=cpu, mode="idle", **where)
        data.add("node_cpu_seconds_total", time, time - time[0] - idle, cpu=cpu, mode="user", **where)
    for device in ("eth0", "ib0"):
        data.add("node_network_receive_errs_total", time, 2 * late, device=device, **where)
        data.add("node_network_transmit_errs_total", time, 0, device=device, **where)
    return data


def test_memory_cpu_and_network_errors_of_the_run_s_own_hosts_come_along():
    data = node(node(dcgm(host="node1"), "10.0.0.1", "node1.cluster", busy=START + 1800), "10.0.0.2", "node2")
    with serving(data) as server:
        found = joined(server)
    hosts = {name: one for name, one in found.series.items() if name.startswith("node_")}
    assert {name.partition("{")[2] for name in hosts} == {'instance="node1.cluster"}'}, "node2 is of another run"
    cpu = hosts['node_cpu_used_percent{instance="node1.cluster"}']
    errors = hosts['node_network_errors_per_second{instance="node1.cluster"}']
    assert cpu.value[50] == pytest.approx(25) and cpu.value[-10] == pytest.approx(100)
    assert errors.value[50] == 0 and errors.value[-10] == pytest.approx(4)
    placed = roles.resolve(found, {})
    memory = placed.every("host_memory")[0]
    assert (memory.device, memory.unit) == ("node1.cluster", "%") and memory.series.value[9] == pytest.approx(40)


def test_hosts_alone_do_where_there_are_no_gpus():
    with serving(node(Data(), "h")) as server:
        assert len(joined(server).series) == 4


def test_gpus_of_several_hosts_are_refused_until_the_run_s_are_named():
    data = dcgm(host="node1", data=dcgm(host="node2"))
    with serving(data) as server:
        with pytest.raises(ReadError, match=r"GPUs of 2 hosts \(node1, node2\); say which are the run's"):
            joined(server)
        one = joined(server, '?match={Hostname="node2"}')
        assert all('Hostname="node2"' in name for name in one.series if name != "loss")
        both = joined(server, '?match={Hostname!=""}')
        assert len(both.series) == 2 * len(one.series) - 1
        with pytest.raises(ReadError, match="nothing of GPUs or hosts that fits match"):
            joined(server, '?match={Hostname="node3"}')


def test_one_gpu_under_the_labels_of_several_pods_is_one_series_and_mig_is_left_out_and_said():
    time, data = scrapes(), Data()
    half = time < START + 1800
    here = {"gpu": "0", "Hostname": "n"}
    data.add("DCGM_FI_DEV_GPU_TEMP", time[half], 60, pod="a", **here)
    data.add("DCGM_FI_DEV_GPU_TEMP", time[~half], 70, pod="b", **here)
    data.add("DCGM_FI_DEV_GPU_TEMP", time, 99, GPU_I_ID="3", GPU_I_PROFILE="1g.10gb", **here)
    with serving(data) as server:
        found = joined(server)
    (name,) = set(found.series) - {"loss"}
    assert set(found.series[name].value.tolist()) == {60.0, 70.0} and np.all(np.diff(found.series[name].time) > 0)
    assert [note.records for note in found.notes] == [1] and "MIG" in found.notes[0].message


def test_an_error_from_before_the_run_is_history_and_one_within_it_is_not():
    time = np.arange(5.0)
    assert without_history((time, np.array([79.0, 79, 0, 79, 79])), began=1.0)[1].tolist() == [0, 0, 0, 79, 79]
    assert without_history((time, np.array([79.0, 79, 79, 79, 79])), began=0.0)[1].tolist() == [0] * 5
    assert without_history((time, np.array([0.0, 79, 79, 79, 79])), began=1.0)[1].tolist() == [0, 79, 79, 79, 79]
    assert without_history((time, np.array([79.0] * 5)), began=-1.0)[1].tolist() == [79] * 5, "it came within the run"
    assert len(without_history((time[:0], time[:0]), began=1.0)[0]) == 0


def test_counters_of_events_become_codes():
    first = (np.array([0.0, 1, 2, 3]), np.array([1.0, 1, 2, 2]))
    later = (np.array([2.0, 3]), np.array([1.0, 1]))
    grid, value = codes_of_events([("31", first), ("79", later), ("no", first)], first=0.0)
    assert grid.tolist() == [0, 1, 2, 3] and value.tolist() == [0, 0, 79, 0], "of two at once the last code"


def test_samples_of_one_thing_are_ordered_and_each_moment_counts_once():
    time, value = together([(np.array([3.0, 4]), np.array([1.0, 1])), (np.array([1.0, 3]), np.array([2.0, 2]))])
    assert time.tolist() == [1, 3, 4] and value.tolist() == [2, 1, 1]


def test_hostile_labels_do_no_harm():
    data = Data().add("DCGM_FI_DEV_GPU_TEMP", scrapes(), 60, gpu="0", Hostname='a"} \x1b[31m\n{', instance="x")
    with serving(data) as server:
        (name,) = set(joined(server).series) - {"loss"}
    assert name == 'DCGM_FI_DEV_GPU_TEMP{Hostname="a_____31m__",gpu="0"}'
    assert [r.device for r in roles.resolve(joined_of(data), {}).every("gpu_temperature")] == ["a_____31m__ gpu 0"]


def joined_of(data):
    with serving(data) as server:
        return joined(server)


# --- asking ----------------------------------------------------------------------------------------------------------


def test_a_long_run_is_asked_in_windows_and_nothing_ahead():
    week = 7 * 86400
    with serving(dcgm(gpus=1, seconds=week)) as server:
        found = joined(server, of=run(week, every=600.0), now=START + week - 30)
    asked = [form for path, form in server.asked if path.endswith("query_range") and form["query"].startswith("DCGM")]
    temps = [form for form in asked if form["query"].startswith("DCGM_FI_DEV_GPU_TEMP")]
    assert len(temps) == 4 and len(found.series['DCGM_FI_DEV_GPU_TEMP{Hostname="node1",gpu="0"}']) > 40_000
    assert max(float(form["end"]) for _, form in server.asked) <= START + week


@pytest.mark.parametrize(("query", "step"), [("", 15), ("?step=7", 7), ("?step=120", 120), ("?step=600", 600)])
def test_a_second_look_asks_for_what_is_new_alone_and_gives_the_same(query, step):
    data = dcgm()
    with serving(data) as server:
        first = joined(server, query, of=run(1800), now=START + 1800)
        server.asked.clear()
        grown = joined(server, query, of=run(2400), now=START + 2400)
        spans = [float(f["end"]) - float(f["start"]) for p, f in server.asked if p.endswith("query_range")]
        assert spans and max(spans) <= 600 + 300 + step
        HELD.runs.clear()
        whole = joined(server, query, of=run(2400), now=START + 2400)
    assert grown.series.keys() == whole.series.keys() == first.series.keys()
    for name, one in whole.series.items():
        assert np.array_equal(one.time, grown.series[name].time) and np.array_equal(one.value, grown.series[name].value)


def test_what_is_held_is_bounded(monkeypatch):
    monkeypatch.setattr("runlens.sources.hardware.prometheus.held.RUNS", 2)
    with serving(dcgm()) as server:
        for n in range(4):
            joined(server, of=run(start=START + n))
        assert len(HELD.runs) == 2
        monkeypatch.setattr("runlens.sources.hardware.prometheus.held.SAMPLES", 10)
        joined(server, of=run(start=START + 9))
    assert len(HELD.runs) == 1


def test_a_step_that_the_user_gives_counts():
    with serving(dcgm()) as server:
        found = joined(server, "?step=60")
    assert np.all(np.diff(found.series['DCGM_FI_DEV_GPU_TEMP{Hostname="node1",gpu="0"}'].time) == 60)


# --- access and trouble ----------------------------------------------------------------------------------------------


def test_tokens_and_passwords_come_from_the_environment(monkeypatch):
    with serving(dcgm()) as server:
        server.wanted = "Bearer s3cret"
        with pytest.raises(AccessRefused, match="RUNLENS_PROMETHEUS_TOKEN"):
            joined(server)
        monkeypatch.setenv(client.TOKEN, "s3cret")
        assert len(joined(server).series) > 2
        monkeypatch.delenv(client.TOKEN)
        monkeypatch.setenv(client.USER, "me")
        monkeypatch.setenv(client.PASSWORD, "pass")
        server.wanted = "Basic bWU6cGFzcw=="
        assert len(joined(server).series) > 2
    monkeypatch.setenv(client.TOKEN, "a\nb")
    with pytest.raises(ConfigError, match=client.TOKEN):
        client.Client(Address.parse("prometheus://h"))


def test_no_secret_is_in_what_is_said(monkeypatch):
    monkeypatch.setenv(client.TOKEN, "s3cret")
    body = json.dumps({"status": "error", "errorType": "x", "error": "no\nway, s3cret"}).encode()
    with serving(dcgm()) as server:
        server.trouble = [(400, {}, body)]
        with pytest.raises(ReadError, match="no way, …") as caught:
            joined(server)
    assert "s3cret" not in f"{caught.value}{client.Client(Address.parse('prometheus://h'))!r}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_asked_again(status, monkeypatch):
    with serving(dcgm()) as server:
        server.trouble = [(status, {}, b"busy"), (status, {"Retry-After": "0"}, b"")]
        assert len(joined(server).series) > 2
        server.trouble = [(status, {}, b"busy")] * 3
        with pytest.raises(SourceDown, match=rf"HTTP {status}.* after 3 tries"):
            joined(server)
        slept = []
        monkeypatch.setattr(client.time, "sleep", slept.append)
        server.trouble = [(status, {"Retry-After": "1"}, b"busy")] * 3
        with pytest.raises(SourceDown, match="after 3 tries"):
            joined(server)
        assert slept == [1.0, 1.0]
        server.trouble = [(status, {"Retry-After": "900"}, b"")]
        with pytest.raises(SourceDown, match="asks to wait 900 s"):
            joined(server)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {}, b"<html>hello</html>"), "does not answer as asked: HTTP 200"),
        ((200, {}, b'{"status": "success", "data": 3}'), "no list of series"),
        ((302, {"Location": "http://elsewhere/"}, b""), "sends elsewhere"),
        ((404, {}, b"no"), "HTTP 404"),
        ((422, {}, b'{"status": "error", "error": "too many samples"}'), "too many samples"),
    ],
)
def test_what_is_no_prometheus_is_said(answer, said):
    with serving(dcgm()) as server:
        server.trouble = [answer]
        with pytest.raises(ReadError, match=said):
            joined(server)


def test_a_server_that_is_not_there_is_said_and_an_answer_is_bounded(monkeypatch):
    with serving(dcgm()) as server:
        pass
    with pytest.raises(SourceDown, match="cannot be reached"):
        joined(server)
    monkeypatch.setattr(client, "_MOST", 1000)
    with serving(dcgm()) as server, pytest.raises(ReadError, match="ask for less"):
        joined(server)


def test_a_run_without_times_and_a_time_without_samples_are_said():
    timeless = replace(run(), series={"loss": Series("loss", np.arange(3), np.full(3, np.nan), np.ones(3))})
    with serving(dcgm()) as server:
        with pytest.raises(ReadError, match="no wall times"):
            joined(server, of=timeless)
        with pytest.raises(ReadError, match=r"holds nothing of GPUs or hosts from 2025-12-09"):
            joined(server, of=run(start=START + 10 * 86400), now=START + 20 * 86400)


# --- the whole way ---------------------------------------------------------------------------------------------------


def written(tmp_path, slow_from=None):
    """Where it is slow from a step on, each takes 14 s in the place of 10."""
    late = lambda s: max(s - slow_from, 0) * 4 if slow_from is not None else 0  # noqa: E731
    rows = [
        {"step": s, "timestamp": START + 10 * s + late(s), "loss": 5 - s / 1000,
         "tokens_per_second": 1e5 * (10 / 14 if slow_from is not None and s >= slow_from else 1) + s % 7}
        for s in range(360)
    ]  # fmt: skip
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return str(tmp_path / "run.jsonl")


def test_the_gpu_that_burns_is_found_in_check_and_from_python(tmp_path):
    name = written(tmp_path)
    with serving(dcgm(gpus=8, hot=5)) as server:
        done = runlens("check", name, "--hardware", server.address, "--select", "HW", "-f", "concise")
        assert done.code == 1 and "HW001" in done.out and "node1 GPU 5" in done.out
        assert "HW001" in {f.code for f in check(name, config=write(tmp_path, server.address)).findings}
        assert "HW001" in {f.code for f in check(name, hardware=server.address).findings}
    with serving(dcgm(gpus=8)) as server:
        done = runlens("check", name, "--hardware", server.address, "--select", "HW", "-f", "concise")
    assert done.code == 0 and "HW0" not in done.out


def test_a_slowdown_is_tied_to_clocks_cpu_and_network(tmp_path):
    name = written(tmp_path, slow_from=180)
    data = node(dcgm(gpus=2, hot=1, seconds=2 * 2160), "node1", busy=START + 1800)
    data.series = [
        (k, t, np.where((t >= START + 1800) & (v == 1980) & (k.get("gpu") == "1"), 1200, v)) for k, t, v in data.series
    ]
    with serving(data) as server:
        report = check(name, hardware=server.address)
    (slower,) = [f for f in report.findings if f.code == "TPUT001"]
    assert {tie["role"] for tie in slower.evidence["ties"]} >= {"gpu_clock", "host_cpu", "network_errors"}
    assert "CPU use 25 to 100 %" in slower.message


def write(tmp_path, address):
    (tmp_path / "runlens.toml").write_text(f'hardware = "{address}"\n')
    return tmp_path / "runlens.toml"


def test_a_server_that_cannot_be_read_leaves_the_run_undecided_with_exit_3(tmp_path):
    name = written(tmp_path)
    with serving(Data()) as server:
        done = runlens("check", name, "--hardware", server.address)
    assert done.code == 3 and "holds nothing of GPUs or hosts" in " ".join(done.out.split())


def test_a_watch_tells_the_gpu_that_burns(tmp_path):
    name = written(tmp_path)
    with serving(dcgm(gpus=2, hot=1)) as server:
        done = runlens("watch", name, "--hardware", server.address, "--looks", "1", "--select", "HW001")
    assert "HW001" in done.out and "GPU 1" in done.out


def test_names_that_are_asked_for_are_understood():
    for name in (*beside.metrics.GPU, "nvidia_smi_xid_errors"):
        made = Series(f'{name}{{Hostname="n",gpu="0"}}', np.arange(3), np.arange(3.0), np.arange(3.0))
        placed = roles.resolve(replace(run(), series={made.name: made}), {})
        (role,) = placed.roles
        assert role.startswith("gpu_"), (name, role)
        assert placed.every(role)[0].device == "n gpu 0"
