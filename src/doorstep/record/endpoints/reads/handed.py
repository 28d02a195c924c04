"""A message as the service that acts on it reads it."""

from __future__ import annotations

from doorstep.adapters.fhirmessaging import reading
from doorstep.adapters.fhirmessaging.reading import Message
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.models import Inbound


@ask(Permission.MEND, audits="endpoints.hand")
def handed(call: Call, *, inbound: int) -> Message:
    """The message of that number; it was read before, and is read as then."""
    row = Inbound.objects.within(call.scope).select_related("endpoint").get(pk=inbound)
    about("Inbound", inbound)
    return reading.read(bytes(row.raw), row.endpoint.mapping)
