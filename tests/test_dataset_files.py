"""Files of datasets: known by their content, found where they lie, fetched without ever half a file
under its name."""

import dataclasses
import errno
import gzip
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reproduce import content, files, places
from reproduce.content import DataError, NotThere, WrongBytes, read, read_file
from reproduce.data import Dataset
from reproduce.files import NotReached, obtain, take
from reproduce.places import CannotWrite, NotAccepted, Places
from tests.hubtest import ROOT
from tests.mirrortest import (
    CONTENT,
    LARGE,
    SMALL,
    Fault,
    Mirror,
    closed_port,
    dataset_of,
    file_of,
    mirror,
)

FILE = file_of("pictures.bin", LARGE)
PACKED = gzip.compress(LARGE, mtime=0)
GZ = "/pictures.bin.gz"


@pytest.fixture
def server() -> Iterator[Mirror]:
    with mirror() as one:
        one.hold()
        yield one


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests wait for nothing: a second try comes at once."""
    monkeypatch.setattr(files, "BACKOFF", (0.0, 0.0))


@pytest.fixture
def here(tmp_path: Path) -> Places:
    """A hub's folder that does not exist yet, and nothing else."""
    return Places(store=tmp_path / "home" / "datasets")


def lay(folder: Path, *, packed: bool = False, **changed: bytes) -> Path:
    """The files of the small dataset in a folder, some with other bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in CONTENT.items():
        body = changed.get(name.partition(".")[0], body)
        path = folder / (f"{name}.gz" if packed else name)
        path.write_bytes(gzip.compress(body) if packed else body)
    return folder


def left(folder: Path) -> dict[str, int]:
    """What lies in a folder, by length, but for the lock."""
    return {one.name: one.stat().st_size for one in folder.iterdir() if one.name != ".lock"}


WHOLE = {name: len(body) for name, body in CONTENT.items()}


def flipped(body: bytes, at: int) -> bytes:
    return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]


# -- content ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("pictures.bin", LARGE),
        ("pictures.bin.gz", PACKED),
        ("pictures.bin.gz", gzip.compress(LARGE, 1)),
        ("pictures.bin", PACKED),
        ("pictures.bin.gz", LARGE),
        ("pictures.bin.gz", gzip.compress(PACKED)),
        ("pictures.bin.gz", gzip.compress(LARGE[:1_000]) + gzip.compress(LARGE[1_000:])),
        ("pictures.bin.gz", PACKED + bytes(512)),
    ],
    ids=["plain", "packed", "other packing", "packed without saying so", "unpacked though it says so",
         "packed twice", "two members", "padded"],
)  # fmt: skip
def test_any_wrapper_of_the_same_bytes_is_the_file(tmp_path: Path, name: str, body: bytes) -> None:
    (tmp_path / name).write_bytes(body)
    found = read(tmp_path, FILE)
    assert found.tobytes() == LARGE
    assert found.flags.writeable


@pytest.mark.parametrize(
    ("body", "got"),
    [
        (flipped(LARGE, 0), f"300,000 bytes, md5 {hashlib.md5(flipped(LARGE, 0)).hexdigest()}"),
        (flipped(LARGE, 299_999), "300,000 bytes, md5 "),
        (gzip.compress(flipped(LARGE, 150_000)), "300,000 bytes, md5 "),
        (LARGE[:-1], "299,999 bytes, md5 "),
        (LARGE + b"x", "more than 300,000 bytes"),
        (b"", "0 bytes, md5 "),
        (b"\x1f\x8b", "0 bytes, then a damaged gzip file"),
        (PACKED[:-200], "then a damaged gzip file"),
        (flipped(PACKED, 2_000), ""),
        (b"<!DOCTYPE html><title>Not found</title>", "39 bytes, md5 "),
    ],
    ids=["first bit", "last bit", "bit within gzip", "cut", "longer", "empty", "two bytes of gzip",
         "cut gzip", "bit of the gzip", "error page"],
)  # fmt: skip
def test_a_wrong_byte_is_an_error_that_names_file_expected_and_got(
    tmp_path: Path, body: bytes, got: str
) -> None:
    path = tmp_path / "pictures.bin"
    path.write_bytes(body)
    with pytest.raises(WrongBytes) as caught:
        read(tmp_path, FILE)
    said = caught.value.what
    assert str(path) in said
    assert "pictures.bin" in said
    assert f"expected 300,000 bytes, md5 {FILE.md5}" in said
    assert f"got {caught.value.got}" in said
    assert got in caught.value.got
    assert caught.value.code == 5


def test_a_bomb_stops_at_the_size_that_is_known(tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(bytes(100_000_000), 1), 1)
    (tmp_path / "pictures.bin.gz").write_bytes(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(WrongBytes, match="more than 300,000 bytes"):
            read(tmp_path, FILE)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_the_right_one_of_two_wrappers_side_by_side_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pictures.bin").write_bytes(LARGE[:5])
    (tmp_path / "pictures.bin.gz").write_bytes(PACKED)
    assert read(tmp_path, FILE).tobytes() == LARGE


def test_a_known_sha256_is_checked_in_the_place_of_the_md5(tmp_path: Path) -> None:
    (tmp_path / "pictures.bin").write_bytes(LARGE)
    right = dataclasses.replace(FILE, md5="0" * 32, sha256=hashlib.sha256(LARGE).hexdigest())
    assert read(tmp_path, right).tobytes() == LARGE
    wrong = dataclasses.replace(FILE, sha256="0" * 64)
    with pytest.raises(WrongBytes, match=f"got 300,000 bytes, sha256 {right.sha256}"):
        read(tmp_path, wrong)


@pytest.mark.parametrize("body", [b"4.804\n", b"4.803999999999999\n"])
def test_two_spellings_of_the_same_rows_are_both_right(tmp_path: Path, body: bytes) -> None:
    file = file_of("t.csv", b"4.804\n", also=(file_of("t.csv", b"4.803999999999999\n"),))
    (tmp_path / "t.csv").write_bytes(body)
    assert read(tmp_path, file).tobytes() == body
    (tmp_path / "t.csv").write_bytes(b"4.805\n")
    with pytest.raises(WrongBytes, match="expected 6 bytes"):
        read(tmp_path, file)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.bin cannot be read: No such file"):
        read_file(tmp_path / "x.bin", FILE)
    with pytest.raises(DataError, match=r"lacks pictures\.bin"):
        read(tmp_path, FILE)
    assert content.held(tmp_path / "pictures.bin" / "x", FILE) == []


def test_sums_are_those_of_the_content_and_declared_ones_are_not_read_again(tmp_path: Path) -> None:
    declared = dataclasses.replace(FILE, sha256=hashlib.sha256(LARGE).hexdigest())
    dataset = dataclasses.replace(dataset_of(), files=(declared, dataset_of().files[1]))
    (tmp_path / "labels.bin.gz").write_bytes(gzip.compress(SMALL))
    assert content.sums(dataset, tmp_path) == {
        "pictures.bin": declared.sha256,
        "labels.bin": hashlib.sha256(SMALL).hexdigest(),
    }


@settings(max_examples=60)
@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\x00", PACKED[:400], SMALL]))
def test_no_bytes_raise_anything_but_what_is_promised(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: bytes
) -> None:
    path = tmp_path_factory.mktemp("noise") / "labels.bin.gz"
    path.write_bytes(start + noise)
    try:
        assert read_file(path, file_of("labels.bin", SMALL)).tobytes() == SMALL
    except WrongBytes as error:
        assert error.got


# -- finding ----------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("inner", ["", "toy", "whatever it is called"])
def test_files_are_found_in_a_folder_and_one_below_and_used_where_they_lie(
    tmp_path: Path, here: Places, inner: str, packed: bool
) -> None:
    folder = lay(tmp_path / "shelf" / inner, packed=packed)
    shelf = dataclasses.replace(here, shelf=tmp_path / "shelf", offline=True)
    assert obtain(dataset_of(), places=shelf) == folder
    assert obtain(dataset_of(), given=tmp_path / "shelf", places=here) == folder
    assert not here.store.exists()


def test_two_levels_below_nothing_is_looked_for(tmp_path: Path, here: Places) -> None:
    lay(tmp_path / "shelf" / "a" / "b")
    with pytest.raises(NotReached):
        obtain(
            dataset_of(), places=dataclasses.replace(here, shelf=tmp_path / "shelf", offline=True)
        )


def test_of_datasets_with_the_same_names_the_content_decides(tmp_path: Path, here: Places) -> None:
    lay(tmp_path / "a fashion", labels=bytes(3_500), pictures=bytes(300_000))
    right = lay(tmp_path / "b digits", packed=True)
    shelf = dataclasses.replace(here, shelf=tmp_path, offline=True)
    assert obtain(dataset_of(), places=shelf) == right


def test_a_folder_with_one_wrong_file_is_taken_for_what_it_is_and_read_refuses_it(
    tmp_path: Path, here: Places
) -> None:
    folder = lay(tmp_path / "shelf", labels=bytes(3_500))
    shelf = dataclasses.replace(here, shelf=folder, offline=True)
    assert obtain(dataset_of(), places=shelf) == folder
    with pytest.raises(WrongBytes):
        read(folder, dataset_of().files[1])
    [pictures, labels] = content.check(dataset_of(), folder)
    assert pictures.right
    assert not labels.right
    assert labels.wrong is not None
    assert labels.path == folder / "labels.bin"


def test_a_folder_that_lacks_a_file_is_passed_by(tmp_path: Path, here: Places) -> None:
    shelf = lay(tmp_path / "shelf")
    (shelf / "labels.bin").unlink()
    lay(here.store / "toy")
    assert obtain(dataset_of(), places=dataclasses.replace(here, shelf=shelf)) == here.store / "toy"


def test_the_shelf_is_looked_into_before_the_hubs_own_folder(tmp_path: Path, here: Places) -> None:
    lay(here.store / "toy")
    assert obtain(dataset_of(), places=here) == here.store / "toy"
    shelf = lay(tmp_path / "shelf")
    assert obtain(dataset_of(), places=dataclasses.replace(here, shelf=shelf)) == shelf


def test_offline_says_what_is_missing_where_to_get_it_and_how_to_point_to_it(
    here: Places, server: Mirror
) -> None:
    with pytest.raises(NotReached) as caught:
        obtain(dataset_of(server.address), places=dataclasses.replace(here, offline=True))
    assert "Toy: pictures.bin, labels.bin cannot be fetched: no host is asked" in caught.value.what
    for word in (server.address, "hub dataset get toy --from FOLDER", "HUB_DATASETS_DIR"):
        assert word in (caught.value.hint or "")
    assert (caught.value.code, caught.value.missing) == (3, True)
    assert server.asked == []
    assert not here.store.exists()


@pytest.mark.parametrize("offline", [False, True])
def test_a_folder_where_nothing_is_right_is_anothers_told_and_passed_over(
    tmp_path: Path, here: Places, server: Mirror, offline: bool
) -> None:
    shelf = lay(tmp_path / "shelf", labels=bytes(3_500), pictures=b"")
    told: list[tuple[str, object]] = []
    there = dataclasses.replace(here, shelf=shelf, offline=offline)
    dataset = dataset_of(server.address)
    try:
        found = obtain(dataset, places=there, tell=lambda what, which: told.append((what, which)))
        assert (found, offline) == (here.store / "toy", False)
    except NotReached:
        assert offline
    [(what, which)] = told
    assert what == "passed over"
    assert isinstance(which, WrongBytes)
    assert str(shelf / "labels.bin") in which.what


def test_a_given_folder_is_looked_into_alone(tmp_path: Path, here: Places, server: Mirror) -> None:
    lay(here.store / "toy")
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "labels.bin").write_bytes(SMALL)
    with pytest.raises(NotThere, match=r"lacks pictures\.bin") as caught:
        obtain(dataset_of(server.address), given=tmp_path / "given", places=here)
    assert caught.value.code == 4
    lay(tmp_path / "given", labels=b"x", pictures=b"x")
    with pytest.raises(WrongBytes, match="got 1 bytes"):
        obtain(dataset_of(server.address), given=tmp_path / "given", places=here)
    with pytest.raises(NotThere):
        obtain(dataset_of(server.address), given=tmp_path / "nowhere", places=here)
    assert server.asked == []


def test_a_dataset_of_a_package_is_found_in_it_and_fetched_from_nowhere(here: Places) -> None:
    def of(package: str) -> Dataset:
        return dataclasses.replace(dataset_of(), package=package)

    with pytest.raises(NotThere, match="reproduce/datasets lacks pictures"):
        obtain(of("reproduce/datasets"), places=here)
    with pytest.raises(NotThere, match="pictures"):
        obtain(of("no_such_package_here/data"), places=here)
    assert places.package_folder(of("reproduce/datasets")) == ROOT / "reproduce" / "datasets"
    assert places.package_folder(dataset_of()) is None


@pytest.mark.parametrize(
    ("said", "offline"),
    [("1", True), ("true", True), ("yes", True), ("0", False), ("", False), ("false", False)],
)
def test_places_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, offline: bool
) -> None:
    monkeypatch.setenv("HUB_HOME", str(tmp_path))
    monkeypatch.setenv("HUB_DATASETS_DIR", str(tmp_path / "shelf"))
    monkeypatch.setenv("HUB_DATASETS_URL", "http://127.0.0.1:1/x")
    monkeypatch.setenv("HUB_OFFLINE", said)
    expected = Places(tmp_path / "datasets", tmp_path / "shelf", "http://127.0.0.1:1/x", offline)
    assert Places.of_environment() == expected
    for name in ("HUB_DATASETS_DIR", "HUB_DATASETS_URL", "HUB_OFFLINE", "HUB_HOME"):
        monkeypatch.delenv(name)
    assert Places.of_environment().store.parts[-2:] == ("deep-learning-hub", "datasets")
    assert Places.of_environment() == Places(Places.of_environment().store)


# -- fetching ---------------------------------------------------------------------------------


def test_what_is_fetched_is_unpacked_checked_and_fetched_once(here: Places, server: Mirror) -> None:
    folder = obtain(dataset_of(server.address), places=here)
    assert folder == here.store / "toy"
    assert left(folder) == WHOLE
    assert (folder / "pictures.bin").read_bytes() == LARGE
    assert server.paths == ["/labels.bin.gz", GZ], "the small ones first"
    assert obtain(dataset_of(server.address), places=here) == folder
    assert len(server.asked) == 2


def test_progress_grows_to_the_size_that_was_announced(here: Places, server: Mirror) -> None:
    told: list[tuple[str, int, int | None]] = []
    obtain(dataset_of(server.address), places=here, progress=lambda *said: told.append(said))
    of_pictures = [(have, total) for name, have, total in told if name == "pictures.bin"]
    assert [have for have, _ in of_pictures] == sorted({have for have, _ in of_pictures})
    assert of_pictures[-1] == (len(PACKED), len(PACKED))


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("folder", ["/", "/toy/"])
def test_one_base_replaces_the_mirrors_packed_or_plain(
    here: Places, folder: str, packed: bool
) -> None:
    with mirror() as server:
        server.hold(folder, packed=packed)
        instead = dataclasses.replace(here, mirror=f"{server.address}/")
        obtain(dataset_of("https://example.invalid"), places=instead)
        assert left(here.store / "toy") == WHOLE


def test_a_base_that_holds_another_dataset_by_the_same_names_is_no_end(here: Places) -> None:
    with mirror() as server:
        server.held |= {"/labels.bin": bytes(3_500), "/pictures.bin": bytes(300_000)}
        server.hold("/toy/")
        obtain(dataset_of(), places=dataclasses.replace(here, mirror=server.address))
        assert left(here.store / "toy") == WHOLE
        assert "/pictures.bin" not in server.paths, "the folder that served is asked first"


@pytest.mark.parametrize(
    "base", ["ftp://h/x", "nonsense", "file:///etc", "http://[", "http://h:99999", "http://h:0/"]
)
def test_a_base_that_is_no_address_is_said(here: Places, base: str) -> None:
    wrong = dataclasses.replace(here, mirror=base)
    with pytest.raises(files.NoAddress, match="HUB_DATASETS_URL is no http address") as caught:
        obtain(dataset_of(), places=wrong)
    assert caught.value.code == 2
    with pytest.raises(NotReached):
        obtain(dataset_of(), places=dataclasses.replace(wrong, offline=True))


def test_a_cut_connection_is_gone_on_with_by_range(here: Places, server: Mirror) -> None:
    server.faults[GZ] = Fault("cut", times=2, value=100_000)
    obtain(dataset_of(server.address), places=here)
    asked = [said for path, said in server.asked if path == GZ]
    assert asked == [None, "bytes=100000-", "bytes=200000-"]
    assert server.sent[GZ] == len(PACKED), "no byte came twice"
    assert left(here.store / "toy") == WHOLE


def test_what_came_is_kept_for_the_next_call(here: Places, server: Mirror) -> None:
    server.faults[GZ] = Fault("cut", times=3, value=50_000)
    with pytest.raises(NotReached, match=r"pictures\.bin cannot be fetched: 127\.0\.0\.1"):
        obtain(dataset_of(server.address), places=here)
    folder = here.store / "toy"
    assert left(folder) == {"labels.bin": len(SMALL), "pictures.bin.part": 150_000}
    obtain(dataset_of(server.address), places=here)
    assert server.sent[GZ] == len(PACKED)
    assert server.paths.count("/labels.bin.gz") == 1
    assert left(folder) == WHOLE


@pytest.mark.parametrize(
    "part",
    [PACKED, PACKED[:-1], b"x" * 70_000, PACKED + b"x" * 10, b"x" * 900_000, LARGE[:200_000], b""],
    ids=["whole", "one byte short", "of another", "too long", "far too long", "another wrapper", "empty"],
)  # fmt: skip
@pytest.mark.parametrize("ranges", [True, False])
def test_whatever_part_lies_there_the_file_comes_out_right(
    here: Places, server: Mirror, part: bytes, ranges: bool
) -> None:
    server.ranges = ranges
    folder = here.store / "toy"
    folder.mkdir(parents=True)
    (folder / "pictures.bin.part").write_bytes(part)
    obtain(dataset_of(server.address), places=here)
    assert left(folder) == WHOLE


def test_a_range_that_begins_elsewhere_is_not_joined(here: Places, server: Mirror) -> None:
    folder = here.store / "toy"
    folder.mkdir(parents=True)
    (folder / "pictures.bin.part").write_bytes(PACKED[:1_000])
    server.faults[GZ] = Fault("shifted")
    obtain(dataset_of(server.address), places=here)
    assert left(folder) == WHOLE


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_asked_again(here: Places, server: Mirror, status: int) -> None:
    server.faults[GZ] = Fault("status", times=2, value=status)
    obtain(dataset_of(server.address), places=here)
    assert server.paths.count(GZ) == 3


@pytest.mark.parametrize(
    ("fault", "tries"),
    [(Fault("status", 9, value=404), 1), (Fault("status", 9, value=403), 1),
     (Fault("status", 9, value=500), 3), (Fault("other", 9, value=gzip.compress(b"x" * 300_000)), 1),
     (Fault("other", 9, value=b"<html>sign in</html>"), 1), (Fault("cut", 9, value=10), 3),
     (Fault("unlabelled", 9, value=5_000), 3), (Fault("endless", 9), 1),
     (Fault("other", 9, value=b"x" * 900_000), 1)],
    ids=["404", "403", "500", "other bytes", "a page", "always cut", "cut without a word", "endless",
         "too long"],
)  # fmt: skip
def test_the_next_mirror_is_asked_when_one_fails(
    here: Places, server: Mirror, fault: Fault, tries: int
) -> None:
    server.hold("/second/")
    server.faults[GZ] = fault
    obtain(dataset_of(server.address, f"{server.address}/second"), places=here)
    assert server.paths.count(GZ) == tries
    assert server.paths[-1] == "/second/pictures.bin.gz"
    assert left(here.store / "toy") == WHOLE


def test_a_mirror_that_does_not_answer_is_passed_and_the_one_that_served_comes_first(
    here: Places, server: Mirror
) -> None:
    dead = f"http://127.0.0.1:{closed_port()}"
    obtain(dataset_of(dead, server.address), places=here)
    assert server.paths == ["/labels.bin.gz", GZ]
    with pytest.raises(NotReached) as caught:
        obtain(dataset_of(dead, name="other"), places=here)
    assert "no answer" in caught.value.what
    assert "labels.bin" in caught.value.what
    assert dead in (caught.value.hint or "")


def test_wrong_bytes_from_every_mirror_are_an_error_and_nothing_is_kept(
    here: Places, server: Mirror
) -> None:
    server.held[GZ] = gzip.compress(flipped(LARGE, 7))
    with pytest.raises(WrongBytes) as caught:
        obtain(dataset_of(server.address), places=here)
    assert caught.value.place == f"{server.address}{GZ}"
    assert hashlib.md5(flipped(LARGE, 7)).hexdigest() in caught.value.got
    assert left(here.store / "toy") == {"labels.bin": len(SMALL)}


def test_an_endless_answer_stops_at_the_known_size_and_a_tenth(
    here: Places, server: Mirror
) -> None:
    server.faults[GZ] = Fault("endless", times=9)
    with pytest.raises(NotReached, match=r"sends more than 331,024 bytes"):
        obtain(dataset_of(server.address), places=here)
    server.faults[GZ] = Fault("other", times=9, value=bytes(5_000_000))
    with pytest.raises(NotReached, match=r"5,000,000 bytes, and 331,024 are the most"):
        obtain(dataset_of(server.address), places=here)
    assert left(here.store / "toy").get("pictures.bin.part", 0) <= 331_024


def test_a_drip_is_not_waited_for(
    here: Places, server: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(files, "LEAST_RATE", 10_000_000)
    server.faults[GZ] = Fault("slow", times=9, value=0.05)
    with pytest.raises(NotReached, match="bytes came in"):
        obtain(dataset_of(server.address), places=here)
    assert server.paths.count(GZ) == 3


def test_silence_is_not_waited_for(
    here: Places, server: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "SILENCE_SECONDS", 0.1)
    server.faults[GZ] = Fault("slow", times=9, value=1.0)
    began = time.monotonic()
    with pytest.raises(NotReached, match="timed out"):
        obtain(dataset_of(server.address), places=here)
    assert time.monotonic() - began < 5


def test_redirects_stay_on_their_host_or_go_over_tls(here: Places, server: Mirror) -> None:
    with mirror() as other:
        other.hold()
        server.faults[GZ] = Fault("redirect", times=9, value=f"{other.address}{GZ}")
        with pytest.raises(NotReached, match="which is not asked"):
            obtain(dataset_of(server.address), places=here)
        assert other.asked == []
    server.held["/elsewhere"] = PACKED
    server.faults[GZ] = Fault("redirect", value="/elsewhere")
    obtain(dataset_of(server.address), places=here)
    assert left(here.store / "toy") == WHOLE


@pytest.mark.parametrize(
    ("here_", "location", "there"),
    [
        ("https://a.org/x", "https://b.org/y", "https://b.org/y"),
        ("https://a.org/x", "/y", "https://a.org/y"),
        ("http://a.org/x", "https://b.org/y", "https://b.org/y"),
        ("http://a.org/x", "http://a.org/y", "http://a.org/y"),
        ("https://a.org/x", "http://a.org/x", None),
        ("http://a.org/x", "http://a.org:81/x", None),
        ("http://a.org/x", "http://169.254.169.254/x", None),
        ("https://a.org/x", "file:///etc/passwd", None),
        ("https://a.org/x", "", None),
        ("https://a.org/x", "http://[", None),
    ],
)
def test_where_a_redirect_may_lead(here_: str, location: str, there: str | None) -> None:
    if there is None:
        with pytest.raises(files._Refused):
            files._onward(here_, location)
    else:
        assert files._onward(here_, location) == there


def test_redirects_in_a_circle_end(here: Places, server: Mirror) -> None:
    server.faults[GZ] = Fault("redirect", times=99, value=GZ)
    with pytest.raises(NotReached, match="more than 5 redirects"):
        obtain(dataset_of(server.address), places=here)
    assert server.paths.count(GZ) == 5


def test_a_password_in_an_address_is_shown_nowhere(here: Places, server: Mirror) -> None:
    server.held[GZ] = b"x"
    secret = server.address.replace("http://", "http://me:hunter2@")
    with pytest.raises(WrongBytes) as caught:
        obtain(dataset_of(), places=dataclasses.replace(here, mirror=secret))
    assert "hunter2" not in f"{caught.value.what} {caught.value.hint}"
    server.held.clear()
    with pytest.raises(NotReached) as lost:
        obtain(dataset_of(), places=dataclasses.replace(here, mirror=secret))
    assert "hunter2" not in f"{lost.value.what} {lost.value.hint}"


# -- the hub's own folder ---------------------------------------------------------------------


def test_what_is_wrong_in_the_hubs_own_folder_is_fetched_anew_and_the_rest_kept(
    here: Places, server: Mirror
) -> None:
    lay(here.store / "toy", pictures=flipped(LARGE, 3))
    (here.store / "toy" / "labels.bin.part").write_bytes(b"left")
    told: list[str] = []
    files.fetch(dataset_of(server.address), here, tell=lambda what, which: told.append(what))
    assert server.paths == [GZ]
    assert told == ["fetched anew"]
    assert left(here.store / "toy") == WHOLE


def test_taking_copies_checks_and_unpacks(tmp_path: Path, here: Places) -> None:
    given_ = lay(tmp_path / "given", packed=True)
    assert take(dataset_of(), here, given_) == here.store / "toy"
    assert left(here.store / "toy") == WHOLE
    lay(tmp_path / "given", pictures=b"x")
    (given_ / "pictures.bin.gz").unlink()
    with pytest.raises(WrongBytes):
        take(dataset_of(), here, given_)
    assert left(here.store / "toy") == WHOLE


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, server: Mirror) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CannotWrite) as caught:
        obtain(dataset_of(server.address), places=Places(tmp_path / "file" / "datasets"))
    assert caught.value.code == 1
    assert str(tmp_path / "file") in caught.value.what
    assert "HUB_HOME" in (caught.value.hint or "")


def test_a_full_disk_is_said_and_leaves_no_half_file(here: Places, server: Mirror) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CannotWrite, match="cannot be written: File too large"):
            obtain(dataset_of(server.address), places=here)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert left(here.store / "toy") == {"labels.bin": len(SMALL), "pictures.bin.part": 100_000}
    obtain(dataset_of(server.address), places=here)
    assert left(here.store / "toy") == WHOLE


def test_a_full_disk_asks_for_space_and_a_locked_folder_for_another() -> None:
    full = CannotWrite(Path("/x"), OSError(errno.ENOSPC, "No space left on device"))
    assert "Free some space" in (full.hint or "")
    assert "HUB_HOME" in (CannotWrite(Path("/x"), OSError(errno.EROFS, "Read-only")).hint or "")


CHILD = """
import sys
from pathlib import Path
from reproduce.files import obtain
from reproduce.places import Places
from tests.mirrortest import dataset_of
print(obtain(dataset_of(sys.argv[1]), places=Places(Path(sys.argv[2]))))
"""


def child(server: Mirror, store: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, server.address, str(store)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_killed_at_any_moment_no_half_file_has_its_name_and_the_next_one_goes_on(
    here: Places, server: Mirror
) -> None:
    choose = random.Random(1)
    server.faults[GZ] = Fault("slow", times=99, value=0.01)
    folder = here.store / "toy"
    for sent in (1, 60_000, 220_000):
        one = child(server, here.store)
        while server.sent[GZ] < sent and one.poll() is None:
            time.sleep(0.005)
        time.sleep(choose.random() * 0.05)
        one.kill()
        one.communicate()
        for name, body in CONTENT.items():
            if (folder / name).exists():
                assert (folder / name).read_bytes() == body
    server.faults.clear()
    obtain(dataset_of(server.address), places=here)
    assert left(folder) == WHOLE
    assert any(said for path, said in server.asked if path == GZ), "something was gone on with"


def test_what_a_killed_process_left_of_a_new_file_is_swept(here: Places, server: Mirror) -> None:
    folder = here.store / "toy"
    folder.mkdir(parents=True)
    (folder / "pictures.bin.new-123").write_bytes(b"half")
    obtain(dataset_of(server.address), places=here)
    assert left(folder) == WHOLE


def test_two_at_once_fetch_once(here: Places, server: Mirror) -> None:
    server.faults[GZ] = Fault("slow", times=1, value=0.01)
    told: list[str] = []
    both = [
        threading.Thread(
            target=obtain,
            args=(dataset_of(server.address),),
            kwargs={"places": here, "tell": lambda what, which: told.append(what)},
        )
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(10)
    assert sorted(server.paths) == ["/labels.bin.gz", GZ]
    assert told == ["waiting"]
    assert left(here.store / "toy") == WHOLE


# -- terms ------------------------------------------------------------------------------------


def test_terms_are_accepted_once_before_anything_is_fetched(
    tmp_path: Path, here: Places, server: Mirror
) -> None:
    dataset = dataset_of(server.address, notice='For "research" only.')
    for attempt in (
        lambda: obtain(dataset, places=here),
        lambda: take(dataset, here, lay(tmp_path / "given")),
    ):
        with pytest.raises(NotAccepted, match=r"For .research. only") as caught:
            attempt()
        assert caught.value.code == 2
    assert server.asked == []
    places.accept(dataset, here)
    places.accept(dataset_of(name="other", notice="Other terms."), here)
    assert places.accepted(dataset, here)
    assert left(obtain(dataset, places=here)) == WHOLE
    changed = dataclasses.replace(dataset, notice="Other terms.")
    assert not places.accepted(changed, here), "other terms are asked for again"
    assert places.accepted(dataset_of(), here), "nothing to accept"


@pytest.mark.parametrize("text", ["toy = [", "toy = 5", "", "\x00", "toy = 'yes'"])
def test_a_broken_note_of_terms_accepts_nothing_and_is_written_anew(
    here: Places, text: str
) -> None:
    here.store.mkdir(parents=True)
    (here.store / "accepted.toml").write_text(text)
    dataset = dataset_of(notice="Terms.")
    assert not places.accepted(dataset, here)
    places.accept(dataset, here)
    assert places.accepted(dataset, here)
