"""What it means: readings of what all other rooms have done."""
