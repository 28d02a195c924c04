"""The running door, for modules that ask it."""

from tests.served import served

__all__ = ["served"]
