"""What of a text is new: the text without what it quotes and without the signature.

Read line by line; only a line whose first character can open something is looked at closely, so that ordinary text
costs next to nothing. Knows the quotation marks of the common programs in the languages of Europe: `> ` lines,
attribution lines ("Am ... schrieb", "On ... wrote:"), separators ("-----Ursprüngliche Nachricht-----"), header blocks
("Von: / Gesendet: / An:"), and the `-- ` of signatures. Rather too much is kept than too little: where nothing would
remain, the whole text does.
"""

import re
from dataclasses import dataclass

_FROM_LABELS = "From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|Nadawca|Feladó|Kimden|Gönderen|От|От кого|Від|Από|De la|No|Kellelt|发件人|差出人"
_OTHER_LABELS = (
    "Sent|Date|To|Subject|Cc|Reply-To|Message-ID|Importance|Attachments|"
    "Gesendet|Gesendet am|Datum|An|Betreff|Kopie|Antwort an|Wichtigkeit|Anlagen|"
    "Envoyé|Envoyé le|À|A|Objet|Enviado|Enviado el|Enviado em|Para|Fecha|Data|Asunto|Assunto|CC|"
    "Inviato|Oggetto|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Til|Emne|Lähetetty|Vastaanottaja|Aihe|"
    "Wysłano|Wysłane|Do|Temat|Odesláno|Komu|Předmět|Odoslané|Predmet|Elküldve|Címzett|Tárgy|Trimis|Către|Subiect|"
    "Gönderildi|Kime|Konu|Отправлено|Дата|Кому|Тема|Надіслано|Εστάλη|Προς|Θέμα|Sõnum|Saadetud|发送时间|收件人|主题|送信日時|宛先|件名"
)
_FROM_LINE = re.compile(rf"[ \t]*\**(?:{_FROM_LABELS})\**\s?:\**(?:\s|$)", re.IGNORECASE)
_LABEL_LINE = re.compile(rf"[ \t]*\**(?:{_FROM_LABELS}|{_OTHER_LABELS})\**\s?:\**(?:\s|$)", re.IGNORECASE)
_ATTRIBUTION_START = re.compile(
    r"[ \t]*(?:Am|On|Le|El|Il|Em|Op|Den|Dnia|W dniu|Dne|Dňa|Pe|På|Em|La|\d{1,4}[./-]|"
    r"Mo|Di|Mi|Do|Fr|Sa|So|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Em|În|Ha|Вт|Пн|Ср|Чт|Пт|Сб|Вс|Στις|[^\s<>:]{1,30} ?[^\n<>]{0,60}<)",
    re.IGNORECASE,
)
_ATTRIBUTION_END = re.compile(
    r"(?:schrieb(?: [^\n:]{0,80})?|wrote|a écrit|escribió|ha scritto|schreef(?: [^\n:]{0,80})?|escreveu|skrev(?: [^\n:]{0,80})?|"
    r"kirjoitti|napisał(?:\(a\)|a)?|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|írta|a scris|yazdı|написал(?:а|\(а\))?|"
    r"пише|пишет|έγραψε|ezt írta|写道|geschrieben)\s?[:：]\s*$",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(
    r"[ \t]*-{2,}\s*(?:Original[ -]?Message|Original[ -]?Nachricht|Ursprüngliche Nachricht|Originalnachricht|Message d'origine|"
    r"Message original|Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht|Originalmeddelande|"
    r"Oprindelig meddelelse|Opprinnelig melding|Alkuperäinen viesti|Oryginalna wiadomość|Wiadomość oryginalna|Původní zpráva|"
    r"Eredeti üzenet|Исходное сообщение|Original Email|Reply message)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[ \t]*(?:-{4,}\s*(?:Forwarded message|Forwarded Message|Weitergeleitete Nachricht|Weitergeleitete Message|Message transféré|"
    r"Mensaje reenviado|Messaggio inoltrato|Inoltrato|Mensagem encaminhada|Doorgestuurd bericht|Vidarebefordrat meddelande|"
    r"Videresendt melding|Videresendt meddelelse|Välitetty viesti|Treść przekazanej wiadomości|Wiadomość przekazana|"
    r"Přeposlaná zpráva|Továbbított üzenet|Пересылаемое сообщение|Forwarded by[^\n]{0,100}|Weitergeleitet von[^\n]{0,100})"
    r"\s*-{0,40}|"
    r"(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|Début du message (?:réexpédié|transféré)|"
    r"Inicio del mensaje reenviado|Inizio messaggio inoltrato|Begin doorgestuurd bericht|Początek przekazywanej wiadomości)"
    r"\s?:)\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]*(?:_{8,}|-{8,}|\*{8,}|={8,})[ \t]*$")
_SENT_FROM = re.compile(
    r"(?:Von meinem .{1,40} gesendet|Gesendet (?:von|mit|über) .{1,80}|Sent (?:from|with|via) .{1,60}|Get Outlook for .{1,20}|"
    r"Holen Sie sich Outlook für .{1,20}|Outlook für .{1,20} (?:beziehen|herunterladen).{0,60}|Envoyé de(?:puis)? mon .{1,40}|"
    r"Enviado desde mi .{1,40}|Inviato da(?:l mio)? .{1,40}|Diese Nachricht wurde von meinem .{1,80} gesendet.{0,60}|"
    r"Verstuurd vanaf mijn .{1,40})\.?\s*$",
    re.IGNORECASE,
)
_HEADER_WINDOW = 7
_ATTRIBUTION_WINDOW = 4
_PLAIN_START = frozenset("abcdefghijklmnopqrstuvwxyz ")
"""First characters of lines that open nothing (attributions and labels begin with a capital or a digit)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`reply`: what is new. `forwarded`: the first thing quoted is a forwarded message."""

    reply: str
    forwarded: bool


def read_quotation(text: str) -> Reading:
    """Takes a text (lines ended by \\n) apart. The caller bounds its length."""
    lines = text.split("\n")
    kept: list[str] = []
    forwarded = False
    index, total = 0, len(lines)
    while index < total:
        line = lines[index]
        if not line or line[0] in _PLAIN_START:
            kept.append(line)
            index += 1
            continue
        if line[0] == ">":
            index += 1
            continue
        if line in {"-- ", "--", "--\xa0"}:
            break
        if _FORWARDED.match(line):
            forwarded = True
            break
        if _SEPARATOR.match(line) or _opens_header_block(lines, index):
            break
        if length := _attribution(lines, index):
            if not _quote_follows(lines, index + length):
                break
            index += length
            continue
        kept.append(line)
        index += 1
    reply = _tidy(kept)
    return Reading(reply or text.strip(), forwarded)


def _opens_header_block(lines: list[str], index: int) -> bool:
    """A From line and two more labels close together, perhaps under a rule: how Outlook, GMX and T-Online quote."""
    line = lines[index]
    start = index
    if _RULE.match(line):
        start = next((i for i in range(index + 1, min(index + 3, len(lines))) if lines[i].strip()), index)
    elif not _LABEL_LINE.match(line):
        return False
    window = lines[start : start + _HEADER_WINDOW]
    labels = sum(1 for one in window if _LABEL_LINE.match(one))
    return labels >= 3 and any(_FROM_LINE.match(one) for one in window) and bool(_LABEL_LINE.match(window[0]))


def _attribution(lines: list[str], index: int) -> int:
    """How many lines an attribution beginning here takes; 0 where none does."""
    if not _ATTRIBUTION_START.match(lines[index]):
        return 0
    for length in range(1, _ATTRIBUTION_WINDOW + 1):
        if index + length > len(lines):
            return 0
        line = lines[index + length - 1]
        if not line.strip() or line.startswith(">") or len(line) > 300:
            return 0
        if _ATTRIBUTION_END.search(line):
            written = " ".join(lines[index : index + length])
            # A sentence such as "Am Montag schrieb:" alone names nobody and no time: an attribution does.
            return length if re.search(r"\d|@", written) else 0
    return 0


def _quote_follows(lines: list[str], index: int) -> bool:
    """Whether the next written line is marked `>`: then what follows may be answers in between."""
    return next((line.startswith(">") for line in lines[index : index + 5] if line.strip()), False)


def _tidy(kept: list[str]) -> str:
    while kept and (not kept[-1].strip() or _SENT_FROM.match(kept[-1].strip()) or _RULE.match(kept[-1])):
        kept.pop()
    text = "\n".join(kept).strip()
    return re.sub(r"\n{3,}", "\n\n", text) if "\n\n\n" in text else text
