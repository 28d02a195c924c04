"""What every room's tests start from: the database, the contract tests, callers of every kind."""
