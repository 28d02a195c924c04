"""What an endpoint may be, how what comes in is ordered and told apart, and the words for what rests."""
