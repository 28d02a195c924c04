"""The design system: layout, components, forms, tables, pages and their access rules."""
