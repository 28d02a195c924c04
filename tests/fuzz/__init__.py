"""Fuzzing with atheris: what reads bytes of strangers neither breaks nor hangs, whatever they send."""
