"""What must not be lost, doubled or stopped, whatever is killed, broken or crowded."""
