"""HL7 v2.3–2.8: messages read and written to the byte, acknowledged, framed, split from batches, mapped to FHIR.

Pure: no database, no network, no room. ``codec`` reads and writes, ``acks`` answers, ``frames`` cuts the stream of
MLLP, ``batches`` opens files of messages, ``mapping`` makes FHIR of them by tables that a mapper can change.
"""
