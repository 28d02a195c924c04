"""People who work: licences, titles, posts, sign-in, and the keys of institutions' systems."""
