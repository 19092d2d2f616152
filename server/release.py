"""Which release runs: named by the hash of all that browsers are given."""

import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = {".js", ".mjs", ".css", ".svg", ".html"}
NOT_SERVED = {"node_modules", "test"}


@cache
def browser_files() -> dict[str, bytes]:
    """The pages' files by their path: those of ``web/``, and of the client under ``client/``."""
    web, client = ROOT / "web", ROOT / "client"
    found = {path.relative_to(web).as_posix(): path for path in web.rglob("*") if _is_served(path)}
    found |= {f"client/{path.name}": path for path in client.iterdir() if _is_served(path)}
    return {name: found[name].read_bytes() for name in sorted(found)}


def _is_served(path: Path) -> bool:
    is_one = path.suffix in KINDS or path.name == "LICENSE"
    return is_one and not NOT_SERVED & set(path.relative_to(ROOT).parts)


@cache
def release() -> str:
    digest = hashlib.sha256()
    for name, content in browser_files().items():
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
