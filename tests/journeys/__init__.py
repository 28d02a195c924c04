"""What a nurse, a doctor, an operator does, in a real Chromium."""
