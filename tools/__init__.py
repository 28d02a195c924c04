"""What `make` runs: setup steps and checks of the code base."""
