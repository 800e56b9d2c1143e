"""Domains at which anybody can have an address: they say nothing of a company."""

FREE_MAIL = frozenset(
    """
    aim.com aol.com arcor.de bluewin.ch email.de fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de
    gmx.net googlemail.com hey.com hotmail.com hotmail.de hotmail.fr hushmail.com icloud.com kabelmail.de laposte.net
    libero.it live.com live.de mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com online.de orange.fr
    outlook.com outlook.de posteo.de posteo.net proton.me protonmail.com qq.com rocketmail.com seznam.cz t-online.de
    tuta.io tutanota.com virgilio.it vodafone.de wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com yahoo.de yahoo.fr
    yandex.com yandex.ru ymail.com zoho.com 163.com 126.com 1und1.de
    """.split()  # noqa: SIM905 - a list of words reads better unquoted
)
