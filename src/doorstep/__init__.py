"""Doorstep (家门口): the software of a health consortium."""
