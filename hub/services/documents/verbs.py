"""Implements hub.ports.document_verbs.DocumentVerbs: who may, what is written, and the audit of it."""

from hub.services.documents.giving import Giving
from hub.services.documents.keeping import Keeping
from hub.services.documents.lettering import Lettering
from hub.services.documents.looking import Looking
from hub.services.documents.showing import Showing


class Documents(Looking, Keeping, Giving, Showing, Lettering):
    """The verbs."""

    __slots__ = ()
