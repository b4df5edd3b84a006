"""The links of a page as a few numbers: menus repeat themselves on every page of a site.

>>> table: dict[str, str] = {}
>>> note(["https://x.cl/a", "https://x.cl/b", "https://x.cl/c"], table), note(["https://x.cl/b"], table)
('0-2', '1')
>>> noted("0-1,2", {number: url for url, number in table.items()})
['https://x.cl/a', 'https://x.cl/b', 'https://x.cl/c']
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def note(links: Iterable[str], table: dict[str, str]) -> str:
    """Numbers of `links` as ranges; `table` (address → number) takes those that are new."""
    runs: list[list[int]] = []
    for link in dict.fromkeys(links):
        number = int(table.setdefault(link, str(len(table))))
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def noted(text: str, links: Mapping[str, str]) -> list[str]:
    """The addresses that `note` wrote as `text`; `links` is number → address."""
    found: list[str] = []
    for run in filter(None, text.split(",")):
        first, _, last = run.partition("-")
        found += [links[str(n)] for n in range(int(first), int(last or first) + 1)]
    return found
