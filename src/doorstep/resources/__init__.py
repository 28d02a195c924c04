"""What can be reserved: appointments."""
