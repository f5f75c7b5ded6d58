"""Files are read within bounds and written whole or not at all."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from pathlib import Path

import pytest

from fervbench import files
from fervbench.errors import InputError, UsageError
from fervbench.files import MAX_BYTES, read_bounded, unpack, write_whole

TEXT = b'{"a": "\xc3\xa9"}\n'


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "user-data")


def test_a_file_within_the_bound_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(TEXT)
    assert read_bounded(path) == TEXT
    assert read_bounded(str(path), len(TEXT)) == TEXT


def test_a_file_one_byte_beyond_the_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(bytes(2**20 + 1))
    assert len(read_bounded(path, 2**20 + 1)) == 2**20 + 1
    with pytest.raises(InputError, match="holds more than 1 MiB") as caught:
        read_bounded(path, 2**20)
    assert caught.value.file == str(path)


def test_the_bound_on_submissions_is_64_mib() -> None:
    """Parsed JSON needs up to 36 times its size: a larger bound would not bound the memory of a common machine."""
    assert MAX_BYTES == 67_108_864


def test_standard_input_is_read_within_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    for data, limit in ((TEXT, len(TEXT)), (gzip.compress(TEXT), 100)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert read_bounded("-", limit) == TEXT
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT)))
    with pytest.raises(InputError, match="holds more than"):
        read_bounded("-", len(TEXT) - 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [("absent", "no such file"), (".", "is a folder"), ("a\0b", "cannot be read"), ("x" * 300, "cannot be")],
)
def test_what_cannot_be_read_is_an_input_error(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_bounded(tmp_path / name)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("level", [0, 1, 9])
def test_gzip_is_told_by_its_first_bytes_not_by_its_name(level: int, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(gzip.compress(TEXT, level))
    assert read_bounded(path) == TEXT


def test_a_gzip_member_with_a_file_name_and_an_empty_one_are_read() -> None:
    named = io.BytesIO()
    with gzip.GzipFile("predictions.json", "wb", fileobj=named) as file:
        file.write(TEXT)
    assert unpack(named.getvalue(), "a", 100) == TEXT
    assert unpack(gzip.compress(b""), "a", 100) == b""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(TEXT) + gzip.compress(TEXT), "something after its first gzip member"),
        (gzip.compress(TEXT) + b"\0", "something after its first gzip member"),
        (gzip.compress(TEXT)[:-1], "ends in the middle"),
        (gzip.compress(TEXT)[:12], "ends in the middle"),
        (b"\x1f\x8b", "ends in the middle"),
        (gzip.compress(TEXT)[:-8] + bytes(8), "is damaged gzip"),
        (b"\x1f\x8b\x08\x00" + b"not gzip at all", "is damaged gzip"),
        (b"\x1f\x8b\x07" + bytes(20), "is damaged gzip"),
    ],
    ids=[
        "two members",
        "trailing byte",
        "no last byte",
        "cut",
        "magic only",
        "wrong checksum",
        "no deflate",
        "method 7",
    ],
)
def test_anything_but_exactly_one_gzip_member_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(data)
    with pytest.raises(InputError, match=said) as caught:
        read_bounded(path)
    assert str(path) in str(caught.value)


def test_unpacked_bytes_are_bounded_exactly() -> None:
    packed = gzip.compress(bytes(1000))
    assert len(unpack(packed, "a", 1000)) == 1000
    with pytest.raises(InputError, match="holds more than"):
        unpack(packed, "a", 999)


def test_a_bomb_is_refused_without_unpacking_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB of zeros in 65 kB: never more than the bound plus one byte comes out."""
    out: list[int] = []
    make = zlib.decompressobj

    class Watched:
        def __init__(self, wbits: int) -> None:
            self.inner = make(wbits=wbits)

        def decompress(self, data: bytes, most: int) -> bytes:
            text = self.inner.decompress(data, most)
            out.append(len(text))
            return text

    bomb = gzip.compress(bytes(64 * 2**20), 9)
    assert len(bomb) < 70_000
    monkeypatch.setattr(files.zlib, "decompressobj", Watched)
    with pytest.raises(InputError, match="holds more than 1 MiB"):
        unpack(bomb, "a", 2**20)
    assert out == [2**20 + 1]


def test_text_is_written_as_utf8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.txt", "é\nb\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\nb\r\n".encode()
    assert left(tmp_path) == ["a.txt"]


def test_what_is_there_is_replaced_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(UsageError, match="exists already") as caught:
        write_whole(path, "new")
    assert (caught.value.exit_code, caught.value.hint) == (2, "--force replaces it")
    assert path.read_text() == "old"
    write_whole(path, "new", overwrite=True)
    assert path.read_text() == "new"
    assert left(tmp_path) == ["a.txt"]


def test_a_file_that_appears_while_writing_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"

    def meanwhile(descriptor: int) -> None:
        path.write_text("another's")

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(UsageError, match="exists already"):
        write_whole(path, "new")
    assert path.read_text() == "another's"
    assert left(tmp_path) == ["a.txt"]


def test_a_file_system_without_hard_links_is_served_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    write_whole(tmp_path / "a.txt", "new")
    with pytest.raises(UsageError, match="exists already"):
        write_whole(tmp_path / "a.txt", "newer")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert left(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    overwrite: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    old = tmp_path / "old.txt"
    old.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        write_whole(old if overwrite else tmp_path / "new.txt", "new", overwrite=overwrite)
    assert old.read_text() == "old"
    assert left(tmp_path) == ["old.txt"]


def test_text_that_is_no_unicode_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "a.txt", "\ud800")
    assert left(tmp_path) == []


def test_where_nothing_can_be_written_the_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for target in (
        tmp_path / "absent" / "a.txt",
        tmp_path / "file" / "a.txt",
        tmp_path / ("x" * 250),
    ):
        with pytest.raises(InputError, match="cannot be written") as caught:
            write_whole(target, "new", overwrite=True)
        assert caught.value.file == str(target)
    assert left(tmp_path) == ["file", "folder"]


def test_a_device_a_folder_and_a_dash_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for target in (tmp_path / "folder", tmp_path / "pipe", Path("/dev/null"), "-"):
        with pytest.raises(UsageError):
            write_whole(target, "new", overwrite=True)
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert not Path("-").exists()


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_whole(tmp_path / "link", "new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
