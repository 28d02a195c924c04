"""Terminology of R4: code systems, value sets and concept maps, and the questions that may be asked of them."""
