"""Events of Asterisk's manager interface (AMI) as calls. `Linkedid` names a call over all its channels; the channel
whose `Uniqueid` equals it began the call, and its hanging up ends it.

A call is for us where its first channel is a line to the outside, and by us where it dials one; everything else happens
in the house. Pure.
"""

import re
from collections.abc import Mapping, Sequence

from connectors.phone.calls import CallEvent, EventKind
from connectors.phone.number import clean

_PEER = re.compile(r"^(.*)-[0-9a-f]+(?:;[12])?$", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[0-9]{3,}")
CAUSES = {"17": "busy", "18": "no answer", "19": "no answer", "21": "rejected", "16": "", "127": ""}


class AsteriskCalls:
    """Reads messages. `trunks`: channels to the outside, without their running number (`PJSIP/provider`)."""

    def __init__(self, trunks: Sequence[str]) -> None:
        self._trunks = frozenset(trunk.lower() for trunk in trunks)

    def read(self, message: Mapping[str, str]) -> CallEvent | None:
        """The event of a message (its keys in lower case); None where it is none of ours."""
        linked = message.get("linkedid", "")
        if not linked:
            return None
        match message.get("event", "").lower():
            case "newchannel":
                return self._read_channel(message, linked)
            case "dialbegin":
                return self._read_dial(message, linked)
            case "dialend" if message.get("dialstatus", "").upper() == "ANSWER":
                return CallEvent(kind=EventKind.ANSWERED, slot=linked, line=self._line(message.get("destchannel", "")))
            case "bridgeenter" if message.get("uniqueid") != linked and not self._outside(message.get("channel", "")):
                # Where DialEnd was lost: two channels talk.
                return CallEvent(kind=EventKind.ANSWERED, slot=linked, line=self._line(message.get("channel", "")))
            case "hangup" if message.get("uniqueid") == linked:
                reason = CAUSES.get(message.get("cause", ""), message.get("cause-txt", ""))
                return CallEvent(kind=EventKind.OVER, slot=linked, reason=reason)
        return None

    def _read_channel(self, message: Mapping[str, str], linked: str) -> CallEvent | None:
        if message.get("uniqueid") != linked or not self._outside(message.get("channel", "")):
            return None
        return CallEvent(
            kind=EventKind.STARTED,
            slot=linked,
            id=linked,
            caller=clean(message.get("calleridnum", "")),
            callee=message.get("exten", ""),
            name=_name(message.get("calleridname", "")),
        )

    def _read_dial(self, message: Mapping[str, str], linked: str) -> CallEvent | None:
        source, target = message.get("channel", ""), message.get("destchannel", "")
        first = message.get("uniqueid", linked)
        if self._outside(source) and first == linked:
            return CallEvent(
                kind=EventKind.RINGING,
                slot=linked,
                id=linked,
                caller=clean(message.get("calleridnum", "")),
                callee=message.get("exten", ""),
                line=self._line(target),
                name=_name(message.get("calleridname", "")),
            )
        if not self._outside(source) and self._outside(target):
            return CallEvent(
                kind=EventKind.DIALLED,
                slot=linked,
                id=linked,
                caller=clean(message.get("calleridnum", "")),
                callee=_dialled(message),
                line=self._line(source),
            )
        return None

    def _outside(self, channel: str) -> bool:
        match = _PEER.match(channel)
        return (match[1] if match else channel).lower() in self._trunks

    def _line(self, channel: str) -> str:
        """`PJSIP/20-00000012` is line 20."""
        match = _PEER.match(channel)
        return (match[1] if match else channel).partition("/")[2].partition("@")[0]


def _dialled(message: Mapping[str, str]) -> str:
    """The number behind a call to the outside: of the dialled string, else the dialled extension."""
    for part in message.get("dialstring", "").split("/")[::-1]:
        match = _NUMBER.fullmatch(clean(part))
        if match:
            return match[0]
    for key in ("exten", "destcalleridnum", "destexten"):
        if _NUMBER.fullmatch(clean(message.get(key, ""))):
            return clean(message[key])
    return ""


def _name(written: str) -> str:
    return "" if written.startswith("<") else written
