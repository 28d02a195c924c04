"""Sheets: what a table of one kind holds, Excel and CSV files read within bounds, and written so that nothing in them
is a formula. Knows no room.

Faults are codes with what their words need; the words are those of the room that reads.
"""
