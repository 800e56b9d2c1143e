"""Every page of the console, at a glance."""

from aiohttp import web

from hub.web.console import (
    agenda,
    assistant,
    calendars,
    channels,
    colleagues,
    desk,
    documents,
    doorway,
    duplicates,
    entries,
    filing,
    finding,
    home,
    imports,
    ledgers,
    letters,
    me,
    people,
    portfolio,
    reports,
    sharing,
    talk,
    ties,
)
from hub.web.console.campaigns import CAMPAIGN_ROUTES
from hub.web.console.occasions import OCCASION_ROUTES
from hub.web.live import stream_events
from hub.web.pages import redirect
from hub.web.site import client_of, site_of


async def static(request: web.Request) -> web.Response:
    """GET /static/{name}: by hashed name."""
    return site_of(request).assets.serve(request)


async def favicon(request: web.Request) -> web.Response:
    """Browsers ask for it unasked."""
    return redirect(site_of(request).assets.url("icon.svg"))


async def robots(request: web.Request) -> web.Response:
    """Nothing here is for search engines."""
    return web.Response(text="User-agent: *\nDisallow: /\n")


async def show_feed(request: web.Request) -> web.Response:
    """GET /feeds/SECRET.ics: for calendar programs, which cannot sign in; the secret is the right. Guesses count as
    failed sign-ins do."""
    site, client = site_of(request), client_of(request)
    site.failures.check(client)
    data = await site.verbs.calendar.feed(request.match_info["secret"])
    if data is None:
        site.failures.take(client)
        raise web.HTTPNotFound
    return web.Response(body=data, headers={"Content-Type": "text/calendar; charset=utf-8"})


CONSOLE_ROUTES = [
    *OCCASION_ROUTES,
    *CAMPAIGN_ROUTES,
    web.get("/static/{name}", static),
    web.get("/favicon.ico", favicon),
    web.get("/robots.txt", robots),
    web.get("/feeds/{secret:[A-Za-z0-9_-]{20,100}}.ics", show_feed),
    web.get("/sign-in", doorway.show_sign_in),
    web.post("/sign-in", doorway.sign_in),
    web.post("/sign-out", doorway.sign_out),
    web.get("/password", doorway.show_password),
    web.post("/password", doorway.change_password),
    web.post("/preferences", doorway.set_preferences),
    web.get("/me", me.show),
    web.post("/me/link-code", me.make_link_code),
    web.post("/me/reports", me.choose_reports),
    web.post("/me/mail", me.set_mail),
    web.post("/me/unlink", me.unlink),
    web.post("/me/tokens", me.add_token),
    web.post("/me/tokens/{id}/end", me.end_token),
    web.get("/", home.show_home),
    web.get("/more", home.show_more),
    web.get("/search", finding.search),
    web.get("/find", finding.find),
    web.get("/events", stream_events),
    web.get("/inbox", talk.show_inbox),
    web.get("/conversations/{id}", talk.show_conversation),
    web.post("/conversations/{id}/reply", talk.reply),
    web.post("/conversations/{id}/take-back/{entry}", talk.take_back),
    web.post("/conversations/{id}/assign", talk.assign),
    web.post("/conversations/{id}/close", talk.close),
    web.post("/conversations/{id}/reopen", talk.reopen),
    web.get("/conversations/{id}/delete", talk.show_delete),
    web.post("/conversations/{id}/delete", talk.delete),
    web.get("/contacts", people.list_contacts),
    web.post("/contacts", people.create),
    web.get("/contacts/new", people.show_new),
    web.get("/contacts/{id}", people.show_contact),
    web.get("/contacts/{id}/card", people.show_card),
    web.get("/contacts/{id}/edit", people.show_edit),
    web.post("/contacts/{id}/edit", people.edit),
    web.post("/contacts/{id}/notes", people.add_note),
    web.post("/contacts/{id}/calls", people.log_call),
    web.post("/contacts/{id}/tags", ties.change_tags),
    web.post("/contacts/{id}/relations", ties.change_relations),
    web.post("/contacts/{id}/consents", ties.change_consents),
    web.get("/contacts/{id}/reply", people.write_to),
    web.get("/contacts/{id}/documents", portfolio.show_portfolio),
    web.post("/contacts/{id}/overviews", portfolio.share_overview),
    web.post("/contacts/{id}/letters", portfolio.write_letter),
    web.post("/overviews/{id}/end", portfolio.end_overview),
    web.get("/contacts/{id}/account", ledgers.show_account),
    web.get("/contacts/{id}/statement", ledgers.show_statement),
    web.post("/contacts/{id}/payments", ledgers.book_payment),
    web.post("/contacts/{id}/unmerge", duplicates.unmerge),
    web.post("/contacts/{id}/invite", duplicates.invite),
    web.get("/duplicates", duplicates.list_duplicates),
    web.post("/duplicates", duplicates.merge),
    web.get("/accounts", ledgers.list_accounts),
    web.get("/reports", reports.list_reports),
    web.get("/reports/{name}", reports.show_report),
    web.get("/reports/{name}/entries", reports.list_entries),
    web.get("/reports/{name}/picture", reports.show_picture),
    web.get("/reports/{name}/export/{form}", reports.export),
    web.get("/calendar", agenda.show_week),
    web.post("/calendar", agenda.book),
    web.post("/appointments/{id}/cancel", agenda.cancel),
    web.post("/appointments/{id}/missed", agenda.mark_missed),
    web.post("/appointments/{id}/invite", agenda.invite),
    web.get("/calendars", calendars.list_calendars),
    web.post("/calendars", calendars.save_calendar),
    web.post("/calendars/{id}/feed", calendars.open_feed),
    web.post("/calendars/{id}/feed/end", calendars.close_feed),
    web.get("/imports", imports.show_imports),
    web.post("/imports/{what:contacts|ledger}", imports.take_in),
    web.get("/exports/{form:csv|vcard3|vcard4}", imports.export),
    web.get("/reminders", agenda.list_reminders),
    web.post("/reminders", agenda.add_reminder),
    web.post("/reminders/{id}/drop", agenda.drop_reminder),
    web.get("/documents", documents.list_documents),
    web.post("/documents", documents.upload),
    web.get("/documents/{id}", documents.show_document),
    web.post("/documents/{id}", documents.file_document),
    web.get("/documents/{id}/file", documents.show_file),
    web.get("/documents/{id}/preview", documents.show_preview),
    web.post("/documents/{id}/versions", documents.add_version),
    web.post("/documents/{id}/links", filing.add_link),
    web.post("/documents/{id}/links/remove", filing.drop_link),
    web.post("/documents/{id}/share", documents.share),
    web.post("/documents/{id}/{act:remove|restore}", documents.remove),
    web.get("/document-templates", letters.list_templates),
    web.post("/document-templates", letters.save_template),
    web.post("/document-templates/preview", letters.preview_template),
    web.post("/document-templates/{id}/delete", letters.delete_template),
    web.get("/document-links", documents.list_links),
    web.post("/document-links/{id}/revoke", documents.revoke),
    web.post("/upload-requests", documents.request_upload),
    web.post("/upload-requests/{id}/end", documents.end_request),
    web.get("/queues", sharing.list_queues),
    web.post("/queues", sharing.save_queue),
    web.post("/canned-replies", sharing.save_reply),
    web.post("/canned-replies/{name}/delete", sharing.delete_reply),
    web.get("/entries/{id}", entries.show_entry),
    web.get("/entries/{id}/raw", entries.show_raw),
    web.get("/entries/{id}/html", entries.show_html),
    web.get("/entries/{id}/attachments/{index:\\d{1,4}}", entries.show_attachment),
    web.get("/assistant", assistant.show_chat),
    web.post("/assistant", assistant.ask),
    web.get(r"/assistant/{line}/files/{index:\d{1,2}}", assistant.show_file),
    web.get("/channels", channels.list_channels),
    web.get("/channels/new", channels.choose_kind),
    web.get("/channels/new/{kind}", channels.show_form),
    web.post("/channels/new/{kind}", channels.add_channel),
    web.post("/channels/{name}/test", channels.probe_channel),
    web.post("/channels/{name}/remove", channels.remove_channel),
    web.get("/outbox", desk.list_outbox),
    web.get("/outbox/{id}", desk.show_item),
    web.post("/outbox/{id}/{act:retry|cancel|settle}", desk.act_on_item),
    web.get("/quarantine", desk.list_quarantine),
    web.get("/quarantine/{id}", desk.show_quarantined),
    web.post("/quarantine/{id}/replay", desk.replay),
    web.get("/users", desk.list_users),
    web.get("/users/new", desk.show_new_user),
    web.get("/users/{id}", colleagues.show_user),
    web.post("/users/{id}", colleagues.change_user),
    web.get("/roles", colleagues.list_roles),
    web.post("/roles", colleagues.save_role),
    web.post("/roles/{id}/delete", colleagues.delete_role),
    web.post("/users", desk.add_user),
    web.post("/users/{id}/link-code", desk.make_link_code),
    web.post("/users/{id}/password", desk.renew_password),
    web.get("/audit", desk.list_audit),
]
