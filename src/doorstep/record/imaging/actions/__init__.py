"""The only writers of imaging."""
