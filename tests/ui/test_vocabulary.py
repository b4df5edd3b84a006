"""The `vocabulary` commands, and what an agency's own words change."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.concepts import content
from sources.errors import CatalogError, UsageError
from sources.vocabulary import concepts, sound
from ui import cli, doctor
from ui.assemble import open_house
from ui.settings import Settings
from ui.vocabulary import check, export, take

OWN = """
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix v: <https://ventanilla.example/vocabulary/> .
@prefix m: <https://comuna.example/t/> .
m:feria a skos:Concept ; skos:prefLabel "puesto en la feria libre"@es ; skos:related v:street-vendor .
m:manejo a skos:Concept ; skos:altLabel "cartoncito verde"@es-CL ; skos:exactMatch v:driving-licence .
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mi-comuna.ttl"
    path.write_text(OWN, encoding="utf-8")
    return path


def named(settings: Settings, question: str) -> set[str]:
    with open_house(settings) as house:
        return {m.id for m in house.matcher.find(content(question, "es"), "es", ("CL",))}


def test_an_agencys_words_are_understood_from_the_next_start_on(
    settings: Settings, file: Path
) -> None:
    assert named(settings, "perdí mi cartoncito verde") == set()
    taken = take(settings, file)
    assert (taken.concepts, taken.joined, taken.replaced) == (2, 1, False)
    assert taken.path == settings.vocabulary / "mi-comuna.yaml"
    sound.cache_clear()  # stands for the next start
    assert named(settings, "perdí mi cartoncito verde") == {"driving-licence"}
    assert "feria" in named(settings, "quiero un puesto en la feria libre")


def test_documents_are_indexed_again_once_and_doctor_says_so(
    settings: Settings, file: Path
) -> None:
    with open_house(settings) as house:
        first = house.sync("seed")
        assert (first.unchanged, house.outdated()) == (0, [])
        assert house.sync("seed").indexed == 0
    take(settings, file)
    sound.cache_clear()
    with open_house(settings) as house:
        assert house.outdated() == ["seed"]
    found = {f.subject: f for f in doctor.examine(settings)}
    assert "ventanilla sources sync" in found["vocabulary"].text
    with open_house(settings) as house:
        assert house.sync("seed").indexed == first.indexed
        assert house.outdated() == []
        assert house.sync("seed").indexed == 0


def test_a_clash_is_one_line_and_writes_nothing(settings: Settings, file: Path) -> None:
    file.write_text(OWN.replace("puesto en la feria libre", "pasaporte"), encoding="utf-8")
    with pytest.raises(CatalogError, match="'pasaporte'") as raised:
        take(settings, file)
    assert "exactMatch: passport" in str(raised.value) and "\n" not in str(raised.value)
    assert not settings.vocabulary.exists()


def test_an_own_id_that_is_one_of_ours_is_renamed(settings: Settings, file: Path) -> None:
    file.write_text(OWN.replace("m:feria", "m:passport"), encoding="utf-8")
    take(settings, file)
    sound.cache_clear()
    assert "mi-comuna-passport" in concepts(settings.vocabulary)


def test_importing_again_replaces(settings: Settings, file: Path) -> None:
    take(settings, file)
    file.write_text(OWN.replace("feria libre", "feria navideña"), encoding="utf-8")
    assert take(settings, file).replaced
    sound.cache_clear()
    assert concepts(settings.vocabulary)["feria"].prefLabel == {"es": "puesto en la feria navideña"}


def test_our_own_export_with_a_word_more_adds_that_word(settings: Settings, file: Path) -> None:
    text = export(settings)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="adds no word"):
        take(settings, file)
    label = '\nv:passport skos:altLabel "librito azul de viaje"@es .'
    prefix = "@prefix v: <https://ventanilla.example/vocabulary/> .\n"
    file.write_text(prefix + text + label, encoding="utf-8")
    taken = take(settings, file)
    assert (taken.concepts, taken.joined) == (1, 1)


def test_a_bare_mention_of_ours_adds_its_words(settings: Settings, file: Path) -> None:
    file.write_text(
        OWN + 'v:passport a skos:Concept ; skos:altLabel "librito azul de viaje"@es .',
        encoding="utf-8",
    )
    assert take(settings, file).joined == 2


def test_an_everyday_word_is_pointed_out(settings: Settings, file: Path) -> None:
    file.write_text(OWN.replace("cartoncito verde", "plata"), encoding="utf-8")
    (hint,) = take(settings, file).hints
    assert "'plata'" in hint and "phrase" in hint


def test_a_name_must_not_be_that_of_a_theme(settings: Settings, file: Path) -> None:
    with pytest.raises(UsageError, match="--name"):
        take(settings, file, name="health")
    with pytest.raises(UsageError, match="cannot be read"):
        take(settings, file.with_name("nada.ttl"))


def test_check_lists_every_fault(settings: Settings) -> None:
    assert check(settings).complaints == ()
    settings.vocabulary.mkdir(parents=True)
    (settings.vocabulary / "mia.yaml").write_text(
        "concepts:\n- {id: a-x, prefLabel: {es: pasaporte}, broader: [nada]}\n", encoding="utf-8"
    )
    assert len(check(settings).complaints) == 2


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    return int(ended.value.code or 0)


def test_the_commands(
    tmp_path: Path,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VENTANILLA_HOME", str(tmp_path / "home"))
    out = tmp_path / "todo.ttl"
    assert command("vocabulary", "export", str(out)) == 0
    assert out.read_text(encoding="utf-8").startswith("@prefix")
    assert command("vocabulary", "import", str(file)) == 0
    assert "ventanilla sources sync" in capsys.readouterr().out
    assert command("vocabulary", "check") == 0
    assert f"{len(concepts()) + 2} concepts" in capsys.readouterr().out
    (tmp_path / "home/vocabulary/otra.yaml").write_text(
        "concepts:\n- {id: a-x, prefLabel: {es: pasaporte}}\n", encoding="utf-8"
    )
    assert command("vocabulary", "check") == 1
    assert "names 'passport' and 'a-x'" in capsys.readouterr().err


def test_the_example_of_the_guide_is_sound(settings: Settings) -> None:
    guide = Path(__file__).parents[2] / "docs" / "agencies.md"
    (example,) = [
        part
        for part in guide.read_text(encoding="utf-8").split("```")
        if part.startswith("yaml\ntitle: {es: Palabras")
    ]
    settings.vocabulary.mkdir(parents=True)
    text = example.removeprefix("yaml\n")
    (settings.vocabulary / "mia.yaml").write_text(text, encoding="utf-8")
    assert [str(c) for c in check(settings).complaints] == []
