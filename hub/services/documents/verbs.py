"""Implements hub.ports.document_verbs.DocumentVerbs: who may, what is written, and the audit of it."""

from hub.services.documents.giving import Giving
from hub.services.documents.keeping import Keeping
from hub.services.documents.looking import Looking


class Documents(Looking, Keeping, Giving):
    """The verbs."""

    __slots__ = ()
