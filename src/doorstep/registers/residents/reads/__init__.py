"""What the room answers: search, identity, and what an ingest must know."""
