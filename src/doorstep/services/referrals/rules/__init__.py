"""What the consortium agreed on referrals. Pure."""
