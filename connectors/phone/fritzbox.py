"""The call monitor of a FRITZ!Box (TCP 1012, switched on by dialling #96*5*): one line for each event, in the box's
local time, without any sign-in.

    28.11.26 15:17:43;RING;2;02211234567;02219876543;SIP0;
    28.11.26 15:17:43;CALL;1;4;9876543;02211234567#;SIP0;
    28.11.26 15:17:50;CONNECT;2;11;02211234567;
    28.11.26 15:18:50;DISCONNECT;2;60;
"""

from connectors.phone.calls import CallEvent, EventKind
from connectors.phone.number import clean

MACHINES = range(40, 50)
"""Extensions of the box's own answering machines."""


def read_line(line: str) -> CallEvent | None:
    """The event of a line; None for a line that is none."""
    stamp, *rest = (field.strip() for field in line.strip().split(";"))
    if len(rest) < 2 or len(stamp) != 17 or not rest[1].isdigit():
        return None
    kind, slot, values = rest[0].upper(), rest[1], [*rest[2:], "", "", ""]
    if kind == "RING":
        return CallEvent(
            kind=EventKind.RINGING,
            slot=slot,
            id=f"{stamp}/{slot}",
            caller=clean(values[0]),
            callee=values[1],
            line=values[1],
        )
    if kind == "CALL":
        return CallEvent(
            kind=EventKind.DIALLED,
            slot=slot,
            id=f"{stamp}/{slot}",
            caller=values[1],
            callee=clean(values[2]),
            line=values[0],
        )
    if kind == "CONNECT":
        machine = values[0].isdigit() and int(values[0][:4]) in MACHINES
        return CallEvent(kind=EventKind.ANSWERED, slot=slot, line=values[0], machine=machine)
    if kind == "DISCONNECT":
        seconds = int(values[0][:6]) if values[0][:6].isdigit() else None
        return CallEvent(kind=EventKind.OVER, slot=slot, seconds=seconds)
    return None
