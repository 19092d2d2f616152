"""What a client takes, and how gladly: ``Accept-Encoding`` and its like."""

from collections.abc import Iterator


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
