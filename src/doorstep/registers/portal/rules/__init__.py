"""Rules of residents' sign-in: codes and waits, sessions, guardians, cards. Pure."""
