"""FHIR XML from and to the JSON that is stored: `write`, `read` and `pretty`, on bytes, strict, losing no digit.

The parser is the standard library's expat, with documents that declare a type refused before they are parsed: the tree
is built in C, and so faster than handlers in Python can be called; lxml would bring nothing but a dependency, since
the place of a fault, which only its elements know, is sought in a second pass over the few documents that have one.
"""

from doorstep.fhir.xml.indenting import pretty
from doorstep.fhir.xml.reading import read
from doorstep.fhir.xml.writing import write

__all__ = ["pretty", "read", "write"]
