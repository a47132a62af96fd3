"""The guide for the night itself, on one screen: the order of things, in Dutch and in English."""

from typing import Final, Literal

Language = Literal["en", "nl"]

_ENGLISH: Final = """\
THE NIGHT ITSELF                                      GATE is the gate's name

 1 Look         gatectl status
 2 Write down   gatectl advice add --help    who said what, received when
                gatectl decide --help        what is decided, by whom
 3 Close        gatectl close GATE           asks nothing; in doubt, do it again
                Exit 5? Block the address at the firewall in front.
 4 See          gatectl status GATE          outside shut, inside open
 5 Evidence     gatectl collect GATE         before any restart: memory is lost
 6 Patch        gatectl patch GATE -n        read the lines, then without -n
 7 Check        gatectl scan GATE            clean or scanned is fine
                compromised: stop, keep it shut, call your CERT
 8 Verify       gatectl verify GATE
 9 Agree        gatectl approve GATE         somebody else signs
10 Reopen       gatectl reopen GATE          provisional: ends by itself
                gatectl confirm GATE         when people are seen to work

Broken off?     gatectl status, then gatectl resume; it looks before it acts
Stuck?          gatectl doctor               each trouble with what mends it
Exit codes      0 proven  3 failed, shut  4 not reached  5 MAY BE OPEN
"""

_DUTCH: Final = """\
DE NACHT ZELF                                     POORT is de naam van de gate

 1 Kijk         gatectl status
 2 Leg vast     gatectl advice add --help    wie zei wat, wanneer ontvangen
                gatectl decide --help        wat is besloten, door wie
 3 Sluit        gatectl close POORT          vraagt niets; bij twijfel nogmaals
                Code 5? Blokkeer het adres op de firewall ervoor.
 4 Zie          gatectl status POORT         buiten dicht, binnen open
 5 Bewijs       gatectl collect POORT        voor een herstart
 6 Patch        gatectl patch POORT -n       lees de regels, daarna zonder -n
 7 Onderzoek    gatectl scan POORT           clean of scanned is goed
                compromised: stop, houd dicht, bel uw CERT
 8 Controleer   gatectl verify POORT
 9 Akkoord      gatectl approve POORT        iemand anders tekent
10 Heropen      gatectl reopen POORT         voorlopig: eindigt vanzelf
                gatectl confirm POORT        als is gezien dat mensen werken

Afgebroken?     gatectl status, dan gatectl resume; dat kijkt voor het iets doet
Vastgelopen?    gatectl doctor               elk probleem met wat het verhelpt
Codes           0 bewezen  3 mislukt, dicht  4 onbereikbaar  5 MISSCHIEN OPEN
"""

GUIDES: Final[dict[Language, str]] = {"en": _ENGLISH, "nl": _DUTCH}


def language_of(locale: str) -> Language:
    """Choose the language by the name of a locale, as nl_NL.UTF-8."""
    return "nl" if locale.casefold().startswith("nl") else "en"
