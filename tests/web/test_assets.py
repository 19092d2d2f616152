"""What browsers are given: the very files, small, for ever; and what is vendored is unchanged."""

import gzip
import hashlib
import json
import posixpath
import re

import brotli
import pytest

from server.release import browser_files, release
from server.web import assets
from server.web.account import ACCOUNT
from server.web.customer import NEW, TICKET, TICKETS
from server.web.pages import DESK, Shell
from server.web.signing import LOGIN, SIGNUP
from server.web.words import LANGUAGES, words
from tests.api import Api
from tests.conftest import ROOT

WEB = ROOT / "web"
VENDORED = sorted(path.name for path in (WEB / "vendor").iterdir())
SHELLS = [ACCOUNT, DESK, LOGIN, NEW, SIGNUP, TICKET, TICKETS]
MOST_BYTES = 120_000
OURS = sorted(name for name in browser_files() if name.endswith(".js") and "vendor" not in name)


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_vendored_is_as_its_package_has_it(name: str) -> None:
    folder = WEB / "vendor" / name
    listed = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    present = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert present == listed.keys()
    assert {"LICENSE", "VERSION"} <= present
    for file, digest in listed.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


def test_types_are_those_of_the_vendored_versions() -> None:
    known = json.loads((WEB / "package.json").read_text())["devDependencies"]
    for name in VENDORED:
        package, version = (WEB / "vendor" / name / "VERSION").read_text().split()
        assert known.get(package, version) == version


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
async def test_a_file_is_cached_for_ever_under_its_release(api: Api, coding: str) -> None:
    path = "shared/ui.js"
    async with api.http.get(
        assets.url(path), headers={"Accept-Encoding": coding}, auto_decompress=False
    ) as answer:
        body = await answer.read()
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert answer.headers.get("Content-Encoding", "identity") == coding
    read = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}[coding]
    assert read(body) == assets.served(path)
    assert b'"preact"' not in assets.served(path)
    assert b'"preact"' in browser_files()[path]


@pytest.mark.parametrize(
    "path",
    [
        "/assets/0000000000000000/shared/ui.js",
        f"/assets/{release()}/shared/none.js",
        f"/assets/{release()}/shells/base.html",
        f"/assets/{release()}/../config.py",
        f"/assets/{release()}/%2e%2e/config.py",
        f"/assets/{release()}/package.json",
    ],
)
async def test_nothing_else_is_served(api: Api, path: str) -> None:
    async with api.http.get(path) as answer:
        assert answer.status == 404
        assert "max-age" not in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0", "gzip"),
        ("BR", "br"),
        ("*", "identity"),
    ],
)
def test_a_coding_is_one_that_is_taken(header: str, coding: str) -> None:
    assert assets.accepted(header) == coding


@pytest.mark.parametrize("path", OURS)
def test_every_import_is_of_a_file_that_is_there(path: str) -> None:
    folder = posixpath.dirname(path)
    for _, name in assets.STATIC.findall(assets.served(path).decode()):
        assert posixpath.normpath(posixpath.join(folder, name)) in browser_files(), name


@pytest.mark.parametrize("path", OURS)
def test_comments_alone_are_left_out_and_each_line_keeps_its_number(path: str) -> None:
    before = browser_files()[path].decode().split("\n")
    after = assets.served(path).decode().split("\n")
    assert len(after) == len(before)
    for was, now in zip(before, after, strict=True):
        if not now.strip():
            assert re.match(r"\s*(/\*|\*|//|$)", was), was
        else:
            assert was.endswith(now) or assets.IMPORT.search(was), was


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.template)
async def test_the_first_visit_is_small(api: Api, shell: Shell) -> None:
    paths = [*shell.urgent(), *shell.modules("en"), *shell.sheets]
    assert len(set(paths)) == len(paths)
    assert sum(len(assets.encoded(path, "gzip")) for path in paths) < MOST_BYTES


async def test_the_session_does_not_wait_for_the_console(api: Api) -> None:
    async with api.http.get("/desk") as answer:
        html = await answer.text()
    first, second = re.findall(r'<script type="module" src="([^"]+)"', html)
    assert [first, second] == [assets.url("shared/start.js"), assets.url(DESK.entry)]
    assert len(DESK.urgent()) < 6
    preloaded = re.findall(r'"modulepreload" href="([^"]+)"( fetchpriority="low")?>', html)
    assert [path for path, low in preloaded if not low] == [assets.url(m) for m in DESK.urgent()]
    assert len(dict(preloaded)) == len(preloaded)


def pages_of_words() -> list[str]:
    return sorted(path.stem for path in (WEB / "shared" / "words" / "en").iterdir())


@pytest.mark.parametrize("page", pages_of_words())
def test_every_word_is_there_in_each_language(page: str) -> None:
    english = words("en", page)
    assert english
    for language in LANGUAGES:
        known = words(language, page)
        assert known.keys() == english.keys()
        for key, word in known.items():
            assert (type(word), values(word)) == (type(english[key]), values(english[key])), key


def test_german_speaks_to_everybody_alike() -> None:
    """As "Sie": in the desk, on the customers' pages and in the widget."""
    said = {page: str(words("de", page)) for page in pages_of_words()}
    familiar = re.compile(r"\b(du|dein\w*|dir|dich|melde|bitte \w+e)\b", re.IGNORECASE)
    assert {page: found for page, text in said.items() if (found := familiar.findall(text))} == {}


def values(word: str | dict[str, str]) -> set[str]:
    """The names in braces. Of plural forms all together: "one" may do without its number."""
    texts = [word] if isinstance(word, str) else list(word.values())
    return {name for text in texts for name in re.findall(r"\{(\w+)\}", text)}


ASKED = re.compile(r"""\bt\(\s*["']([\w.]+)["']\s*[,)]""")


def test_every_word_that_is_asked_for_is_there() -> None:
    known = {key for page in pages_of_words() for key in words("en", page)}
    for name, content in browser_files().items():
        if not name.startswith(("vendor/", "client/", "shared/words/", "shared/words.js")):
            missing = set(ASKED.findall(content.decode())) - known
            assert not missing, f"{name}: {missing}"
