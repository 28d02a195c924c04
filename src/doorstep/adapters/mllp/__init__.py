"""The listener for HL7 v2 over MLLP and TLS; it knows no room: what is to be done with a message, its house says."""
