"""Every endpoint of `/api/v1`, at a glance."""

from aiohttp import web

from hub.web.api import contacts, desk
from hub.web.live import stream_events

V1 = "/api/v1"


API_ROUTES = [
    web.get(f"{V1}/status", desk.show_status),
    web.get(f"{V1}/contacts", contacts.list_contacts),
    web.post(f"{V1}/contacts", contacts.create_contact),
    web.get(f"{V1}/contacts/{{ref:[^/]+}}", contacts.show_contact),
    web.patch(f"{V1}/contacts/{{ref:[^/]+}}", contacts.edit_contact),
    web.get(f"{V1}/contacts/{{ref:[^/]+}}/timeline", contacts.show_timeline),
    web.post(f"{V1}/contacts/{{ref:[^/]+}}/notes", contacts.add_note),
    web.post(f"{V1}/contacts/{{ref:[^/]+}}/reply", contacts.reply_to_contact),
    web.get(f"{V1}/search", contacts.search),
    web.get(f"{V1}/inbox", desk.list_inbox),
    web.get(f"{V1}/conversations", desk.list_conversations),
    web.get(f"{V1}/conversations/{{id}}", desk.show_conversation),
    web.delete(f"{V1}/conversations/{{id}}", desk.delete_conversation),
    web.get(f"{V1}/conversations/{{id}}/entries", desk.list_entries),
    web.get(f"{V1}/conversations/{{id}}/draft", desk.show_draft),
    web.post(f"{V1}/conversations/{{id}}/reply", desk.reply),
    web.post(f"{V1}/conversations/{{id}}/assign", desk.assign),
    web.post(f"{V1}/conversations/{{id}}/close", desk.own("close")),
    web.post(f"{V1}/conversations/{{id}}/reopen", desk.own("reopen")),
    web.get(f"{V1}/interactions/{{id}}", contacts.show_entry),
    web.get(f"{V1}/interactions/{{id}}/raw", contacts.show_raw),
    web.get(f"{V1}/interactions/{{id}}/attachments/{{index:\\d{{1,4}}}}", contacts.show_attachment),
    web.get(f"{V1}/interactions/{{id}}/html", contacts.show_html),
    web.get(f"{V1}/outbox", desk.list_outbox),
    web.get(f"{V1}/outbox/{{id}}", desk.show_item),
    web.post(f"{V1}/outbox/{{id}}/{{act:retry|cancel|settle}}", desk.act_on_item),
    web.get(f"{V1}/quarantine", desk.list_quarantine),
    web.get(f"{V1}/quarantine/{{id}}/raw", contacts.show_quarantined_raw),
    web.post(f"{V1}/quarantine/{{id}}/replay", desk.replay),
    web.get(f"{V1}/channels", desk.list_channels),
    web.post(f"{V1}/channels/{{name}}/probe", desk.probe_channel),
    web.get(f"{V1}/users", desk.list_users),
    web.post(f"{V1}/users", desk.add_user),
    web.post(f"{V1}/users/{{name}}/link-code", desk.make_link_code),
    web.get(f"{V1}/audit", desk.list_audit),
    web.post(f"{V1}/ask", desk.ask),
    web.get(f"{V1}/events", stream_events),
]
