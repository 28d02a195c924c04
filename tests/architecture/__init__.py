"""The house keeps its own rules, and each rule is shown to catch what it is meant for."""
