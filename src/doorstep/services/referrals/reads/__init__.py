"""The only askers of the room."""
