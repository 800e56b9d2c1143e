"""Fax through a provider that takes mail: the pages go as a PDF to NUMBER@provider (RFC 3192 and its kin). What became
of it comes as a mail, to the mail channel whose address is the sender; so do faxes that the provider receives."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial

from config.fields import TlsMode
from connectors.fax.gateway import NO_ADDRESS, Fax
from connectors.fax.settings import FaxSettings, MailGatewaySettings
from connectors.fax.words import say
from hub.domain.errors import (
    AuthRejected,
    LinkError,
    Misconfigured,
    PermanentFailure,
    SendError,
    TemporaryFailure,
    UnknownOutcome,
    Unreachable,
)
from hub.ports.connector import ConnectorContext, HttpAnswer, HttpRequest, Inlet, ProbeStep, Receipt

CHECK_SECONDS = 300.0


class MailGateway:
    """A Gateway."""

    def __init__(self, settings: FaxSettings, context: ConnectorContext) -> None:
        assert settings.mail is not None
        self._settings, self._context, self._mail = settings, context, settings.mail

    async def run(self, inlet: Inlet, up: Callable[[str], None]) -> None:
        """See Connector.run: sign in now and then, to know that it still can be done."""
        while True:
            await asyncio.to_thread(self._check)
            up(f"mail to {self._mail.recipient} through {self._mail.host}")
            await self._context.clock.sleep(CHECK_SECONDS)

    def _check(self) -> None:
        client = sign_in(self._mail, self._context.hostname)
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            client.close()

    async def send(self, fax: Fax) -> Receipt:
        """See Connector.send."""
        message = self._compose(fax)
        await asyncio.to_thread(partial(self._transmit, message, self._address(fax.number)))
        peer = self._mail.recipient.rpartition("@")[2]
        words = say(self._settings.language, "handed-over", peer=peer, pages=fax.sheets.pages)
        return Receipt(native_ref=str(message["Message-ID"]), detail=words)

    def _address(self, number: str) -> str:
        digits = number.removeprefix("+")
        written = {"e164": number, "digits": digits, "00": f"00{digits}"}[self._mail.form]
        return self._mail.recipient.format(number=written)

    def _compose(self, fax: Fax) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self._mail.sender, self._address(fax.number)
        message["Subject"] = self._mail.subject or say(self._settings.language, "fax")
        message["Date"] = format_datetime(self._context.clock.now())
        # The same for each attempt: a provider that drops repeats can.
        message["Message-ID"] = f"<{fax.message_id}@{self._mail.sender.rpartition('@')[2]}>"
        message.set_content("")
        message.add_attachment(fax.sheets.pdf, maintype="application", subtype="pdf", filename="fax.pdf")
        return message

    def _transmit(self, message: EmailMessage, recipient: str) -> None:
        try:
            client = sign_in(self._mail, self._context.hostname)
        except LinkError as error:
            raise TemporaryFailure(error.sentence) from error
        try:
            _hand_over(client, self._mail.sender, recipient, message.as_bytes())
        finally:
            client.close()

    async def probe(self) -> list[ProbeStep]:
        """Sign in."""
        try:
            await asyncio.to_thread(self._check)
        except LinkError as error:
            fix = "Check host, port, tls, user and password of [channels.NAME.mail]."
            return [ProbeStep(title="Sign in", ok=False, detail=error.sentence, fix=fix)]
        return [ProbeStep(title="Sign in", ok=True, detail=f"{self._mail.host}:{self._mail.port}")]

    async def answer(self, request: HttpRequest, inlet: Inlet) -> HttpAnswer:
        """Nothing is taken by HTTP."""
        return NO_ADDRESS


def sign_in(mail: MailGatewaySettings, hostname: str) -> smtplib.SMTP:
    """A connection that is signed in. Raises LinkError."""
    try:
        context = ssl.create_default_context(cafile=mail.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured("ca_file cannot be read: it must be a PEM file.") from error
    try:
        if mail.tls is TlsMode.IMPLICIT:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host, mail.port, local_hostname=hostname, timeout=mail.timeout, context=context
            )
        else:
            client = smtplib.SMTP(mail.host, mail.port, local_hostname=hostname, timeout=mail.timeout)
    except ssl.SSLCertVerificationError as error:
        raise Misconfigured(
            f"The certificate of {mail.host} is not trusted: set ca_file or mend the server."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{mail.host}:{mail.port} does not answer: {str(error)[:200]}") from error
    try:
        if mail.tls is TlsMode.STARTTLS:
            client.starttls(context=context)
        client.ehlo_or_helo_if_needed()
        if mail.user and mail.password is not None:
            client.login(mail.user, mail.password.reveal())
    except smtplib.SMTPAuthenticationError as error:
        client.close()
        raise AuthRejected(f"{mail.host} refuses user or password of the fax gateway.") from error
    except ssl.SSLCertVerificationError as error:
        client.close()
        raise Misconfigured(
            f"The certificate of {mail.host} is not trusted: set ca_file or mend the server."
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        client.close()
        raise Misconfigured(f"{mail.host} cannot do what is configured: {str(error)[:200]}") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        client.close()
        raise Unreachable(f"{mail.host}:{mail.port} broke off: {str(error)[:200]}") from error
    return client


def _distrust(mail: MailGatewaySettings) -> Misconfigured:
    return Misconfigured(f"The certificate of {mail.host} is not trusted: set ca_file or mend the server.")


def _hand_over(client: smtplib.SMTP, sender: str, recipient: str, data: bytes) -> None:
    """RFC 5321 §4.2.5: once the data are on their way only the answer tells whether they were taken."""
    try:
        _expect(client.mail(sender))
        _expect(client.rcpt(recipient))
    except (OSError, smtplib.SMTPException) as error:
        raise TemporaryFailure(f"The mail server broke off: {str(error)[:200]}") from error
    try:
        _expect(client.data(data))
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise UnknownOutcome("The mail server did not answer when the fax was handed over.") from error


def _expect(answer: tuple[int, bytes]) -> None:
    code, words = answer
    if not 200 <= code < 300:
        raise _refusal(code, words)


def _refusal(code: int, words: bytes | str) -> SendError:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    peer = f"{code} {text}"[:200]
    if 400 <= code < 500:
        return TemporaryFailure("The mail server does not take the fax now.", peer=peer)
    return PermanentFailure("The mail server refuses the fax.", peer=peer)
