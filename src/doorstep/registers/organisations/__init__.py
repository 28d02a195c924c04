"""Institutions, departments, consortia, areas and agreements: who the members of the district are."""
