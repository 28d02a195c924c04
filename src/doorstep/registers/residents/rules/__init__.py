"""What the consortium agreed on identity: numbers, names, consistency and matching. Pure."""
