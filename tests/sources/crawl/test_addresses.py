"""Addresses are written in one way, and two ways to one page are one page."""

from __future__ import annotations

import pytest

from sources.crawl.addresses import Scope, key, name_of, normal, site_of
from sources.crawl.links import note, noted

ORIGIN = "https://www.ejemplo.gob.do/servicios/"


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("HTTPS://WWW.Ejemplo.gob.do:443/A?utm_source=x&b=2#f", "https://www.ejemplo.gob.do/A?b=2"),
        ("http://ejemplo.gob.do", "http://ejemplo.gob.do/"),
        ("http://x.cl/año niño?q=ñ", "http://x.cl/a%C3%B1o%20ni%C3%B1o?q=%C3%B1"),
        ("http://x.cl/a;jsessionid=1F?fbclid=2", "http://x.cl/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
    ],
)
def test_an_address_is_written_in_one_way(given: str, written: str) -> None:
    assert normal(given) == written
    assert normal(written) == written


@pytest.mark.parametrize(
    "other",
    [
        "http://www.x.cl/a/",
        "https://x.cl/a/index.html",
        "http://x.cl:80/a?gclid=7",
        "http://x.cl/a#seccion",
    ],
)
def test_two_ways_to_one_page(other: str) -> None:
    assert key(other) == key("http://x.cl/a")


@pytest.mark.parametrize("other", ["http://x.cl/a?id=1", "http://x.cl/A", "http://y.cl/a"])
def test_other_pages_are_other_pages(other: str) -> None:
    assert key(other) != key("http://x.cl/a")


def test_the_order_of_parameters_makes_no_page() -> None:
    assert key("http://x.cl/a?b=1&c=2") == key("http://x.cl/a?c=2&b=1")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (ORIGIN, "servicios"),
        ("https://ejemplo.gob.do/", "index"),
        ("https://ejemplo.gob.do/a/afiliaci%C3%B3n.aspx?id=3", "a/afiliación/id=3/"),
        ("https://otra.gob.do/a.html", "otra.gob.do/a"),
    ],
)
def test_a_page_has_a_name_of_its_path(url: str, name: str) -> None:
    assert name_of(url, ORIGIN) == name


def scope(**fields: tuple[str, ...]) -> Scope:
    return Scope(frozenset({site_of(ORIGIN)}), **fields)


@pytest.mark.parametrize(
    "url",
    [
        "https://otra.gob.do/",
        "https://ejemplo.gob.do.malo.com/",
        "https://ejemplo.gob.do:8443/",
        "https://usuario@ejemplo.gob.do/",
        "ftp://ejemplo.gob.do/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://[malo/",
        "https://ejemplo.gob.do/wp-admin/x",
    ],
)
def test_what_is_no_page_of_the_site(url: str) -> None:
    assert not scope().holds(url)
    assert scope().holds("https://ejemplo.gob.do/a")


def test_patterns_of_the_path() -> None:
    ours = scope(include=("/servicios/*",), exclude=("*?impr=*", "/servicios/viejo*"))
    assert ours.holds(ORIGIN + "a") and ours.wants(ORIGIN + "a")
    assert not ours.holds(ORIGIN + "a?impr=1")
    assert not ours.holds(ORIGIN + "viejo/a")
    assert not ours.wants("https://ejemplo.gob.do/noticias")


def test_links_are_kept_as_ranges() -> None:
    table: dict[str, str] = {}
    menu = [f"https://x.cl/{n}" for n in range(60)]
    assert note(menu, table) == "0-59"
    text = note([*menu[:30], "https://x.cl/nuevo", menu[40]], table)
    assert text == "0-29,60,40"
    numbered = {number: url for url, number in table.items()}
    assert noted(text, numbered) == [*menu[:30], "https://x.cl/nuevo", menu[40]]
    assert note([], table) == "" and noted("", numbered) == []
