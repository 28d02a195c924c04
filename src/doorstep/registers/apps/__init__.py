"""Apps and systems that people and institutions let in by OAuth 2.0 (SMART App Launch 2.2)."""
