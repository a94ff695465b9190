"""Archives: cut, damaged, encrypted, bombs; what can be read is, and what cannot is said."""

import gzip
import io
import tarfile
import zipfile
from hashlib import sha256
from itertools import count

import pytest

from harvest_assets.errors import HarvestError, RecordError, UnreadablePageError
from harvest_assets.harvest.files.archives import is_tar_gzip, open_archive
from harvest_assets.harvest.files.meter import Meter, TotalError
from harvest_assets.testing.dumps import pack_tar
from harvest_assets.testing.traps import pack_zip

MEMBERS = {"a.json": b'{"a": 1}' * 200, "b/": b"", "b/c.json": b"[]", "d.bin": bytes(range(256)) * 40}
FILES = {name: content for name, content in MEMBERS.items() if content}


def meter(file_bytes: int = 1_000_000, total_bytes: int = 10_000_000) -> Meter:
    return Meter(file_bytes, total_bytes)


def unpack(body: bytes, limits: Meter | None = None) -> dict[str, bytes]:
    archive = open_archive(body, limits or meter(), "shop: x")
    assert archive is not None
    return {packed.name: packed.read() for packed in archive}


@pytest.mark.parametrize(
    "body", [pack_zip(MEMBERS), pack_tar(FILES), gzip.compress(pack_tar(FILES), mtime=0), b"\x7fELF" + pack_zip(FILES)], ids=count()
)
def test_files_come_out_as_they_went_in(body):
    if body.startswith(b"\x7fELF"):
        assert open_archive(body, meter(), "x") is None
    else:
        assert unpack(body) == FILES


@pytest.mark.parametrize("body", [b"", b"{}", b"<a/>", gzip.compress(b"x" * 400, mtime=0), b"\x1f\x8b\x08junkjunkjunk"], ids=count())
def test_what_is_no_archive_is_none(body):
    assert open_archive(body, meter(), "x") is None
    assert not is_tar_gzip(body)


def test_empty_archives_hold_nothing():
    assert unpack(pack_zip({})) == {}
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w", format=tarfile.USTAR_FORMAT):
        pass
    assert open_archive(empty.getvalue(), meter(), "x") is None  # nothing but zero bytes: nobody can tell what it is


@pytest.mark.parametrize("size", [0.2, 0.5, 0.99])
def test_a_zip_archive_that_is_cut_off_says_so(size):
    body = pack_zip(FILES)
    with pytest.raises(UnreadablePageError, match=r"shop: x: the zip archive cannot be read \(BadZipFile: .*\): it is cut off"):
        unpack(body[: int(len(body) * size)])


def test_a_tar_archive_says_wherever_it_is_cut_off():
    for body in (pack_tar(FILES), gzip.compress(pack_tar(FILES), mtime=0)):
        whole = len(body) if is_tar_gzip(body) else body.rindex(bytes(range(256))) + 256  # after that there is only padding
        for size in range(600, whole, max(1, (whole - 600) // 60)):
            with pytest.raises(
                UnreadablePageError, match=r"the tar archive cannot be read .*: it is cut off or damaged; ask its publisher"
            ):
                unpack(body[:size])


def test_a_broken_header_in_the_middle_of_a_tar_archive_is_not_its_end():
    body = bytearray(pack_tar({"a.json": b"1", "b.json": b"2", "c.json": b"3"}))
    body[1024 + 150] ^= 0xFF
    with pytest.raises(UnreadablePageError, match=r"the tar archive cannot be read \(ReadError: "):
        unpack(bytes(body))


def test_a_checksum_at_the_end_of_a_compressed_archive_is_compared():
    body = bytearray(gzip.compress(pack_tar(FILES), mtime=0))
    body[-6] ^= 0xFF
    with pytest.raises(UnreadablePageError, match=r"the tar archive cannot be read \(BadGzipFile: CRC check failed"):
        unpack(bytes(body))


def test_a_damaged_file_in_a_zip_archive_costs_no_other():
    body = pack_zip({"a.json": bytes(range(256)), "b.json": b"[]"})
    place = body.index(b"a.json") + 20
    archive = open_archive(body[:place] + b"\xff\xff" + body[place + 2 :], meter(), "x")
    assert archive is not None
    with pytest.raises(RecordError, match=r"the file is damaged in the archive \(") as caught:
        next(archive).read()
    assert caught.value.rule == "damaged"
    assert next(archive).read() == b"[]"


def test_an_encrypted_file_and_a_rare_method_are_refused():
    body = bytearray(pack_zip({"a.json": b"[]"}))
    entry = body.index(b"PK\x01\x02")
    body[entry + 8] |= 1
    (packed,) = list(open_archive(bytes(body), meter(), "x") or ())
    assert (str(packed.problem), packed.problem and packed.problem.rule) == ("the file is encrypted", "encrypted")
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.json", "[]")
    (packed,) = list(open_archive(written.getvalue(), meter(), "x") or ())
    assert str(packed.problem) == "the file is packed with method 14, only stored (0) and deflated (8) are read"


def test_links_and_devices_are_no_files():
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            header = tarfile.TarInfo("x.json")
            header.type, header.linkname = kind, "/etc/passwd"
            archive.addfile(header)
    found = list(open_archive(written.getvalue(), meter(), "x") or ())
    assert [str(packed.problem) for packed in found] == ["the entry is a link or a device, not a file"] * 4


def test_a_file_may_not_be_too_large_nor_unpack_to_too_much():
    plain = b"".join(sha256(str(number).encode()).digest() for number in range(40_000))
    with pytest.raises(RecordError, match=r"the file has more than 1000000 bytes \(option max_file_bytes\)") as caught:
        unpack(pack_zip({"a.json": plain}), meter(1_000_000))
    assert caught.value.rule == "too_large"
    body = pack_zip({"a.json": b"x" * 5_000_000})
    with pytest.raises(RecordError, match="the file unpacks to more than 200 times its size, as bombs do") as caught:
        unpack(body, meter(6_000_000))
    assert caught.value.rule == "ratio"
    with pytest.raises(RecordError, match="the file has more than 4000000 bytes"):
        unpack(gzip.compress(pack_tar({"a.json": b"x" * 5_000_000}), mtime=0), meter(4_000_000))


@pytest.mark.parametrize("pack", [pack_zip, pack_tar], ids=["zip", "tar"])
def test_files_may_not_be_too_much_together(pack):
    body = pack({f"{number}.json": b"x" * 1_000 for number in range(10)})
    with pytest.raises(TotalError, match=r"the files have more than 5000 bytes together \(option max_total_bytes\)"):
        unpack(body, meter(total_bytes=5_000))


def test_what_is_skipped_in_a_tar_archive_counts_too():
    body = gzip.compress(pack_tar({"a.bin": bytes(2_000_000), "b.bin": bytes(9_000_000)}), mtime=0)
    archive = open_archive(body, meter(), "x")
    assert archive is not None
    with pytest.raises(TotalError, match="the files have more than 10000000 bytes together"):
        list(archive)


def test_a_sparse_file_may_not_grow_beyond_its_limit():
    header = tarfile.TarInfo("a.json")
    header.pax_headers = {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "a.json",
        "GNU.sparse.realsize": str(1 << 40),
    }
    sparse_map = b"1\n1099511627776\n0\n".ljust(512, b"\0")
    header.size = len(sparse_map)
    body = header.tobuf(tarfile.PAX_FORMAT) + sparse_map + bytes(1024)
    with pytest.raises(HarvestError):
        unpack(body)


def test_a_header_may_not_fill_the_memory():
    header = tarfile.TarInfo("x" * 500_000)
    with pytest.raises(UnreadablePageError, match=r"\(ValueError: a header has more than 262144 bytes\)"):
        unpack(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))


def test_headers_of_headers_without_end_are_refused():
    header = tarfile.TarInfo("x" * 120)
    link = header.tobuf(tarfile.GNU_FORMAT)[:1024]  # a long name, whose own header is the next long name, and so on
    with pytest.raises(UnreadablePageError, match="the tar archive cannot be read"):
        unpack(link * 240 + bytes(1024))


def test_an_archive_of_very_many_files_is_refused_before_they_are_listed():
    body = pack_zip({"a": b""}) + b"PK\x01\x02" * 100_001
    with pytest.raises(UnreadablePageError, match="shop: x: the zip archive has more than 100000 files; ask its publisher for several"):
        unpack(body)
