"""Residents: who they are, by which numbers and names they are known, and which records are theirs."""
