"""What mail programs write around a person's words, in the languages that reach us.

Apart from the sets of labels, each constant is a pattern fragment of alternatives, to be compiled case-insensitively by
those who look for it.
"""


def _any(*alternatives: str) -> str:
    return "(?:" + "|".join(alternatives) + ")"


FROM_LABELS = frozenset(
    {
        *(
            "from",
            "von",
            "de",
            "da",
            "van",
            "från",
            "fra",
            "lähettäjä",
            "od",
            "nadawca",
            "feladó",
            "kimden",
            "gönderen",
        ),
        *("от", "от кого", "від", "από", "de la", "no", "kellelt", "发件人", "差出人"),
    }
)
"""Lower-case labels of the sender in a quoted header."""
LABELS = FROM_LABELS | {
    *("sent", "date", "to", "subject", "cc", "bcc", "reply-to", "message-id", "importance", "attachments"),
    *("gesendet", "gesendet am", "datum", "an", "betreff", "kopie", "antwort an", "wichtigkeit", "anlagen"),
    *("envoyé", "envoyé le", "à", "a", "objet", "enviado", "enviado el", "enviado em", "para", "fecha", "data"),
    *("asunto", "assunto", "inviato", "oggetto", "verzonden", "aan", "onderwerp", "skickat", "till", "ämne"),
    *("sendt", "til", "emne", "lähetetty", "vastaanottaja", "aihe", "wysłano", "wysłane", "do", "temat"),
    *("odesláno", "komu", "předmět", "odoslané", "predmet", "elküldve", "címzett", "tárgy", "trimis", "către"),
    *("subiect", "gönderildi", "kime", "konu", "отправлено", "дата", "кому", "тема", "надіслано"),
    *("εστάλη", "προς", "θέμα", "saadetud", "发送时间", "收件人", "主题", "送信日時", "宛先", "件名"),
}
"""Lower-case labels of a quoted header, the sender's among them."""
ATTRIBUTION_START = _any(
    *("Am", "On", "Le", "El", "Il", "Em", "Op", "Den", "Dnia", "W dniu", "Dne", "Dňa", "Pe", "På", "La", "În", "Στις"),
    *("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    *("Вт", "Пн", "Ср", "Чт", "Пт", "Сб", "Вс", r"\d{1,4}[./-]", r"[^\n<>:]{1,80}<"),
)
ATTRIBUTION_VERB = _any(
    *(r"schrieb(?: [^\n]{0,80})?", "geschrieben", "wrote", "a écrit", "escribió", "ha scritto", "escreveu"),
    *(r"schreef(?: [^\n:]{0,80})?", r"skrev(?: [^\n:]{0,80})?", "kirjoitti", r"napisał(?:\(a\)|a)?"),
    *(r"napsal(?:\(a\)|a)?", r"napísal(?:\(a\)|a)?", "írta", "a scris", "yazdı", r"написал(?:а|\(а\))?"),
    *("пише", "пишет", "έγραψε", "写道"),
)
ORIGINAL_MESSAGE = _any(
    *("Original[ -]?Message", "Original[ -]?Nachricht", "Ursprüngliche (?:Nachricht|Mail|E-Mail)", "Originalnachricht"),
    *("Message d'origine", "Message original", "Mensaje original", "Messaggio originale", "Mensagem original"),
    *("Oorspronkelijk bericht", "Originalmeddelande", "Oprindelig meddelelse", "Opprinnelig melding"),
    *("Alkuperäinen viesti", "Oryginalna wiadomość", "Wiadomość oryginalna", "Původní zpráva", "Eredeti üzenet"),
    *("Исходное сообщение", "Original Email", "Reply message"),
)
FORWARDED_RULE = _any(
    *("Forwarded message", "Weitergeleitete (?:Nachricht|Message|Mail|E-Mail)", "Message transféré"),
    *("Mensaje reenviado", "Messaggio inoltrato", "Mensagem encaminhada", "Doorgestuurd bericht"),
    *("Vidarebefordrat meddelande", "Videresendt (?:melding|meddelelse)", "Välitetty viesti"),
    *("Treść przekazanej wiadomości", "Wiadomość przekazana", "Přeposlaná zpráva", "Továbbított üzenet"),
    *("Пересылаемое сообщение", r"Forwarded by[^\n]{0,100}", r"Weitergeleitet von[^\n]{0,100}"),
)
FORWARDED_LINE = _any(
    *("Begin forwarded message", "Anfang der weitergeleiteten (?:Nachricht|E-Mail)"),
    *("Début du message (?:réexpédié|transféré)", "Inicio del mensaje reenviado", "Inizio messaggio inoltrato"),
    *("Begin doorgestuurd bericht", "Początek przekazywanej wiadomości"),
)
SENT_FROM = _any(
    *("Von meinem .{1,40} gesendet", "Gesendet (?:von|mit|über) .{1,80}", "Sent (?:from|with|via) .{1,60}"),
    *("Get Outlook for .{1,20}", "Holen Sie sich Outlook für .{1,20}"),
    *("Outlook für .{1,20} (?:beziehen|herunterladen).{0,60}", "Envoyé de(?:puis)? mon .{1,40}"),
    *("Enviado desde mi .{1,40}", "Inviato da(?:l mio)? .{1,40}", "Verstuurd vanaf mijn .{1,40}"),
    "Diese Nachricht wurde von meinem .{1,80} gesendet.{0,60}",
)
BOUNCE_SUBJECT = _any(
    *("undelivered mail", "undeliverable", "delivery (?:status notification|failure|has failed)"),
    *("mail delivery (?:failed|failure|system)", "returned mail", "failure notice", "warning: could not send"),
    *("warning: message .{1,40} delayed", "message (?:delayed|not delivered)", "unzustellbar", "nicht zustellbar"),
    *("zustellung (?:fehlgeschlagen|verzögert)", "échec de (?:la )?(?:remise|distribution)", "non remis"),
    *("no se puede entregar", "mensaje no entregado", "mancato recapito", "onbestelbaar", "não entregue"),
    *("niedostarczon", "oleveransbar"),
)
AUTOMATIC_SUBJECT = _any(
    *(r"\[?auto(?:matic|mated)?[ -]?(?:reply|response|answer)\b", r"out[ -]of[ -](?:the[ -])?office", r"ooo\b"),
    *("vacation (?:reply|response|notice)", r"\[?auto[ -]?antwort\b"),
    "automatische (?:antwort|rückmeldung|empfangsbestätigung)",
    "abwesenheits(?:notiz|meldung|nachricht|benachrichtigung|assistent)",
    *(r"abwesend\b", "nicht im (?:büro|haus)", "urlaubs(?:notiz|meldung)", "eingangsbestätigung"),
    *("réponse automatique", "absence du bureau", "message d['’]absence", "respuesta automática"),
    *("fuera de (?:la )?oficina", "risposta automatica", "fuori (?:sede|ufficio)", "automatisch antwoord", "afwezig"),
    *("resposta automática", "fora do escritório", "automatiskt svar", "autosvar", "automatisk svar", "fravær"),
    *("frånvarande", "automaattinen vastaus", r"poissa\b", "odpowiedź automatyczna", "automatyczna odpowiedź"),
    *("poza biurem", "automatická odpověď", "mimo kancelář", "automatikus válasz", "házon kívül", "otomatik yanıt"),
    *("автоматический ответ", "автоответ", "αυτόματη απάντηση", "自动回复", "自動返信"),
)
