"""Engines: results in order, errors as they were raised, and a worker that dies costs its own items alone."""

from __future__ import annotations

import copy
import os
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace

import pytest

from runlens.errors import ConfigError, SourceDown
from runlens.judging import engines
from runlens.judging.engines import local
from runlens.judging.engines.local import MOST_AT_ONCE, Workers


def double(item: int) -> int:
    time.sleep(0.002 * (item % 3))  # so that later ones are ready before earlier ones
    return 2 * item


def deadly(item: int) -> int:
    if item in (7, 50):
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * item


def deadly_once(item: tuple[Path, int]) -> int:
    """Takes its worker down the first time."""
    folder, number = item
    if number == 7 and not (folder / "been").exists():
        (folder / "been").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def failing(item: int) -> int:
    if item == 3:
        raise KeyError("three")
    return item


def lost(item: int, sentence: str) -> int:
    assert "killed" in sentence
    return -item


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_the_order_of_the_items(jobs):
    items = list(range(3 * MOST_AT_ONCE))
    assert list(engines.of("local", jobs, len(items)).each(double, items, lost)) == [2 * i for i in items]


@pytest.mark.parametrize(("jobs", "items"), [(1, 5), (2, 1), (2, 0)])
def test_no_worker_is_started_where_there_is_nothing_to_share(jobs, items):
    assert engines.of("local", jobs, items) is engines.IN_PROCESS


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_work_raises_is_raised(jobs):
    with pytest.raises(KeyError, match="three"):
        list(engines.of("local", jobs, 9).each(failing, range(9), lost))


def test_an_item_that_kills_its_worker_is_lost_alone():
    items = list(range(80))
    done = list(Workers(2).each(deadly, items, lost))
    assert done == [-i if i in (7, 50) else 2 * i for i in items]


def test_an_item_whose_worker_was_killed_once_is_done_again(tmp_path):
    items = [(tmp_path, i) for i in range(20)]
    assert list(Workers(2).each(deadly_once, items, lost)) == [2 * i for i in range(20)]
    assert (tmp_path / "been").exists()


@pytest.mark.parametrize("sent", [0, 3])
def test_a_worker_that_dies_while_the_work_is_sent_costs_nothing(sent, monkeypatch):
    made = []

    class Broken:
        """Refuses what is sent after a while, as a pool does whose worker died."""

        def __init__(self, pool):
            self.pool, self.submitted = pool, 0
            self.shutdown = pool.shutdown

        def submit(self, *work):
            self.submitted += 1
            if self.submitted > sent:
                raise BrokenProcessPool
            return self.pool.submit(*work)

    def first_breaks(jobs):
        made.append(pool(jobs) if made else Broken(pool(jobs)))
        return made[-1]

    pool = local._pool
    monkeypatch.setattr(local, "_pool", first_breaks)
    assert list(Workers(2).each(double, range(20), lost)) == [2 * i for i in range(20)]
    assert len(made) > 1


@pytest.mark.parametrize("address", ["locl", "dask", "dask://", "spark://host:1"])
def test_an_engine_that_there_is_not(address):
    with pytest.raises(ConfigError, match="there is no engine"):
        engines.of(address, 1, 10)


def test_a_library_that_is_not_installed_is_named(monkeypatch):
    def absent(name: str) -> None:
        raise ModuleNotFoundError("No module named 'ray'", name="ray")

    monkeypatch.setattr(engines, "import_module", absent)
    with pytest.raises(ConfigError, match=r"needs ray, which is not installed; install runlens-cli\[ray\]"):
        engines.of("ray://head:10001", 1, 10)


@pytest.fixture
def scheduler():
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp", host="127.0.0.1"
    ) as cluster:
        yield cluster.scheduler_address.replace("tcp://", "dask://")


@pytest.mark.filterwarnings("ignore")  # of tornado and asyncio, as the cluster of the test is taken down
def test_a_dask_cluster_does_the_same(scheduler, monkeypatch):
    from runlens.judging.engines import dask

    monkeypatch.setattr(dask, "AHEAD", 7)
    engine = engines.of(scheduler, 1, 20)
    assert list(engine.each(double, range(20), lost)) == [2 * i for i in range(20)]
    with pytest.raises(KeyError, match="three"):
        list(engine.each(failing, range(9), lost))


@pytest.mark.filterwarnings("ignore")
def test_a_dask_worker_that_was_killed_too_often_costs_its_item(scheduler, monkeypatch):
    from distributed import Future
    from distributed.scheduler import KilledWorker

    from runlens.judging.engines import dask

    result = Future.result

    def killed(self, timeout=None):
        if (found := result(self, timeout)) == 6 or (isinstance(found, list) and 6 in found):
            raise KilledWorker("task", "worker", 3)
        return found

    monkeypatch.setattr(Future, "result", killed)
    monkeypatch.setattr(dask, "FEWEST_SHARES", 2)
    assert list(engines.of(scheduler, 1, 7).each(double, range(7), lost)) == [0, 2, 4, -3, 8, 10, 12]


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer(monkeypatch):
    pytest.importorskip("distributed")
    from runlens.judging.engines import dask

    monkeypatch.setattr(dask, "PATIENCE", "0.2s")
    with pytest.raises(SourceDown, match=r"no Dask scheduler answers at dask://127\.0\.0\.1:9"):
        list(engines.of("dask://127.0.0.1:9", 1, 3).each(double, range(3), lost))


class Ray(ModuleType):
    """Ray's client as far as it is used, in this process; the real one is too large to be installed for a test."""

    def __init__(self) -> None:
        super().__init__("ray")
        names = ("RayTaskError", "WorkerCrashedError", "OutOfMemoryError")
        self.exceptions = ModuleType("ray.exceptions")
        for name in names:
            setattr(self.exceptions, name, type(name, (Exception,), {}))
        self.open, self.waiting, self.most = False, 0, 0

    def init(self, address, **options):
        if address.endswith(":9"):
            raise ConnectionError("ray client connection timeout")
        self.open = True
        return SimpleNamespace(disconnect=lambda: setattr(self, "open", False))

    def put(self, thing):
        return thing

    def remote(self, **options):
        def decorate(function):
            assert isinstance(function, FunctionType)  # as Ray demands
            return SimpleNamespace(remote=lambda *given: self.submit(function, *given))

        return decorate

    def submit(self, function, work, item):
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        return function, work, item

    def get(self, task):
        self.waiting -= 1
        function, work, item = task
        if item in (6, 7) and work.args[-1] is double:
            raise (self.exceptions.WorkerCrashedError, self.exceptions.OutOfMemoryError)[item - 6]
        try:
            return function(work, item)
        except KeyError as cause:
            error = self.exceptions.RayTaskError()
            error.as_instanceof_cause = partial(copy.copy, cause)
            raise error from None


@pytest.fixture
def ray(monkeypatch):
    made = Ray()
    monkeypatch.setitem(sys.modules, "ray", made)
    monkeypatch.setitem(sys.modules, "ray.exceptions", made.exceptions)
    monkeypatch.delitem(sys.modules, "runlens.judging.engines.ray", raising=False)
    yield made
    sys.modules.pop("runlens.judging.engines.ray", None)


def test_a_ray_cluster_does_the_same(ray, monkeypatch):
    engine = engines.of("ray://head:10001", 1, 20)
    monkeypatch.setattr(sys.modules["runlens.judging.engines.ray"], "AHEAD", 5)
    assert list(engine.each(double, range(20), lost)) == [-i if i in (6, 7) else 2 * i for i in range(20)]
    assert (ray.open, ray.most) == (False, 5)
    with pytest.raises(KeyError, match="three"):
        list(engine.each(failing, range(9), lost))
    assert not ray.open


def test_a_head_that_does_not_answer(ray):
    with pytest.raises(SourceDown, match=r"no Ray head answers at ray://127\.0\.0\.1:9"):
        list(engines.of("ray://127.0.0.1:9", 1, 3).each(double, range(3), lost))


def test_work_is_done_in_the_folder_where_it_was_asked_for(monkeypatch, tmp_path):
    """Relative names of runs mean the same to a worker that was started elsewhere."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)
    work = engines.from_here(lambda item: (Path.cwd(), item))
    monkeypatch.chdir(there)
    assert work(1) == (here, 1)
    monkeypatch.chdir(there)
    here.rmdir()
    assert work(2) == (there, 2)
