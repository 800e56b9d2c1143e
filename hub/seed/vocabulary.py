"""Words of the demo company. Every person, company and address is invented; addresses end in .example (RFC 2606)."""

GERMAN_FIRST = [
    "Petra",
    "Jens",
    "Kim",
    "Anna",
    "Jörg",
    "Sabine",
    "Thomas",
    "Birgit",
    "Uwe",
    "Claudia",
    "Stefan",
    "Monika",
    "Markus",
    "Ute",
    "Frank",
    "Heike",
    "Katrin",
    "Lars",
    "Nadine",
    "Oliver",
    "Silke",
    "Torsten",
    "Yvonne",
    "Holger",
    "Annika",
    "Matthias",
    "Gesa",
    "Dirk",
    "Mareike",
    "Volker",
    "Özlem",
    "Mehmet",
]
GERMAN_LAST = [
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Koch",
    "Bauer",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Braun",
    "Krüger",
    "Hartmann",
    "Lange",
    "Krause",
    "Lehmann",
    "Köhler",
    "Maier",
    "Yılmaz",
    "Groß",
    "Vogt",
]
ENGLISH_FIRST = [
    "Emma",
    "Oliver",
    "Grace",
    "Harry",
    "Alice",
    "Jack",
    "Sophie",
    "George",
    "Lucy",
    "William",
    "Hannah",
    "James",
    "Ruth",
    "Peter",
    "Nora",
    "Liam",
    "Fiona",
    "Owen",
    "Claire",
    "Martin",
]
ENGLISH_LAST = [
    "Smith",
    "Jones",
    "Taylor",
    "Brown",
    "Wilson",
    "Evans",
    "Walker",
    "Wright",
    "Robinson",
    "Thompson",
    "White",
    "Hughes",
    "Green",
    "Hall",
    "Clarke",
    "Murphy",
    "O'Brien",
    "Campbell",
    "Stewart",
    "Baker",
]
GERMAN_TRADES = [
    "Tischlerei",
    "Hotel",
    "Praxis",
    "Kanzlei",
    "Café",
    "Buchhandlung",
    "Gärtnerei",
    "Architekturbüro",
    "Bäckerei",
    "Autohaus",
    "Apotheke",
    "Gasthof",
    "Schreinerei",
    "Elektro",
    "Weingut",
]
ENGLISH_TRADES = [
    "Joinery",
    "Hotel",
    "Studio",
    "Partners",
    "Bakery",
    "Books",
    "Gardens",
    "Architects",
    "Cycles",
    "Kitchens",
]
SUPPLY_TRADES = ("Holz", "Beschläge", "Lacke", "Werkzeug", "Glas", "Spedition")
GERMAN_CITIES = [
    "Köln",
    "Berlin",
    "Hamburg",
    "München",
    "Leipzig",
    "Bremen",
    "Münster",
    "Freiburg",
    "Erfurt",
    "Kassel",
    "Kiel",
    "Ulm",
]
ENGLISH_CITIES = ["London", "Bristol", "Leeds", "Dublin", "Edinburgh", "Cardiff", "York"]
GERMAN_GOODS = (
    "Eichentische",
    "Stühle",
    "Regale",
    "eine Küchenzeile",
    "Türen",
    "eine Treppe",
    "Schränke",
    "Fensterbänke",
    "Besprechungstische",
    "einen Empfangstresen",
)
ENGLISH_GOODS = (
    "oak tables",
    "chairs",
    "shelves",
    "a kitchen worktop",
    "doors",
    "a staircase",
    "wardrobes",
    "window sills",
    "meeting tables",
    "a reception desk",
)

Letters = tuple[str, tuple[tuple[str, str], ...]]
"""A subject, and what is said in turn: ("in" or "out", text)."""

GERMAN_LETTERS: tuple[Letters, ...] = (
    (
        "Angebot für {count} x {goods}",
        (
            (
                "in",
                "Guten Tag,\n\nwir suchen {goods}, Menge {count}, lieferbar bis {month}. Können Sie uns ein Angebot "
                "machen?\n\nMit freundlichen Grüßen\n{name}",
            ),
            (
                "out",
                "Guten Tag {name},\n\ngern. Das Angebot über {amount} € finden Sie anbei; es gilt vier Wochen. Passt "
                "Eiche geölt?\n\nViele Grüße\n{colleague}",
            ),
            ("in", "Vielen Dank, geölt passt. Bitte liefern Sie nach {city}, Anlieferung ab 8 Uhr.\n\n{name}"),
            (
                "out",
                "Notiert. Wir liefern in der KW {week}; die Spedition meldet sich einen Tag vorher.\n\n{colleague}",
            ),
            ("in", "Wunderbar, bis dann!"),
        ),
    ),
    (
        "Rechnung R-{number}",
        (
            (
                "in",
                "Guten Tag, auf der Rechnung R-{number} fehlt unsere Bestellnummer B-{order}. Bitte korrigieren Sie "
                "das, sonst kann die Buchhaltung nicht zahlen.\n\n{name}",
            ),
            (
                "out",
                "Guten Tag, die korrigierte Rechnung über {amount} € liegt bei. Bitte entschuldigen Sie die Mühe."
                "\n\n{colleague}",
            ),
            ("in", "Danke, ist angewiesen."),
        ),
    ),
    (
        "Liefertermin {goods}",
        (
            ("in", "Hallo, wann kommen {goods}? Zugesagt war {month}, unsere Monteure stehen bereit.\n{name}"),
            (
                "out",
                "Guten Tag, der Lack kam zu spät zu uns. Wir liefern am Dienstag in der KW {week}, versprochen."
                "\n{colleague}",
            ),
            ("in", "Einverstanden, aber bitte nicht noch einmal verschieben."),
        ),
    ),
    (
        "Reklamation: {goods}",
        (
            (
                "in",
                "Guten Tag, an zwei Stellen löst sich die Kante. Fotos kann ich schicken. Wer kümmert sich darum?\n"
                "{name}",
            ),
            (
                "out",
                "Das tut uns leid. Herr Vogt kommt am Donnerstag vorbei und sieht es sich an, wenn es Ihnen passt."
                "\n{colleague}",
            ),
            ("in", "Donnerstag nach 14 Uhr ist gut."),
            ("out", "Ist eingetragen: Donnerstag, 14:30 Uhr."),
        ),
    ),
    (
        "Aufmaß vor Ort",
        (
            ("in", "Können Sie nächste Woche zum Aufmaß für {goods} nach {city} kommen?\n{name}"),
            ("out", "Mittwoch 10 Uhr oder Freitag 13 Uhr wären frei. Was passt besser?\n{colleague}"),
            ("in", "Mittwoch 10 Uhr, bitte. Parken können Sie im Hof."),
        ),
    ),
)
ENGLISH_LETTERS: tuple[Letters, ...] = (
    (
        "Quote for {count} x {goods}",
        (
            (
                "in",
                "Hello,\n\nwe are looking for {goods}, quantity {count}, delivered by {month}. Could you send a "
                "quote?\n\nKind regards\n{name}",
            ),
            (
                "out",
                "Hello {name},\n\nhappily. Our quote over €{amount} is attached and holds for four weeks. Would oiled "
                "oak suit you?\n\nBest regards\n{colleague}",
            ),
            ("in", "Oiled is fine. Please deliver to {city}, any weekday after 8 am.\n\n{name}"),
            ("out", "Noted. We deliver in week {week}; the carrier calls one day ahead.\n\n{colleague}"),
        ),
    ),
    (
        "Invoice R-{number}",
        (
            (
                "in",
                "Hello, our order number B-{order} is missing on invoice R-{number}. Accounting cannot pay without "
                "it.\n{name}",
            ),
            ("out", "Sorry about that, the corrected invoice over €{amount} is attached.\n{colleague}"),
            ("in", "Thanks, paid today."),
        ),
    ),
    (
        "Delivery date of {goods}",
        (
            ("in", "Hi, when will {goods} arrive? You promised {month} and our fitters are waiting.\n{name}"),
            ("out", "The varnish reached us late. We deliver on Tuesday of week {week}, promised.\n{colleague}"),
            ("in", "All right, but please do not move it again."),
        ),
    ),
    (
        "A visit to measure",
        (
            ("in", "Could you come to {city} next week to measure for {goods}?\n{name}"),
            ("out", "Wednesday 10:00 or Friday 13:00 would be free. Which suits you?\n{colleague}"),
            ("in", "Wednesday please. You can park in the yard."),
        ),
    ),
)
GERMAN_NOTES = (
    "Angerufen: will im Frühjahr erweitern, nach Ostern nachfassen.",
    "Zahlt gewöhnlich erst nach der ersten Erinnerung.",
    "Ansprechpartner für die Montage ist der Hausmeister, nicht die Zentrale.",
    "War auf der Messe am Stand, interessiert an geölter Eiche.",
)
ENGLISH_NOTES = (
    "Called: plans to extend in spring, follow up after Easter.",
    "Usually pays after the first reminder.",
    "For fitting talk to the caretaker, not to the head office.",
    "Came to our stand at the fair, likes oiled oak.",
)
GERMAN_CHATS: tuple[Letters, ...] = (
    (
        "",
        (
            ("in", "Moin, ist {goods} noch für diese Woche geplant?"),
            ("out", "Ja, Freitag Vormittag."),
            ("in", "Super 👍"),
        ),
    ),
    ("", (("in", "Kurze Frage: Welche Tür muss am Lager klingeln?"), ("out", "Tor 2, bitte dort klingeln."))),
    (
        "",
        (
            ("in", "Wann haben Sie geöffnet?"),
            ("bot", "Hier antwortet der Assistent: Montag bis Freitag von 9 bis 17 Uhr."),
            ("in", "Danke!"),
        ),
    ),
    (
        "",
        (
            ("in", "Ich hätte eine Frage zu {goods}."),
            ("bot", "Hier antwortet der Assistent: Das sieht sich jemand von uns an und meldet sich hier."),
            ("out", "Guten Tag, hier ist {colleague}. Was möchten Sie wissen?"),
            ("in", "Ob es das auch in Eiche gibt."),
            ("out", "Ja, mit vier Wochen Lieferzeit."),
        ),
    ),
)
ENGLISH_CHATS: tuple[Letters, ...] = (
    ("", (("in", "Hi, are {goods} still planned for this week?"), ("out", "Yes, Friday morning."), ("in", "Great 👍"))),
    (
        "",
        (
            ("in", "What are your opening hours?"),
            ("bot", "This is the assistant: Monday to Friday from 9 to 5."),
            ("in", "Thanks!"),
        ),
    ),
)
GERMAN_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
ENGLISH_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
COLLEAGUES = (("anna", "Anna Lindner", "de"), ("ben", "Ben Carter", "en"), ("kim", "Kim Sander", "de"))
