"""Tests of the whole house; those of a room stand in the room."""
