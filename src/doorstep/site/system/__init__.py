"""The house's own pages: letters that could not be delivered, and the style page."""
