"""Search of R4: queries read, compiled to SQL with the scope first, walked in pages; knows no database driver."""
