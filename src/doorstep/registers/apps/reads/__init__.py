"""The only askers."""
