"""The trail for people: searching it, what is unusual in it, whether it holds, how long it is kept."""
