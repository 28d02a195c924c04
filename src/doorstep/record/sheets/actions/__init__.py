"""The only writers of sheets: a file comes in, the worker goes through its rows, people decide what becomes of it."""
