"""The pages' words, in the reader's language: the same files that the browser reads.

Each file of ``web/shared/words/<language>/`` is a module whose default export is plain JSON.
"""

import json
from collections.abc import Callable
from functools import cache
from itertools import islice

from aiohttp import web

from server.http.accepts import weighed
from server.release import browser_files

LANGUAGES = ("en", "de")
# What `?lang=` chose stays chosen until the browser is closed.
COOKIE = "lang"
# Of the languages that a browser names.
MOST_ASKED_FOR = 20
BEFORE, AFTER = "export default ", ";"

Translate = Callable[..., str]


def language(request: web.Request) -> str:
    """``?lang=``, or what that was before, or what the browser likes best of ours."""
    for wanted in (request.query.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LANGUAGES:
            return wanted
    return _asked_for(request.headers.get("Accept-Language", ""))


def _asked_for(header: str) -> str:
    best, best_quality = LANGUAGES[0], 0.0
    for tag, quality in islice(weighed(header), MOST_ASKED_FOR):
        name = tag.partition("-")[0]
        if name in LANGUAGES and quality > best_quality:
            best, best_quality = name, quality
    return best


@cache
def words(chosen: str, page: str) -> dict[str, str | dict[str, str]]:
    text = browser_files()[f"shared/words/{chosen}/{page}.js"].decode().strip()
    found: dict[str, str | dict[str, str]] = json.loads(
        text.removeprefix(BEFORE).removesuffix(AFTER)
    )
    return found


@cache
def translator(chosen: str, *pages: str) -> Translate:
    """``t("login.title", name="Ann")``, as in ``web/shared/words.js``. Of several keys the first
    that is known counts; KeyError if none is.
    """
    known = {key: word for page in pages for key, word in words(chosen, page).items()}

    def t(*keys: str, **values: object) -> str:
        key = next((key for key in keys if key in known), keys[-1])
        word = known[key]
        assert isinstance(word, str), key
        for name, value in values.items():
            word = word.replace(f"{{{name}}}", str(value))
        return word

    return t
