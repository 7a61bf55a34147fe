"""Runs of an object store: which names are addresses, what is fetched, and that nothing is fetched twice."""

from __future__ import annotations

import sqlite3
import sys
from datetime import datetime
from pathlib import Path

import fsspec
import pytest

from runlens.cli import app
from runlens.errors import AccessRefused, ConfigError, NoRunFound, NotALog, ReadError, SourceDown
from runlens.model import RunRef
from runlens.sources import Search, discover, object_store, read, registry
from runlens.sources.contract import HEAD
from runlens.sources.object_store import copies as module
from runlens.sources.object_store.choice import chosen
from runlens.sources.object_store.copies import Copies, buckets
from runlens.sources.object_store.store import _stored
from tests.sources.tfevents_writer import image, scalar, version, write

TABLE = b"step,loss,lr\n" + b"".join(b"%d,%.3f,0.001\n" % (s, 5 - s / 100) for s in range(40))
LINES = b"".join(b'{"step": %d, "loss": %.3f}\n' % (s, 4 - s / 100) for s in range(40))
LOG = b"".join(b"step: %d loss: %.3f lr: 0.001\n" % (s, 3 - s / 100) for s in range(40))
LONG_LOG = b"".join(b"step: %d loss: %.3f lr: 0.001\n" % (s, 3 - s / 1e4) for s in range(HEAD // 20))


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """An empty store, and a cache of its own; `asked` lists what was fetched."""
    monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / "cache"))
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    system.asked = []
    real = type(system).cat_file

    def cat_file(self, path, start=None, end=None, **more):
        self.asked.append((path, start, end))
        return real(self, path, start=start, end=end, **more)

    monkeypatch.setattr(type(system), "cat_file", cat_file)
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def put(system, files):
    for name, content in files.items():
        system.pipe(name, content)


@pytest.mark.parametrize("text", ["s3://bucket/logs", "gs://b", "memory://x", "S3://Bucket/Logs", "abfs+x://c/d"])
def test_addresses_of_object_stores(text):
    assert object_store.parse(text) == text


@pytest.mark.parametrize(
    "text", ["logs", "wandb://a/b", "https://wandb.ai/a/b", "file:///tmp/x", "://x", "team/project", ""]
)
def test_other_names_are_none(text):
    assert object_store.parse(text) is None


def test_runs_of_every_form_are_found_and_read_by_their_addresses(memory, tmp_path):
    events = write(tmp_path, [version(), *(scalar("loss", s, 1.0) for s in range(200)), image(1, 3_000_000)])
    put(memory, {
        "/logs/a/events.out.tfevents.1.h": events.read_bytes(), "/logs/b/metrics.csv": TABLE,
        "/logs/c/metrics.jsonl": LINES, "/logs/d/train.log": LOG, "/logs/e/model.bin": b"x" * 99,
    })  # fmt: skip
    refs = discover("memory://logs")
    assert [ref.id for ref in refs] == ["a", "b/metrics", "c/metrics", "d/train"]
    runs = [read(ref) for ref in refs]
    assert [next(iter(run.series.values())).value.tolist()[0] for run in runs] == [1.0, 5.0, 4.0, 3.0]
    assert [run.source for run in runs] == [
        "memory://logs/a", "memory://logs/b/metrics.csv", "memory://logs/c/metrics.jsonl", "memory://logs/d/train.log",
    ]  # fmt: skip
    assert [ref.shown for ref in refs] == [run.source for run in runs]
    assert refs[0].shown_files == ("memory://logs/a/events.out.tfevents.1.h",)
    assert not any("model.bin" in path for path, *_ in memory.asked)


@pytest.mark.parametrize(
    ("name", "content"), [("/logs/run.csv", TABLE), ("/logs/odd.name", LINES), ("/logs/out.txt", LOG)]
)
def test_a_file_that_is_named_is_a_run_whatever_its_name(memory, name, content):
    put(memory, {name: content})
    (ref,) = discover(f"memory:/{name}")
    assert read(ref).source == f"memory:/{name}"


def test_a_file_of_a_store_may_hold_several_runs_and_takes_options(memory):
    rows = b"".join(b"%s,%d,%d,%.3f\n" % (run, s, s * 7, 5 - s / 100) for run in (b"x", b"y") for s in range(30))
    put(memory, {"/logs/all.csv": b"run,step,odd,loss\n" + rows})
    refs = discover("memory://logs/all.csv")
    assert [ref.member for ref in refs] == ["x", "y"]
    options = type(refs[0].options)(x="odd")
    (first, _) = discover("memory://logs/all.csv", options=options)
    assert first.options == options
    assert read(first).series["loss"].step[:3].tolist() == [0, 7, 14]


def test_filters_are_refused_and_what_is_not_there_is_said(memory):
    put(memory, {"/store/metrics.csv": TABLE, "/bare/model.bin": b"x"})
    with pytest.raises(ConfigError, match="filters"):
        discover("memory://store", state=["finished"])
    with pytest.raises(NoRunFound, match="there is no file or folder memory://nowhere"):
        discover("memory://nowhere")
    with pytest.raises(NoRunFound, match="memory://bare"):
        discover("memory://bare")


def test_what_did_not_change_is_not_fetched_again_and_what_did_is(memory):
    put(memory, {"/logs/a.csv": TABLE, "/logs/b.csv": TABLE})
    discover("memory://logs")
    assert len(memory.asked) == 2
    discover("memory://logs")
    assert len(memory.asked) == 2
    put(memory, {"/logs/b.csv": TABLE + b"40,1.0,0.001\n"})
    refs = discover("memory://logs")
    assert [path for path, *_ in memory.asked[2:]] == ["/logs/b.csv"]
    assert [len(read(ref).series["loss"].step) for ref in refs] == [40, 41]


def test_what_was_removed_is_no_run_any_more(memory):
    put(memory, {"/logs/a/m.csv": TABLE, "/logs/b/m.csv": TABLE, "/logs/b/.gitignore": b"m.csv\n"})
    assert [ref.id for ref in discover("memory://logs")] == ["a/m"]
    memory.rm("/logs/b/.gitignore")
    memory.rm("/logs/a/m.csv")
    assert [ref.id for ref in discover("memory://logs")] == ["b/m"]


def test_a_copy_that_was_lost_or_cut_is_fetched_again(memory):
    put(memory, {"/logs/a.csv": TABLE, "/logs/b.csv": TABLE})
    refs = discover("memory://logs")
    for ref, action in zip(refs, ("cut", "lose"), strict=True):
        Path(ref.location).write_bytes(TABLE[:20])
        if action == "lose":
            Path(ref.location).unlink()
    assert [len(read(ref).series["loss"].step) for ref in discover("memory://logs")] == [40, 40]


def test_a_large_object_is_fetched_in_ranges_and_is_the_same(memory, monkeypatch):
    monkeypatch.setattr(module, "RANGE", 1000)
    long = b"step,loss\n" + b"".join(b"%d,%.3f\n" % (s, 5 - s / 1e4) for s in range(20_000))
    put(memory, {"/logs/a.csv": long})
    (ref,) = discover("memory://logs")
    assert Path(ref.location).read_bytes() == long
    assert len(memory.asked) == -(-len(long) // 1000)


def test_an_object_that_is_written_while_it_is_fetched_is_of_one_version(memory, monkeypatch):
    monkeypatch.setattr(module, "RANGE", 100)
    put(memory, {"/logs/a.csv": TABLE})
    real, count = type(memory).cat_file, []

    def cat_file(self, path, start=None, end=None, **more):
        found = real(self, path, start=start, end=end, **more)
        count.append(start)
        if len(count) == 2:
            self.pipe(path, TABLE.replace(b"0.001", b"0.002") + b"40,1.0,0.002\n")
        return found

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    (ref,) = discover("memory://logs")
    assert set(read(ref).series["lr"].value.tolist()) == {0.002}


def test_what_is_only_perhaps_a_log_is_looked_into_before_it_is_fetched(memory):
    put(memory, {
        "/logs/tokenizer.json": b'{"a": 1, ' + b'"b": "' + b"x" * (3 * HEAD) + b'"}', "/logs/m.csv": TABLE,
        "/logs/b/train.log": LONG_LOG,
    })  # fmt: skip
    assert sorted(ref.id for ref in discover("memory://logs")) == ["b/train", "m"]
    asked = sorted((path, end or 0) for path, _, end in memory.asked)
    assert asked == [
        ("/logs/b/train.log", 0), ("/logs/b/train.log", HEAD), ("/logs/m.csv", 0), ("/logs/tokenizer.json", HEAD),
    ]  # fmt: skip
    before = len(memory.asked)
    discover("memory://logs")
    assert len(memory.asked) == before  # that it is none is remembered


def test_one_object_that_cannot_be_fetched_costs_its_own_run_alone(memory, monkeypatch):
    put(memory, {"/logs/a.csv": TABLE, "/logs/b.csv": TABLE})
    real = type(memory).cat_file

    def cat_file(self, path, start=None, end=None, **more):
        if path.endswith("b.csv"):
            raise PermissionError(path)
        return real(self, path, start=start, end=end, **more)

    monkeypatch.setattr(type(memory), "cat_file", cat_file)
    good, bad = discover("memory://logs")
    assert read(good).series
    with pytest.raises(ReadError, match=r"memory://logs/b.csv.*could not be fetched: no permission to read memory"):
        read(bad)


def test_a_worker_on_another_machine_fetches_what_it_reads(memory, tmp_path, monkeypatch):
    put(memory, {"/logs/a/m.csv": TABLE, "/logs/b/m.csv": LINES})
    ref, _ = discover("memory://logs")
    monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / "other"))
    before = len(memory.asked)
    run = read(ref)
    assert (run.source, len(run.series["loss"].step)) == ("memory://logs/a/m.csv", 40)
    assert [path for path, *_ in memory.asked[before:]] == ["/logs/a/m.csv"]


def test_sentences_name_the_address_and_not_the_copy(memory, tmp_path):
    put(memory, {"/logs/a.csv": b"step,loss\n\0\0\0\0", "/logs/b.csv": TABLE, "/logs/trainer.log": b"\xff\xfe\0junk"})
    search = Search()
    refs = discover("memory://logs", search=search)
    assert all(one.path.startswith("memory://logs/") for one in search.unread)
    for ref in refs:
        try:
            said = str([note.message for note in read(ref).notes])
        except ReadError as error:
            said = str(error)
        assert str(tmp_path) not in said
    put(memory, {"/x/a.pdf": b"%PDF"})
    with pytest.raises(NotALog, match=r"memory://x/a\.pdf"):
        discover("memory://x/a.pdf")


@pytest.mark.parametrize("key", ["a//b/m.csv", "../../m.csv", "./m.csv", "50%/m.csv", f"{'n' * 300}/m.csv", "é/m.csv"])
def test_no_name_leads_out_of_the_folder_of_copies_and_none_is_lost(tmp_path, key):
    copies = Copies(tmp_path / "copies")
    place = copies.place(f"bucket/{key}")
    assert place.resolve().is_relative_to(copies.root.resolve())
    assert len(place.parts) == len(copies.root.parts) + 1 + len(key.split("/"))
    if len(key) < 200:
        assert copies.key_of(str(place)) == f"bucket/{key}"


def test_copies_are_private_and_leave_no_parts(memory, tmp_path):
    put(memory, {"/logs/a/m.csv": TABLE})
    discover("memory://logs")
    objects = tmp_path / "cache" / "objects"
    assert {p.stat().st_mode & 0o077 for p in (objects, *objects.rglob("*.csv"))} == {0}
    assert not list((tmp_path / "cache").rglob("*.part"))


def test_a_damaged_database_costs_a_fetch(memory, tmp_path):
    put(memory, {"/logs/m.csv": TABLE})
    discover("memory://logs")
    (tmp_path / "cache/objects/memory/.copies.sqlite").write_bytes(b"no database" * 999)
    assert len(discover("memory://logs")) == 1
    with sqlite3.connect(tmp_path / "cache/objects/memory/.copies.sqlite") as base:
        assert base.execute("SELECT count(*) FROM copies").fetchone() == (1,)
    base.close()


def test_where_no_copies_can_be_kept_they_are_fetched_each_time_and_it_is_said(memory, tmp_path, monkeypatch):
    put(memory, {"/logs/m.csv": TABLE})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUNLENS_CACHE_DIR", str(tmp_path / "file"))
    search = Search()
    (ref,) = discover("memory://logs", search=search)
    assert (len(read(ref).series["loss"].step), read(ref).source) == (40, "memory://logs/m.csv")
    assert ["RUNLENS_CACHE_DIR" in note and "memory://logs" in note for note in search.notes] == [True]


def test_only_what_the_walk_of_a_folder_would_look_into_is_chosen():
    names = [
        "m.csv", ".hidden/m.csv", "node_modules/x.csv", "deep/er/train.log", "weights.safetensors", ".gitignore",
        "mlruns/0/run/meta.yaml", "mlruns/0/run/params/lr", "mlruns/0/run/metrics/loss",
        "mlruns/0/run/artifacts/big.csv", "w/run.wandb", "w/files/wandb-summary.json", "skip/m.csv",
    ]  # fmt: skip
    assert chosen(names, Search(exclude=["skip"])) == [
        ".gitignore", "deep/er/train.log", "m.csv", "mlruns/0/run/meta.yaml", "mlruns/0/run/metrics/loss",
        "mlruns/0/run/params/lr", "w/run.wandb",
    ]  # fmt: skip
    assert registry.read_beside() <= {name for entry in registry.SOURCES for name in entry.inner}


def test_a_missing_driver_is_said_without_secrets(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(ReadError, match="gs://bucket/logs needs a driver that is not installed") as caught:
        discover("gs://user:secret@bucket/logs?token=abc")
    assert "secret" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_missing_fsspec_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(ReadError, match=r"runlens-cli\[remote\]"):
        discover("s3://bucket/logs")


@pytest.mark.parametrize(
    ("listed", "asked", "same"),
    [
        ({"ETag": '"a"', "LastModified": datetime(2026, 1, 1, 0, 0, 0, 999)}, {"ETag": '"a"'}, True),
        ({"ETag": '"a"'}, {"ETag": '"b"'}, False),
        ({"LastModified": datetime(2026, 1, 1, 0, 0, 5, 999)}, {"LastModified": "2026-01-01T00:00:05"}, True),
        ({"created": datetime(2026, 1, 1, 0, 0, 5)}, {"created": datetime(2026, 1, 1, 0, 0, 6)}, False),
        ({"updated": "soon", "generation": 7}, {"generation": 7}, True),
    ],
)
def test_a_version_is_the_same_in_a_listing_and_of_the_object_itself(listed, asked, same):
    assert (_stored("k", listed).version == _stored("k", asked).version) == same


@pytest.mark.parametrize(
    ("raised", "said", "kind"),
    [
        (
            type("NoCredentialsError", (Exception,), {})("key=secret"),
            "could not be read: NoCredentialsError",
            SourceDown,
        ),
        (PermissionError("key=secret"), "no permission to read memory://logs", AccessRefused),
        (TimeoutError(110, "timed out"), "could not be read: timed out", SourceDown),
    ],
)
def test_whatever_a_driver_raises_is_one_sentence(memory, monkeypatch, raised, said, kind):
    def refuse(*_, **__):
        raise raised

    monkeypatch.setattr(type(memory), "find", refuse)
    with pytest.raises(kind, match=said) as caught:
        discover("memory://logs")
    assert "secret" not in str(caught.value)


def test_a_reference_that_is_no_copy_shows_where_it_is():
    ref = RunRef("table", "/a/b", "b", ("/a/b/c.csv",))
    assert (ref.shown, ref.shown_files, RunRef("table", "/a", "a").shown_files) == ("/a/b", ("/a/b/c.csv",), ("/a",))


def test_the_cache_tells_of_its_buckets_and_is_cleared(memory, capsys):
    put(memory, {"/logs/m.csv": TABLE, "/odd%name/m.csv": LINES})
    discover("memory://logs")
    discover("memory://odd%name")
    assert [(one.path, one.bytes) for one in buckets()] == [
        ("memory://logs", len(TABLE)), ("memory://odd%name", len(LINES)),
    ]  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        app(["cache", "clear", "memory://logs"])
    assert (ended.value.code, [one.path for one in buckets()]) == (0, ["memory://odd%name"])
    assert "removed 0 runs, 1 bucket" in capsys.readouterr().err
    assert len(read(discover("memory://logs")[0]).series["loss"].step) == 40


def test_each_object_that_is_fetched_is_a_sign_of_life(memory):
    put(memory, {f"/logs/{name}.csv": TABLE for name in "abc"})
    said = []
    discover("memory://logs", search=Search(step=lambda count, place: said.append((count, place))))
    assert [one for one in said if one[1].endswith(".csv")] == [
        (i, f"/logs/{name}.csv") for i, name in enumerate("abc")
    ]
    said.clear()
    discover("memory://logs", search=Search(step=lambda count, place: said.append((count, place))))
    assert not [one for one in said if one[1].endswith(".csv")]
