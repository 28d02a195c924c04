"""The only place that knows all rooms."""
