"""Endpoints: where other systems send to, what they sent, and what became of it."""
