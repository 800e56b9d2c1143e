"""What of a text is new. Whole mails in the styles of the common programs are among the golden cases."""

import pytest

from connectors.email.quotation import read_quotation

QUOTED = "\n\nDer alte Text.\nNoch eine Zeile."


@pytest.mark.parametrize(
    "opening",
    [
        "Am 19.11.2026 um 16:12 schrieb Max Muster:",
        "Am Do., 19. Nov. 2026 um 16:12 Uhr schrieb Max Muster <\nmax@example.com>:",
        "Am Donnerstag, den 19.11.2026, 16:12 +0100 schrieb Max Muster:",
        "On Thu, Nov 19, 2026 at 4:12 PM Max Muster <max@example.com> wrote:",
        "On Thu, Nov 19, 2026 at 4:12 PM Max Muster\n<max@example.com>\nwrote:",
        "Le jeu. 19 nov. 2026 à 16:12, Max Muster <max@example.com> a écrit :",
        "El jue, 19 nov 2026 a las 16:12, Max (<max@example.com>) escribió:",
        "Il giorno gio 19 nov 2026 alle ore 16:12 Max <max@example.com> ha scritto:",
        "Op do 19 nov. 2026 om 16:12 schreef Max Muster <max@example.com>:",
        "Den tors 19 nov. 2026 kl 16:12 skrev Max Muster <max@example.com>:",
        "W dniu czw., 19 lis 2026 o 16:12 Max Muster <max@example.com> napisał(a):",
        "2026-11-19 16:12 GMT+01:00 Max Muster <max@example.com> wrote:",
        "Max Muster <max@example.com> schrieb am 19.11.2026 um 16:12:",
        "-----Ursprüngliche Nachricht-----",
        "-----Original Message-----",
        "----- Original Message -----",
        "-----Message d'origine-----",
        "Von: Max\nGesendet: Montag\nAn: Anna\nBetreff: x",
        "*Von:* Max\n*Gesendet:* Montag\n*An:* Anna\n*Betreff:* x",
        "________________________________\nVon: Max <max@example.com>\nGesendet: Montag\nAn: Anna\nBetreff: x",
        "De : Max\nEnvoyé : lundi\nÀ : Anna\nObjet : x",
        "发件人：Max\n收件人：Anna\n主题：x",
        "Gesendet: Montag\nVon: Max\nAn: Anna\nBetreff: x",
        "-- \nAnna Beispiel\nBeispiel GmbH",
    ],
)
def test_what_follows_a_quotation_mark_is_not_new(opening: str) -> None:
    reading = read_quotation("Danke, passt: wir nehmen drei.\n\n" + opening + QUOTED)
    assert reading.reply == "Danke, passt: wir nehmen drei."
    assert not reading.forwarded


@pytest.mark.parametrize(
    "text",
    [
        "Von: Köln\nNach: Bonn\nWann: morgen?",
        "Am Montag schrieb ich Ihnen: bitte liefern.",
        "An: alle, die kommen wollen",
        "Unsere Wünsche:\n- erstens\n- zweitens",
        "On arrival we noticed:\nthe pump leaks",
        "-----\nnur eine Linie\n-----",
        "Preise:\n\n1 - 10 EUR\n2 - 20 EUR",
        "Mein Bruder schrieb:",
        "型号：P-200\n数量：2",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert read_quotation(text).reply == text


def test_answers_between_the_quoted_lines_are_kept() -> None:
    text = "Hallo,\n\nAm 1.1.2026 schrieb Max:\n> Wann?\n\nMorgen.\n\n> Wo?\n\nIn Köln.\n-- \nAnna"
    assert read_quotation(text).reply == "Hallo,\n\nMorgen.\n\nIn Köln."


@pytest.mark.parametrize("line", ["Sent from my iPhone", "Von meinem iPhone gesendet", "Get Outlook for iOS"])
def test_a_programs_own_line_at_the_end_is_dropped(line: str) -> None:
    assert read_quotation(f"Ja, gern.\n\n{line}\n").reply == "Ja, gern."
    assert read_quotation(f"{line}\n\nist kein guter Gruß.").reply.startswith(line)


def test_words_are_never_lost_altogether() -> None:
    assert read_quotation("> nur Zitat\n").reply == "> nur Zitat"
    assert read_quotation("").reply == ""


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "-------- Weitergeleitete Nachricht --------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "---------- Message transféré ---------",
    ],
)
def test_ac18_a_forwarded_block_is_known(mark: str) -> None:
    reading = read_quotation(f"Bitte prüfen.\n\n{mark}\nVon: Max\n\nText")
    assert reading.forwarded
    assert reading.reply == "Bitte prüfen."
    assert not read_quotation(f"Antwort\n\nAm 1.1.2026 schrieb Max:\n> {mark}\n> Text").forwarded
