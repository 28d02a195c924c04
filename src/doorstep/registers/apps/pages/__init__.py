"""The pages and endpoints of the room."""
