"""The only writers of endpoints: people's changes, what the listener keeps, what the worker makes of it."""
