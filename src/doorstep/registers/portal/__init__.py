"""居民端: how residents and guardians sign in, and for whom they act."""
