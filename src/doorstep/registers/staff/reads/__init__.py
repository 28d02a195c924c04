"""What is asked about people who work, their posts, and the keys of source systems."""
