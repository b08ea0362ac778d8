"""Numbers in words beside money or time: a template that says them says an amount or a deadline of its own."""

import re

_NUMBERS = {
    "en": "one two three four five six seven eight nine ten eleven twelve fifteen twenty twenty-four thirty forty "
    "forty-eight fifty sixty seventy eighty ninety hundred thousand million few dozen half",
    "es": "un uno una dos tres cuatro cinco seis siete ocho nueve diez once doce quince veinte veinticuatro treinta "
    "cuarenta cincuenta sesenta setenta ochenta noventa cien ciento mil millón millones",
    "fr": "un une deux trois quatre cinq six sept huit neuf dix onze douze quinze vingt vingt-quatre trente quarante "
    "cinquante soixante cent cents mille million millions",
    "de": "ein eine einen einem einer zwei drei vier fünf sechs sieben acht neun zehn elf zwölf fünfzehn zwanzig "
    "vierundzwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert einhundert tausend eintausend",
}
_MONEY = {
    "en": "dollars? euros? pounds? sterling cents? pence bucks? quid",
    "es": "dólar(es)? euros? libras? pesos? céntimos? centavos?",
    "fr": "dollars? euros? livres? centimes? francs?",
    "de": "dollar euros? pfund cents? franken rappen",
}
_TIME = {
    "en": "hours? days? weeks?",
    "es": "horas? días? semanas?",
    "fr": "heures? jours? semaines?",
    "de": "stunden? tage?n? wochen?",
}
_VAGUE = {"en": "one few half", "es": "un uno una", "fr": "un une", "de": "ein eine einen einem einer"}
"""With money they are an amount; "in a few days" or "one day" is no deadline."""


def _either(words: list[str]) -> str:
    return "|".join(words)


def _amounts(language: str) -> re.Pattern[str]:
    numbers = _either(_NUMBERS[language].split())
    return re.compile(rf"(?<!\w)({numbers})\s+({_either(_MONEY[language].split())})(?!\w)", re.IGNORECASE)


def _times(language: str) -> re.Pattern[str]:
    vague = _VAGUE[language].split()
    exact = _either([one for one in _NUMBERS[language].split() if one not in vague])
    return re.compile(rf"(?<!\w)({exact})\s+(\w+\s+)?({_either(_TIME[language].split())})(?!\w)", re.IGNORECASE)


_PATTERNS = {language: (_amounts(language), _times(language)) for language in _NUMBERS}


def number_in_words(said: str, language: str, with_times: bool = True) -> str:
    """The first amount or time in words, such as ``two days``; empty when there is none, or of another language.

    Args:
        with_times: False where a period belongs to the matter, such as the days to stop a debit in an announcement.
    """
    patterns = _PATTERNS.get(language, ())[: 2 if with_times else 1]
    return next((found[0] for one in patterns if (found := one.search(said))), "")
