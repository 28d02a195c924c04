"""Doorstep (家门口): the open platform of a district's health consortium."""

__version__ = "0.1.0"
