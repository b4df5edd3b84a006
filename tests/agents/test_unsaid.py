"""What no document says is told, and what they say of the service stands below it."""

import pytest

from agents.replies import LANGUAGES, reply
from agents.rules.learn import digest, examples_file
from agents.rules.likeness import ORDINARY, scorer
from agents.state import Request, Status
from agents.understanding.aspects import asked
from agents.understanding.unsaid import unsaid
from sources.catalog import read_yaml
from sources.vocabulary import concepts

EXAMPLES = read_yaml(examples_file("unsaid"))
CATEGORIES = sorted(set(EXAMPLES) - {ORDINARY})

ASKED = [
    ("own_case", "ya mandé mis papeles de la beca y nada, ¿me la aprobaron?", "DO"),
    ("forecast", "¿será cierto que van a eliminar la gratuidad el próximo año?", "CL"),
    (
        "opinion",
        "¿usted cree que vale la pena postular a Beca 18 o mejor me pongo a trabajar?",
        "PE",
    ),
    ("statistics", "Quantos alunos fizeram o Enem no ano passado?", "BR"),
    ("complaint", "qué vergüenza Fonasa, nadie contesta y la cola no avanza", "CL"),
]


def test_the_weights_were_learnt_from_the_examples():
    assert scorer("unsaid").learnt_from == digest("unsaid"), "run python -m agents.rules.learn"


def test_what_was_learnt_is_seen_again_and_nothing_else():
    seen = {c: [unsaid(text, []) is not None for text in EXAMPLES[c]] for c in EXAMPLES}
    assert sum(seen[ORDINARY]) <= 0.02 * len(seen[ORDINARY])
    for category in CATEGORIES:
        assert sum(seen[category]) >= 0.6 * len(seen[category]), category


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_is_told_in_both_languages(category):
    assert len({reply(language, "unsaid", category) for language in LANGUAGES}) == 2


@pytest.mark.parametrize(("category", "question", "country"), ASKED)
async def test_no_document_is_passed_off_as_the_answer(assistant, category, question, country):
    answer = await assistant.ask(Request(question=question, country=country))
    assert answer.status is Status.UNANSWERABLE
    assert reply("pt" if country == "BR" else "es", "unsaid", category) in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "me rechazaron la beca, ¿cuánto cuesta apelar?",
        "¿qué requisitos tiene la beca? nadie contesta, qué vergüenza",
        "¿dónde reclamo si no me atienden en Fonasa?",
        "¿cuándo son las becas?",
    ],
)
def test_what_documents_say_is_asked_like_any_other(question):
    assert unsaid(question, asked(question)) is None


def test_a_bare_name_is_asked_for():
    labels = [text for concept in concepts().values() for _, text in concept.labels()]
    taken = [text for text in labels if unsaid(text, [])]
    assert len(taken) <= 0.005 * len(labels), taken


async def test_what_a_tool_is_plainly_asked_for_is_asked_of_it(assistant):
    request = Request(question="¿Cuánto cuesta el metro? Qué caro está todo", country="CL")
    assert reply("es", "unsaid", "complaint") not in (await assistant.ask(request)).answer


async def test_a_follow_up_is_read_with_what_was_before(assistant):
    turns = [{"role": "user", "content": "¿Cómo renuevo la licencia de conducir?"}]
    request = Request(question="¿y la de mi hermana?", country="DO", history=turns)
    assert (await assistant.ask(request)).status is Status.ANSWERED
