"""Charts: what all institutions know of a resident, as one record that can be read."""
