"""What is known: exchange and charts."""
