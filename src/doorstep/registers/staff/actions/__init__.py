"""The only writers of people, posts, accounts and keys; and sign-in."""
