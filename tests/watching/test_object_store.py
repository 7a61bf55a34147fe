"""A watch of an object store sees what is written to it."""

from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.watching.world import START, World


def events(folder, first, steps, name):
    """The bytes of an event file of a falling loss, NaN from step 500 to 505."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder), filename_suffix=name)
    for step in range(first, first + steps):
        loss = float("nan") if 500 <= step < 506 else 5 - step / 1000 + step % 7 / 100
        value = Summary.Value(tag="train/loss", simple_value=loss)
        writer.add_event(Event(wall_time=START + step, step=step, summary=Summary(value=[value])))
    writer.close()
    (file,) = [f for f in folder.iterdir() if f.name.endswith(name)]
    return file.read_bytes()


class Remembers(MemoryFileSystem):
    """Keeps its listings for ever, as the drivers of S3 and GCS do."""

    protocol = "remembers"
    store: ClassVar[dict] = {}
    pseudo_dirs: ClassVar[list] = [""]
    cachable = True

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.listed = {}

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("remembers://", "memory://"))

    def unstrip_protocol(self, name):
        return f"remembers:/{name}"

    def ls(self, path, detail=True, **more):
        path = self._strip_protocol(path)
        if path not in self.listed:
            self.listed[path] = [dict(entry) for entry in super().ls(path, detail=True, **more)]
        return self.listed[path] if detail else [entry["name"] for entry in self.listed[path]]

    def info(self, path, **more):
        path = self._strip_protocol(path)
        for entries in self.listed.values():
            for entry in entries:
                if entry["name"] == path:
                    return entry
        return super().info(path, **more)

    def invalidate_cache(self, path=None):
        self.listed.clear()


@pytest.fixture
def system():
    fsspec.register_implementation("remembers", Remembers, clobber=True)
    Remembers.store.clear()
    yield fsspec.filesystem("remembers")
    Remembers.clear_instance_cache()


def seen(world, put, address, tmp_path, metrics):
    """Watch while a file grows and a second run appears."""
    (tmp_path / "a").mkdir()
    whole = events(tmp_path / "a", 0, 900, "a")
    half = whole[: int(len(whole) * 400 / 900)]
    put("run/events.out.tfevents.1.a", half)
    world.at(90, lambda: put("run/events.out.tfevents.1.a", whole))
    world.at(210, lambda: put("other/events.out.tfevents.2.b", whole))
    world.watch(address, until=START + 420, metrics=metrics).run()
    return [line for line in world.out if "LOSS003" in line]


def test_what_was_appended_and_what_is_new_is_noticed(system, tmp_path):
    world = World()

    def write(name, content):
        system.pipe_file(f"/bucket/{name}", content)

    lines = seen(world, write, "remembers://bucket", tmp_path, tmp_path / "m.prom")
    assert [line.split()[1].split("/")[-1] for line in lines] == ["run", "other"], (world.out, world.err)


def test_an_s3_bucket_is_noticed_too(tmp_path, monkeypatch):
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    server = moto.ThreadedMotoServer(port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        for name, value in {
            "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        import boto3

        client = boto3.client("s3", endpoint_url=endpoint)
        client.create_bucket(Bucket="bucket")
        world = World()
        lines = seen(
            world, lambda name, content: client.put_object(Bucket="bucket", Key=f"logs/{name}", Body=content),
            "s3://bucket/logs", tmp_path, tmp_path / "m.prom",
        )  # fmt: skip
        assert [line.split()[1].split("/")[-1] for line in lines] == ["run", "other"], (world.out, world.err)
    finally:
        server.stop()
