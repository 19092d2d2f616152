"""What is known of a file by its first bytes and by its name."""

import zlib
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.files.content_types import SHOWN, TEXT, UNKNOWN, sniffed
from desk.files.file_names import LONGEST_NAME, NAMELESS, clean_name, cut_to_bytes
from desk.files.picture_sizes import picture_size

PICTURES = {"image/png", "image/gif", "image/jpeg", "image/webp", "image/avif"}


def png(width: int = 3, height: int = 2) -> bytes:
    chunks = [(b"IHDR", pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IEND", b"")]
    made = [pack(">I", len(d)) + n + d + pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


GIF = b"GIF89a" + pack("<HH", 30, 20) + b"\x80\0\0"
EXIF = b"\xff\xe1\x00\x10Exif\0\0" + b"\0" * 8
JPEG = b"\xff\xd8" + EXIF + b"\xff\xff\xc0\x00\x11\x08" + pack(">HH", 40, 50) + b"\x03" * 10
WEBP = b"RIFF\x24\0\0\0WEBP"
LOSSY = WEBP + b"VP8 \x18\0\0\0\x30\x01\0\x9d\x01\x2a" + pack("<HH", 640, 480)
LOSSLESS = WEBP + b"VP8L\x18\0\0\0\x2f" + (99 | 49 << 14).to_bytes(4, "little")
EXTENDED = WEBP + b"VP8X\x0a\0\0\0\0\0\0\0" + b"\x1f\x03\0" + b"\1\0\0"
AVIF = b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + b"\0\0\0\x14ispe\0\0\0\0" + pack(">II", 12, 34)


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (png(), "image/png"),
        (GIF, "image/gif"),
        (JPEG, "image/jpeg"),
        (LOSSY, "image/webp"),
        (AVIF, "image/avif"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf"),
        (b"%PDF-1.4 in letters alone", "application/pdf"),
        (b"PK\x03\x04" + b"\0" * 40, "application/zip"),
        (b"BMW and GIF89a and MZ are words, too", TEXT),
        ("Grüße\n\tund mehr".encode(), TEXT),
        (b"a log that quotes <script>alert(1)</script>", TEXT),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"),
        (b"\xef\xbb\xbf  <!-- a --> <?xml version='1.0'?><SVG >", "image/svg+xml"),
        (b"<!-- \n --><!DocType  HTML><p>", "text/html"),
        (b"\n<script>alert(1)</script>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "application/xml"),
        (b"\0\1\2\3", UNKNOWN),
        (b"\xff\xfeh\0i\0", UNKNOWN),
    ],
)
def test_a_type_is_what_the_bytes_say(head: bytes, kind: str) -> None:
    assert sniffed(head) == kind
    assert (kind in SHOWN) == (kind == TEXT or kind in PICTURES)


def test_a_text_may_be_cut_through_a_character() -> None:
    assert sniffed(("x" * 8190 + "🦆").encode()) == TEXT
    assert sniffed(("x" * 8191).encode() + b"\xff") == UNKNOWN


@given(st.binary(max_size=60))
def test_whatever_comes_has_a_type(head: bytes) -> None:
    for begun in (b"", png()[:20], JPEG[:20], AVIF[:30], LOSSLESS[:16]):
        kind = sniffed(begun + head)
        picture_size(kind, begun + head)
        assert kind


@pytest.mark.parametrize(
    ("kind", "head", "size"),
    [
        ("image/png", png(640, 480), (640, 480)),
        ("image/gif", GIF, (30, 20)),
        ("image/jpeg", JPEG, (50, 40)),
        ("image/webp", LOSSY, (640, 480)),
        ("image/webp", LOSSLESS, (100, 50)),
        ("image/webp", EXTENDED, (800, 2)),
        ("image/avif", AVIF, (12, 34)),
        ("image/png", png(2**31, 1), None),
        ("image/png", png(0, 1), None),
        ("image/png", png()[:18], None),
        ("image/jpeg", JPEG[:8], None),
        ("text/plain", b"hello", None),
    ],
)
def test_a_picture_is_as_large_as_its_header_says(
    kind: str, head: bytes, size: tuple[int, int] | None
) -> None:
    assert picture_size(kind, head) == size


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("photo.png", "photo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\bill.pdf", "bill.pdf"),
        ("..", NAMELESS),
        ("a/..", NAMELESS),
        ("", NAMELESS),
        (None, NAMELESS),
        (" \u2800\u200b ", NAMELESS),
        (".htaccess", "htaccess"),
        ("cod\u202egnp.exe", "cod gnp.exe"),
        ("a\0b\r\nc: d.txt", "a b c_ d.txt"),
        ('"quoted" <b>.html', "_quoted_ _b_.html"),
        ("Rechnung März.pdf", "Rechnung März.pdf"),
        ("half \ud800 pair", "half _ pair"),
    ],
)
def test_a_name_is_a_name_and_nothing_else(given_name: str | None, name: str) -> None:
    assert clean_name(given_name) == name


@given(st.text(max_size=300))
def test_any_name_becomes_one_that_stays_as_it_is(given_name: str) -> None:
    name = clean_name(given_name)
    assert 0 < len(name) <= LONGEST_NAME
    assert clean_name(name) == name
    assert not {*"/\\\0\r\n"} & {*name}


def test_a_long_name_keeps_its_ending() -> None:
    assert clean_name("x" * 500 + ".tar.gz").endswith("x.gz")
    assert len(clean_name("x" * 500 + ".gz")) == LONGEST_NAME


@pytest.mark.parametrize(
    ("long", "cut"),
    [
        ("1-" + "ü" * 200 + ".pdf", "1-" + "ü" * 97 + ".pdf"),
        ("1-" + "字" * 200 + ".pdf", "1-" + "字" * 64 + ".pdf"),
        ("1-" + "字" * 200, "1-" + "字" * 66),
        ("1-" + "ü" * 97 + ".pdf", "1-" + "ü" * 97 + ".pdf"),
    ],
)
def test_a_long_name_is_cut_to_bytes_between_characters(long: str, cut: str) -> None:
    assert cut_to_bytes(long) == cut
