"""An answer by contact whose receipt was lost is asked for again under the same key, though another conversation waits
longest by now."""

from typing import Any

import pytest

from hub.domain.errors import Conflict
from tests.unit.web.test_web_api import PETRA, talk


@pytest.mark.parametrize(("same_contact", "status"), [(True, 202), (False, 409)])
async def test_the_key_leads_to_the_conversation_that_it_answered(
    api: Any, verbs: Any, monkeypatch: pytest.MonkeyPatch, same_contact: bool, status: int
) -> None:
    conversation = talk(verbs)
    contact = conversation.contact_id if same_contact else "c_somebody"
    real, asked = verbs.conversations.reply, []

    async def reply(actor: Any, conversation_id: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(conversation_id)
        if len(asked) == 1:
            raise Conflict("Used before.", key="k", conversation=conversation.id, contact=contact)
        return await real(actor, conversation_id, *arguments, **options)

    monkeypatch.setattr(verbs.conversations, "reply", reply)
    answered = await api.call("POST", f"/contacts/{PETRA}/reply", {"text": "Gern."}, {"Idempotency-Key": "k"})
    assert answered[0] == status
    assert asked[1:] == ([conversation.id] if same_contact else [])
