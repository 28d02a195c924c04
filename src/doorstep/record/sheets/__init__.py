"""Sheets: registers and returns that institutions send as Excel and CSV files."""
