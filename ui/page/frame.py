"""What stands around the conversation: name, headings, channels, and what the page is and keeps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from sources.country import Country, countries
from ui.page import Texts


def masthead(words: Texts) -> str:
    """Name and promise; on a page whose answers are in another language, that, too."""
    foreign = f'<p class="v-foreign">{escape(words.foreign)}</p>' if words.foreign else ""
    return (
        f'<a class="v-skip" href="#v-question">{escape(words.skip)}</a>'
        '<div class="v-brand"><svg aria-hidden="true" viewBox="0 0 32 32" width="44" height="44">'
        '<rect width="32" height="32" rx="7"/>'
        '<path d="M8 22V13a8 8 0 0 1 16 0v9M5 24.5h22M16 5.5V22" fill="none" stroke="#fff"'
        ' stroke-width="2.4" stroke-linecap="round"/></svg>'
        f"<h1>Ventanilla</h1></div><p>{escape(words.promise)}</p>{foreign}"
    )


def talk_heading(words: Texts) -> str:
    """The conversation's heading; the script reads from it who speaks."""
    return (
        f'<h2 id="v-talk-title" data-user="{escape(words.you)}" data-bot="Ventanilla">'
        f"{escape(words.conversation)}</h2>"
    )


def heading(text: str) -> str:
    """A heading of the second level."""
    return f"<h2>{escape(text)}</h2>"


def status(text: str, *, seen: bool = False, quoted: str = "", language: str = "") -> str:
    """A line that screen readers speak when it changes, with words of another language after it;
    `seen` shows it to all.
    """
    kind = ' class="v-seen"' if seen else ""
    more = f' <span lang="{escape(language)}">{escape(quoted)}</span>' if quoted else ""
    return f"<p{kind}>{escape(text)}{more}</p>"


def country_name(code: str | None, language: str) -> str:
    """A country as people call it; "" for none of ours."""
    country = countries().get(code or "")
    return country.names.get(language, country.names["es"]) if country else ""


def at_hand(code: str | None, words: Texts, language: str) -> str:
    """The general channel and the emergency lines of the country chosen; "" while none is."""
    country = countries().get(code or "")
    if country is None:
        return ""
    lines = {line.number: line.name for line in country.emergency}
    calls = " ".join(
        f'<span class="v-line">{telephone(number, words)} {escape(name)}</span>'
        for number, name in lines.items()
    )
    return (
        f'<p class="v-channel">{channel(country, None, words, language)}</p>'
        f'<p class="v-lines"><strong>{escape(words.emergencies)}</strong> {calls}</p>'
    )


def channel(country: Country, sectors: Iterable[str] | None, words: Texts, language: str) -> str:
    """Where to turn in a country: name, address and telephone of the channel of the first sector, or
    of the general one, as HTML.
    """
    found = country.channel(next(iter(sectors or ()), None))
    said = escape(words.channel.format(country=country.names.get(language, country.code)))
    name = f"<span>{escape(found.name)}</span>"
    if found.url:
        name = (
            f'<a href="{escape(found.url)}" target="_blank" rel="noopener noreferrer">'
            f'{escape(found.name)}<span class="v-hidden"> ({escape(words.new_window)})</span></a>'
        )
    phone = f" · {telephone(found.phone, words)}" if found.phone else ""
    return f"<strong>{said}</strong> {name}{phone}"


def telephone(number: str, words: Texts, kind: str = "v-tel") -> str:
    """A number that can be called; `*4141` and the like are dialled with their star."""
    dialled = re.sub(r"[ -]", "", number).replace("*", "%2A")
    spoken = f'<span class="v-hidden">{escape(words.call)} </span>'
    return f'<a class="{kind}" href="tel:{dialled}">{spoken}{escape(number)}</a>'


def about(words: Texts, language: str, attribution: str | None = None) -> str:
    """What Ventanilla is and is not, where more of it stands, and what the licence of its model asks
    to be shown.
    """
    built = f'<p lang="en">{escape(attribution)}</p>' if attribution else ""
    links = " · ".join(
        f'<a href="lite{path}?lang={language}">{escape(text)}</a>'
        for path, text in (
            ("", words.lite),
            ("/accessibility", words.accessibility),
            ("/about", words.privacy),
        )
    )
    items = "".join(f"<li>{escape(line)}</li>" for line in words.about)
    return (
        f'<h2 id="v-about-title">{escape(words.about_heading)}</h2><ul>{items}</ul>'
        f'<p class="v-more">{links}</p>{built}'
    )
