"""Documents from outside: a mail's file is found by a word inside it, a document is kept, found by chat, shared by a
link that a customer opens, asked for by an upload link; what is infected goes nowhere. With a real clamd."""

import io
import json
import re
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import aiosmtplib
import pytest

from tests.hub_process import HubProcess, poll
from tests.office_files import docx, pdf
from tests.peers.certificates import Certificates
from tests.peers.chat import ChatClient
from tests.peers.clamd import EICAR, ClamDaemon
from tests.peers.process import LOOPBACK
from tests.peers.prosody import Prosody


@pytest.fixture
def company(tmp_path: Path, clamd: ClamDaemon, certificates: Certificates, prosody: Prosody) -> Iterator[HubProcess]:
    """A hub that takes mail, talks with colleagues and checks files."""
    hub = HubProcess(directory=tmp_path)
    hub.config = f"""
[hub]
company = "Tischlerei Test"
hostname = "hub.test"
[documents]
clamd = "{clamd.place}"
max_upload_bytes = 1048576
[channels.mail]
kind = "email"
address = "info@hub.test"
listen = "{LOOPBACK}:{hub.smtp_port}"
[channels.chat]
kind = "xmpp"
jid = "{prosody.jid("bot")}"
password = "{prosody.password("bot")}"
host = "{prosody.host}"
port = {prosody.port}
ca_file = "{certificates.ca}"
"""
    hub.start()
    yield hub
    hub.end()


def mail_with(*files: tuple[str, bytes]) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Petra Müller <petra@box.test>"
    mail["To"] = "info@hub.test"
    mail["Subject"] = "Unterlagen"
    mail["Message-ID"] = "<unterlagen@box.test>"
    mail.set_content("anbei")
    for name, data in files:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return mail


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """As somebody without a session."""
    request = Request(url, data=data, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urlopen(request, timeout=20) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


def form_of(name: str, data: bytes) -> tuple[bytes, str]:
    edge = "----edge"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return head + data + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


async def test_files_of_a_mail_are_documents_and_an_infected_one_goes_nowhere(company: HubProcess) -> None:
    mail = mail_with(
        ("Treppe.pdf", pdf("Treppe aus Kirschholz")), ("x.docx", docx("Nussbaum")), ("v.txt", EICAR.encode())
    )
    await aiosmtplib.send(mail, hostname=LOOPBACK, port=company.smtp_port, start_tls=False)
    found = poll(lambda: company.ask_json("document", "list", "kirschholz"), lambda items: len(items) == 1)
    assert (found[0]["name"], found[0]["scan"], found[0]["source"]) == ("Treppe.pdf", "clean", "received")
    poll(lambda: company.ask_json("document", "list", "nussbaum"), lambda items: len(items) == 1)
    rows = poll(
        lambda: company.ask_json("document", "list", "--contact", "petra@box.test"),
        lambda items: len(items) == 3 and all(item["scan"] != "pending" for item in items),
    )
    [bad] = [item for item in rows if item["scan"] == "infected"]
    assert bad["name"] == "v.txt"
    for command in (("document", "get", bad["id"], "--to", "/dev/null"), ("document", "share", bad["id"])):
        assert company.run(*command).returncode == 4
    # What was read survives a crash, and nothing is kept twice.
    company.kill()
    company.start()
    assert len(company.ask_json("document", "list", "--contact", "petra@box.test")) == 3
    assert len(company.ask_json("document", "list", "kirschholz")) == 1


def test_a_document_is_kept_found_by_chat_and_opened_by_a_customer_until_its_link_is_used_up(
    company: HubProcess, tmp_path: Path
) -> None:
    file = tmp_path / "Preisliste 2026.pdf"
    file.write_bytes(pdf("Lärche 95 Euro je Meter", "Preisliste"))
    kept = company.ask_json("document", "add", str(file), "--folder", "Preislisten/2026", "--tag", "Holz")
    poll(lambda: company.ask_json("document", "list", "lärche"), lambda items: len(items) == 1)
    assert "Preisliste 2026.pdf" in company.bot("suche Dokument Lärche")["reply"]
    link = company.ask_json("document", "share", kept["id"], "--limit", "1")
    address = link["address"].replace("127.0.0.1:0", f"127.0.0.1:{company.http_port}")
    assert fetch(address) == (200, file.read_bytes())
    assert fetch(address)[0] == 404
    guessed = address[:-1] + ("a" if address[-1] != "a" else "b")
    assert fetch(guessed)[0] == 404
    # The file comes back as it was, and never over one that is there.
    target = tmp_path / "back.pdf"
    company.ask_json("document", "get", kept["id"], "--to", str(target))
    assert target.read_bytes() == file.read_bytes()
    # Nothing was removed long enough ago.
    assert company.ask_json("document", "purge", "--dry-run") == []
    assert company.ask_json("document", "purge") == {"due": 0}


async def drop(client: ChatClient, bot: str, name: str, data: bytes) -> None:
    """Upload it (XEP-0363) and say where (XEP-0066), as clients do."""
    url = await client.client.plugin["xep_0363"].upload_file(
        name, size=len(data), content_type="application/pdf", input_file=io.BytesIO(data), timeout=10
    )
    message = client.client.make_message(mto=bot, mbody=url, mtype="chat")
    message["oob"]["url"] = url
    message.send()


async def test_a_colleague_drops_a_pdf_it_is_filed_found_by_a_word_inside_it_and_opened_by_a_customer(
    company: HubProcess, prosody: Prosody
) -> None:
    bot = prosody.jid("bot")
    mail = mail_with()
    await aiosmtplib.send(mail, hostname=LOOPBACK, port=company.smtp_port, start_tls=False)
    poll(lambda: company.timeline("petra@box.test"), lambda entries: len(entries) == 1)
    data = pdf("Treppe aus Mooreiche für petra@box.test", "Angebot")
    async with ChatClient(prosody, "alice") as alice:
        company.ask_json("user", "add", "anna", "--role", "agent", "--language", "de")
        code = company.ask_json("user", "link", "anna")["code"]
        assert "hilfe" in (await alice.ask(bot, f"/link {code}")).lower()
        await drop(alice, bot, "Scan 17.pdf", data)
        asked = await alice.hear(30)
        assert "Scan 17.pdf" in asked
        assert "Petra Müller" in asked
        assert "Angebote" in asked
        assert "Abgelegt" in await alice.ask(bot, "ja")
        poll(lambda: company.ask_json("document", "list", "mooreiche"), lambda items: len(items) == 1)
        assert "Scan 17.pdf" in await alice.ask(bot, "suche Dokument Mooreiche")
    [document] = company.ask_json("document", "list", "--contact", "petra@box.test")
    assert (document["name"], document["source"], document["scan"]) == ("Scan 17.pdf", "bot", "clean")
    link = company.ask_json("document", "share", document["id"], "--contact", "petra@box.test")
    address = link["address"].replace("127.0.0.1:0", f"127.0.0.1:{company.http_port}")
    assert fetch(address) == (200, data)
    company.kill()
    company.start()
    assert fetch(address) == (200, data)
    # The contact's own page has it too, and survives the crash as well as the link does.
    made = company.ask_json("document", "overview", "petra@box.test", "--days", "3")
    page = company.url + "/d/" + made["address"].rpartition("/")[2]
    status, shown = fetch(page)
    assert (status, b"Scan 17.pdf" in shown, b"<script" in shown) == (200, True, False)
    file = re.findall(r'href="(/d/[^"]+/file/[^"]+)"', shown.decode())[0]
    assert fetch(company.url + file) == (200, data)
    assert fetch(page[:-1] + ("a" if page[-1] != "a" else "b"))[0] == 404


def test_a_visitor_sends_a_file_and_two_gigabytes_are_refused_before_they_are_read(company: HubProcess) -> None:
    token = (company.data / "token").read_text().strip()
    body = json.dumps({"folder": "Pläne", "text": "Ihr Plan"}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content_Type": "application/json"}
    status, answer = fetch(f"{company.url}/api/v1/upload-requests", body, **headers)
    assert status == 201
    path = "/u/" + json.loads(answer)["address"].rpartition("/")[2]
    page = fetch(company.url + path)
    assert page[0] == 200
    assert "Ihr Plan" in page[1].decode()
    assert b"<script>" not in page[1]
    data, kind = form_of("..\\..\\Mein Plan.pdf", pdf("Grundriss Dachgeschoss"))
    status, answer = fetch(company.url + path, data, Content_Type=kind, Sec_Fetch_Site="same-origin")
    assert (status, b"received" in answer or "angekommen" in answer.decode()) == (200, True)
    [document] = poll(lambda: company.ask_json("document", "list", "dachgeschoss"), lambda items: len(items) == 1)
    assert (document["name"], document["folder"], document["source"]) == ("Mein Plan.pdf", "Pläne", "requested")
    # A foreign page may not post here, and 2 GB are refused by the size that is announced.
    assert fetch(company.url + path, data, Content_Type=kind, Sec_Fetch_Site="cross-site")[0] == 403
    with socket.create_connection((LOOPBACK, company.http_port), 10) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {2 * 1024**3}\r\n\r\n".encode()
        )
        answer = line.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 413")
    # Without an announced size it is stopped at the limit.
    data, kind = form_of("big.bin", b"x" * 1_600_000)
    assert fetch(company.url + path, data, Content_Type=kind, Sec_Fetch_Site="same-origin")[0] == 413
    assert len(company.ask_json("document", "list")) == 1
