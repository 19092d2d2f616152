"""What a client takes, and how gladly: ``Accept``, ``Accept-Encoding`` and their like."""

from collections.abc import Iterator

JSON = ("application/json", "application/problem+json")


def weighed(header: str) -> Iterator[tuple[str, float]]:
    """Each thing that the header names, in lower case, with its quality: 0 refuses it.

    1 where the client does not say; 0 where it says nonsense.
    """
    for item in header.lower().split(","):
        name, _, parameters = item.partition(";")
        yield name.strip(), _quality(parameters)


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 0.0
    except ValueError:
        return 0.0


def prefers_html(accept: str) -> bool:
    """Whether a client would rather have a page than JSON, as a browser that goes somewhere."""
    qualities = dict(weighed(accept))
    return qualities.get("text/html", 0.0) > max(qualities.get(kind, 0.0) for kind in JSON)
