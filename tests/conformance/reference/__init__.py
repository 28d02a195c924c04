"""A search of R4 as slow and obvious as can be: resources in a list, each looked at, by the specification's words.

It shares no code with the engine that it judges: values are what fhirpathpy finds by the official expressions, times
are microseconds, numbers are fractions. What R4 leaves to the server is in `house`.
"""
