"""The house's own pages: letters that could not be delivered, the trail, and the style page."""
