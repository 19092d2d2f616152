"""Sparing a long-lived process the collections of what will never be garbage."""

import gc

# Between two collections; by default 700, which is a few requests.
YOUNG_OBJECTS = 10_000


def keep_what_is_there() -> None:
    """To be called at the end of a start: modules, classes and settings stay for good.

    A full collection that went through them would hold everybody up for a tenth of a second and
    more, every few seconds; so would one before, for less than a megabyte that the imports left.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
