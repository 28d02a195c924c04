"""The only writers of institutions, consortia and agreements."""
