"""What the field says of returns by sheet, how rows are read, and the words for what is wrong; pure."""
