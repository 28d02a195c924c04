"""Exchange: what other systems send is kept first, then used; what cannot be used rests where a person can mend it."""
