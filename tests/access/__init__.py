"""Who may do what: tables that a person reads, made and compared by tests that ask the real house."""
