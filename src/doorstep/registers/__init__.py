"""Who and where: organisations, staff, residents."""
