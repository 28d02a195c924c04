"""The published language: one file a room, frozen dataclasses, pure."""
