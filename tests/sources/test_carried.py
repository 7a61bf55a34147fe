"""A run that is read look by look is the run that is read at once, whatever happens to its file."""

import os

import numpy as np
import pytest

from runlens import sources
from runlens.growing import Grown
from runlens.model import RunRef
from runlens.sources.bounds import within_bounds
from runlens.sources.carried import carried, event_files, table, wandb_file
from runlens.sources.carried.prefix import Prefix
from tests.sources import growing

TABLES = {"a.jsonl": growing.json_lines, "a.csv": growing.table, "a.log": growing.logged_lines}


def looks(path, content, ends, others=None, source="table"):
    """Look at a file of each of these lengths, and hold each look against reading it at once."""
    ref = RunRef(source, str(path), "run", (str(path),))
    reader = carried(ref)
    for k, end in enumerate(ends):
        if others is not None and k in others:
            others[k]()
        done = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(content[done:end])
        growing.same(within_bounds(reader.read()), sources.read(ref))


def begun(monkeypatch):
    """How often a file was begun anew."""
    count = []
    real = table._Lines.begin
    monkeypatch.setattr(table._Lines, "begin", lambda *args: count.append(1) or real(*args))
    return count


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("odd", [False, True], ids=["plain", "odd"])
def test_at_random_cuts_a_table_is_the_one_that_is_read_at_once(tmp_path, monkeypatch, name, seed, odd):
    rng = np.random.default_rng([seed, odd])
    content = TABLES[name](rng, 2500, odd)
    count = begun(monkeypatch)
    ends = growing.pieces(content, rng, 8, 150_000)
    looks(tmp_path / name, content, ends)
    assert len(count) == 1 if name != "a.csv" or not odd else 1 <= len(count) < 2 * len(ends)


@pytest.mark.parametrize("form", ['{{"step": {0}, "loss": {1}, "speed": "{2} s/it"}}', "{0},{1},{2}k tok/s"])
def test_units_in_cells_are_those_of_the_whole_table(tmp_path, form):
    head = "" if form[0] == "{" and form[1] == "{" else "step,loss,speed\n"
    rows = (form.format(s, round(3 - s / 4000, 4), round(1 + s % 7 / 10, 1)) + "\n" for s in range(9000))
    content = (head + "".join(rows)).encode()
    looks(tmp_path / ("a.csv" if head else "a.jsonl"), content, [90_000, 120_001, 150_500, len(content)])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("odd", [False, True], ids=["plain", "odd"])
def test_at_random_cuts_event_files_are_those_that_are_read_at_once(tmp_path, monkeypatch, seed, odd):
    """One file, or several of a run that was taken up again; records are cut anywhere."""
    rng = np.random.default_rng([seed, odd])
    names = [f"events.out.tfevents.{1790000000 + k}.host.1.{k}" for k in range(1 + seed % 3)]
    contents = [growing.events(rng, 300, odd, (290 - 90 * (seed > 5)) * k) for k in range(len(names))]
    count = []
    real = event_files.read_file
    monkeypatch.setattr(event_files, "read_file", lambda *args: count.append(args[3]) or real(*args))
    ref = reader = known = None
    for end in [*np.sort(rng.integers(0, sum(map(len, contents)), 12)), sum(map(len, contents))]:
        for name, content in zip(names, contents, strict=True):
            if end > 0 or name == names[0]:
                (tmp_path / name).write_bytes(b"") if not (tmp_path / name).exists() else None
                with (tmp_path / name).open("r+b") as file:
                    done = file.seek(0, 2)
                    file.write(content[done : max(end, 0)])
            end -= len(content)
        (ref,) = sources.discover(str(tmp_path))
        if ref != known:  # another file
            known, reader = ref, reader if known and reader_takes(reader, ref) else carried(ref)
        growing.same(within_bounds(reader.read()), sources.read(ref))
    assert odd or seed > 5 or sum(base > 0 for base in count) >= 8, "rows that were read are not read again"


def test_the_last_of_several_trainings_in_event_files_is_read_on_as_well(tmp_path, monkeypatch):
    """It has files of its own; that others lie beside them is a note."""
    bases, real = [], event_files.read_file
    monkeypatch.setattr(event_files, "read_file", lambda *args: bases.append(args[3]) or real(*args))
    names = [f"events.out.tfevents.{1790000000 + k}.host.1.{k}" for k in range(2)]
    contents = [growing.events(np.random.default_rng(k), 300, False, 0) for k in range(2)]
    (tmp_path / names[0]).write_bytes(contents[0])
    reader = None
    for end in (len(contents[1]) // 3, len(contents[1]) // 2, len(contents[1])):
        (tmp_path / names[1]).touch()
        with (tmp_path / names[1]).open("r+b") as file:
            file.write(contents[1][file.seek(0, 2) : end])
        _, ref = sources.discover(str(tmp_path))
        assert ref.member == "2 of 2"
        reader = reader or carried(ref)
        growing.same(within_bounds(reader.read()), sources.read(ref))
    assert [base > 0 for base in bases] == [False, True, True]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("odd", [False, True], ids=["plain", "odd"])
def test_at_random_cuts_a_wandb_file_is_the_one_that_is_read_at_once(tmp_path, monkeypatch, seed, odd):
    """Blocks are flushed whole, or cut anywhere; the second file of a run that was resumed grows, too."""
    rng = np.random.default_rng([seed, odd])
    count = []
    real = wandb_file._File.read
    monkeypatch.setattr(
        wandb_file._File, "read", lambda own, *more: count.append(own._frames.behind) or real(own, *more)
    )
    files = [tmp_path / "wandb" / f"offline-run-2027010{k}_000000-abc" / "run-abc.wandb" for k in range(1 + seed % 2)]
    reader = None
    for k, file in enumerate(files):
        content = growing.wandb_records(rng, 600, odd, 0 if odd else 500 * k)
        file.parent.mkdir(parents=True)
        for end in [*np.sort(rng.integers(0, len(content), 8)), len(content)]:
            with file.open("ab") as out:
                out.write(content[out.tell() : end if rng.random() < 0.5 else end // 32768 * 32768])
            (ref,) = sources.discover(str(tmp_path))
            reader = reader or carried(ref)
            reader.ref = ref
            growing.same(within_bounds(reader.read()), sources.read(ref))
    assert sum(behind > 0 for behind in count) >= 5, "rows that were read are not read again"


def test_a_damaged_wandb_file_is_read_whole_and_so_is_one_that_was_replaced(tmp_path):
    path = tmp_path / "run-abc.wandb"
    content, other = (growing.wandb_records(np.random.default_rng(seed), 900, True) for seed in (1, 2))
    hurt = bytearray(content)
    hurt[150_000] ^= 1

    def replaced():
        (tmp_path / "new").write_bytes(other[: path.stat().st_size])
        (tmp_path / "new").replace(path)

    looks(path, bytes(hurt), [100_000, 140_000, 160_000, 200_000, len(content)], source="wandb_file")
    path.unlink()
    looks(path, other, [100_000, 140_000, 160_000], {2: replaced}, source="wandb_file")


def reader_takes(reader, ref):
    """Give the reader the new reference, as the watch does."""
    reader.ref = ref
    return True


@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_is_still_short_is_read_whole(tmp_path, monkeypatch, name):
    content = TABLES[name](np.random.default_rng(0), 2500, True)
    looks(tmp_path / name, content, [700, 5000, 70_000, 140_000, 200_000])


@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_was_cut_replaced_or_written_anew_is_read_again(tmp_path, name):
    path = tmp_path / name
    content, other = (TABLES[name](np.random.default_rng(seed), 3000, False) for seed in (1, 2))

    def cut():
        os.truncate(path, 160_000)

    def replaced():
        size = path.stat().st_size
        (tmp_path / "new").write_bytes(other[:size])
        (tmp_path / "new").replace(path)

    def anew():
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.write(other[:size])

    looks(path, content, [170_000, 150_000 + 20_000, 180_000, 190_000], {2: cut})
    path.unlink()
    looks(path, other, [170_000, 180_000], {1: replaced})
    path.unlink()
    looks(path, other, [170_000, 180_000], {1: anew})


def test_a_change_before_what_is_new_is_seen(tmp_path):
    """In the first bytes, in those before the end, and at places between them."""
    path = tmp_path / "file"
    content = bytes(np.random.default_rng(0).integers(0, 255, 1 << 20, dtype=np.uint8))
    path.write_bytes(content)
    with path.open("rb") as file:
        known = Prefix.of(file, len(content))
    assert known.is_of(path)
    with path.open("ab") as file:
        file.write(b"more")
    assert known.is_of(path)
    for at in (0, 65_535, len(content) - 1, len(content) - 65_536):
        with path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([content[at] ^ 1]))
        assert not known.is_of(path)
        with path.open("r+b") as file:
            file.seek(at)
            file.write(content[at : at + 1])
    with path.open("r+b") as file:  # a line that was put into the middle moves all behind it
        file.seek(len(content) // 2)
        file.write(b"x" + content[len(content) // 2 :])
    assert not known.is_of(path)
    os.truncate(path, len(content) - 1)
    assert not known.is_of(path)
    path.unlink()
    assert not known.is_of(path)


def test_a_column_that_grows_leaves_what_was_shown_as_it_was():
    grown, shown = Grown(np.float64), []
    for n in range(0, 5000, 37):
        grown.extend(np.arange(n, n + 37, dtype=np.float64))
        shown.append(grown.view())
    for k, view in enumerate(shown):
        assert np.array_equal(view, np.arange(37 * (k + 1)))
        assert not view.flags.writeable
