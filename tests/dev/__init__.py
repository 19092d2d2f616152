"""Tests of what starts things: the supervisor, the embedded servers, `make run`."""
