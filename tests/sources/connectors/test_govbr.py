"""The gov.br connector: cards in both dresses, broken ones, revisions, and the live catalogue."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sources.catalog import CatalogEntry
from sources.connectors.govbr import read
from sources.document import Document, Field, Rejected, Sector
from sources.errors import CatalogError, ConnectorError
from sources.parsers.markup import is_filler, one_line, plain

ENTRY = CatalogEntry(
    id="br-servicos",
    title="Cartas de Serviço",
    connector="govbr",
    country="BR",
    language="pt",
    agency="Governo Federal do Brasil",
    licence="MIT",
)

XML = """<?xml version="1.0" encoding="UTF-8"?>
<servico xmlns="http://servicos.gov.br/v3/schema">
  {identity}
  <nome>{name}</nome>
  {body}
</servico>"""

BODY = """<sigla>CNH</sigla>
<nomes-populares><item>Carteira de motorista</item><item>-</item></nomes-populares>
<descricao>&lt;p&gt;Permite &lt;b&gt;dirigir&lt;/b&gt;&amp;nbsp;ve&#237;culos. Veja
[o manual](http://x.gov.br/a_b_c).&lt;/p&gt;</descricao>
<contato>¨ **Telefone:** (61) 3218-2207</contato>
<gratuito>false</gratuito>
<solicitantes>
  <solicitante id="1"><tipo>Condutores</tipo><requisitos>* Ter 18 anos
* Saber ler</requisitos></solicitante>
  <solicitante id="2"><tipo>-</tipo><requisitos>....</requisitos></solicitante>
</solicitantes>
<tempo-total-estimado><ate max="30" unidade="dias-uteis"/><descricao>Pode variar</descricao>
</tempo-total-estimado>
<validade-documento><tipo>Válido por</tipo><quantidade>10</quantidade><unidade>anos</unidade>
<descricao/></validade-documento>
<etapas>
  <etapa id="{row}"><titulo>Pagar a taxa</titulo><descricao>Pague no banco</descricao>
    <documentos><default><item>CPF</item><item>....................</item><item>RG</item></default>
      <caso descricao="Estrangeiros"><documento><id>7</id><descricao>RNE</descricao></documento>
      </caso></documentos>
    <custos><default>
      <custo><descricao>Taxa de inscrição:</descricao><moeda>R$</moeda><valor>91,00</valor></custo>
      <custo><descricao>Exame</descricao><moeda>R$</moeda><valor></valor>
        <valorVariavel>R$ 85,00</valorVariavel><statusCustoVariavel>1</statusCustoVariavel></custo>
      </default><caso descricao="Estudantes"><custo><descricao>Taxa</descricao><moeda>R$</moeda>
        <valor>45,50</valor></custo></caso></custos>
    <canais-de-prestacao><default>
      <canal-de-prestacao tipo="web-agendar" tempo-estimado-espera="15"
        tempo-estimado-periodo="minutos"><descricao>http://agenda.gov.br</descricao>
      </canal-de-prestacao></default></canais-de-prestacao></etapa>
  <etapa id="2"><titulo>-</titulo><descricao>-</descricao></etapa>
</etapas>
<orgao id="x"><nomeOrgao>Departamento Nacional de Trânsito (DENATRAN)</nomeOrgao></orgao>
<areas-de-interesse><item>Transporte Rodoviário</item></areas-de-interesse>
<palavras-chave><item>CNH</item><item>trânsito</item></palavras-chave>
<legislacoes><item>-</item><item>Lei nº 9.503, de 1997</item></legislacoes>"""


def xml(
    name: str = "Renovar a carteira de habilitação",
    number: str | None = "77",
    slug: str = "renovar-a-cnh",
    row: int = 1,
    body: str | None = None,
) -> str:
    identity = f"<id>{slug}</id>" if slug else ""
    identity += f"<dbId>{number}</dbId>" if number else ""
    return XML.format(identity=identity, name=name, body=body or BODY.replace("{row}", str(row)))


def described(text: str, row: int = 1) -> str:
    steps = f"<etapas><etapa id='{row}'><titulo>Pedir</titulo></etapa></etapas>"
    return f"<descricao>{text}</descricao><gratuito>true</gratuito>{steps}"


SERVICE: dict[str, Any] = {
    "id": "https://servicos.gov.br/api/v1/servicos/839",
    "nome": "Fazer o ENEM",
    "sigla": "ENEM",
    "descricao": "O **ENEM** avalia o ensino.\n\n* Prova anual",
    "contato": "0800 616161",
    "gratuito": "false",
    "linkServicoDigital": "https://enem.inep.gov.br",
    "url": "https://www.gov.br/pt-br/servicos/fazer-o-enem",
    "nomesPopulares": {"item": [{"id": 1, "item": "Prova do ENEM"}]},
    "solicitantes": {"solicitante": [{"id": 3, "tipo": "Estudantes", "requisitos": "Estudar"}]},
    "tempoTotalEstimado": {
        "ate": None,
        "entre": {"min": 2, "max": 8, "unidade": "meses"},
        "descricao": None,
    },
    "validadeDocumento": {"tipo": "Sem validade", "quantidade": 0, "unidade": "", "descricao": ""},
    "orgao": {"id": "x", "nomeOrgao": "Instituto Nacional de Estudos e Pesquisas (INEP)"},
    "areasDeInteresse": {"item": ["Educação"]},
    "palavrasChave": {"item": [{"item": "prova"}, {"item": ""}]},
    "legislacoes": {"item": [{"item": "[Lei 1](http://lei.gov.br)"}]},
    "etapas": [
        {
            "titulo": "Inscrever-se",
            "descricao": "Preencha o formulário",
            "documentos": {
                "documentos": [{"nome": "CPF"}, {"nome": "RG"}],
                "casos": [
                    {
                        "descricao": "Menores",
                        "documento": [{"descricao": "Certidão", "ondeObter": "Cartório"}],
                    }
                ],
            },
            "custos": {
                "custos": [
                    {
                        "descricao": "Taxa de inscrição",
                        "moeda": "R$",
                        "valor": None,
                        "valorVariavel": "R$ 85,00",
                        "statusCustoVariavel": 1,
                    },
                    {"descricao": "Segunda via", "moeda": "R$", "valor": 1364.2},
                    {
                        "descricao": "Cópia",
                        "moeda": "R$",
                        "valor": 0,
                        "valorVariavel": "75,00",
                        "statusCustoVariavel": 0,
                    },
                ],
                "casos": [
                    {
                        "descricao": "Isentos",
                        "custo": [
                            {"descricao": "Taxa", "moeda": "R$", "valorVariavel": "Gratuito"}
                        ],
                    }
                ],
            },
            "canaisDePrestacao": {
                "canaisDePrestacao": [{"tipo": "E-mail", "descricao": "enem@inep.gov.br"}],
                "casos": [
                    {
                        "descricao": "Surdos",
                        "canalDePrestacao": [{"tipo": "telefone", "descricao": "0800 1"}],
                    }
                ],
            },
            "tempoTotalEstimado": {"atendimentoImediato": {"tipo": "Atendimento Imediato"}},
        }
    ],
}


def results(folder: Path, entry: CatalogEntry = ENTRY) -> tuple[list[Document], list[Rejected]]:
    found = list(read(entry, str(folder)))
    return (
        [item for item in found if isinstance(item, Document)],
        [item for item in found if isinstance(item, Rejected)],
    )


def quotes(document: Document, field: Field) -> list[str]:
    return [document.quote(section) for section in document.sections if section.field is field]


def one_document(folder: Path, entry: CatalogEntry = ENTRY) -> Document:
    documents, rejected = results(folder, entry)
    assert not rejected
    (document,) = documents
    return document


# --- one card ------------------------------------------------------------------------------------


def test_an_xml_card_becomes_quotable_sections(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(xml(), encoding="utf-8")
    document = one_document(tmp_path)
    assert document.id == "br-servico-77"
    assert document.names == ("Carteira de motorista", "CNH")
    assert document.keywords == ("CNH", "trânsito")
    assert document.language == "pt"
    assert document.sectors == (Sector.TRANSPORT,)
    assert quotes(document, Field.DESCRIPTION) == [
        "Permite dirigir veículos. Veja\no manual (http://x.gov.br/a_b_c)."
    ]
    assert quotes(document, Field.REQUIREMENT) == [
        "Requisitos para Condutores:\n• Ter 18 anos\n• Saber ler"
    ]
    assert quotes(document, Field.EVIDENCE) == [
        "Documentos necessários:\n• CPF\n• RG",
        "Documentos necessários:\nEstrangeiros: RNE",
    ]
    assert quotes(document, Field.COST) == [
        "Taxa de inscrição: R$ 91,00.",
        "Exame: R$ 85,00.",
        "Estudantes: Taxa: R$ 45,50.",
    ]
    assert quotes(document, Field.PROCESSING_TIME) == ["Até 30 dias úteis.\nPode variar."]
    assert quotes(document, Field.VALIDITY) == ["Válido por 10 anos."]
    assert quotes(document, Field.CHANNEL) == [
        "• Agendar pela internet: http://agenda.gov.br\nTempo estimado de espera: até 15 minutos."
    ]
    assert quotes(document, Field.CONTACT_POINT) == ["• Telefone: (61) 3218-2207"]
    assert quotes(document, Field.LEGAL_RESOURCE) == ["Lei nº 9.503, de 1997"]
    assert quotes(document, Field.STEPS) == ["1. Pagar a taxa\nPague no banco"]


def test_provenance_comes_from_the_card_and_its_document_set(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(xml(), encoding="utf-8")
    provenance = one_document(tmp_path).provenance
    assert provenance.agency == "Departamento Nacional de Trânsito (DENATRAN)"
    assert provenance.url == "https://www.gov.br/pt-br/servicos/renovar-a-cnh"
    assert (provenance.as_of, provenance.licence) == ("2018-12", "MIT")
    dated = ENTRY.model_copy(update={"as_of": "2019-03"})
    assert one_document(tmp_path, dated).provenance.as_of == "2019-03"
    stated = dated.model_copy(update={"options": {"as_of": "2020-01-31"}})
    assert one_document(tmp_path, stated).provenance.as_of == "2020-01-31"


@pytest.mark.parametrize(
    "options", [{"as_of": "ontem"}, {"page_url": "http://x/{nada}"}, {"page_url": "{"}]
)
def test_a_wrong_option_is_named(tmp_path: Path, options: dict[str, str]) -> None:
    (tmp_path / "a.xml").write_text(xml(), encoding="utf-8")
    with pytest.raises(CatalogError, match=next(iter(options))):
        list(read(ENTRY.model_copy(update={"options": options}), str(tmp_path)))


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: [s], lambda s: {"resposta": [s]}])
def test_json_takes_the_shapes_of_the_api(tmp_path: Path, wrap: Any) -> None:
    path = tmp_path / "cards.json"
    path.write_text(json.dumps(wrap(SERVICE)), encoding="utf-8-sig")
    document = one_document(path)
    assert document.id == "br-servico-839"
    assert document.names == ("Prova do ENEM", "ENEM")
    assert document.sectors == (Sector.EDUCATION,)
    assert document.provenance.url == "https://www.gov.br/pt-br/servicos/fazer-o-enem"
    assert document.provenance.as_of is None
    assert quotes(document, Field.DESCRIPTION) == ["O ENEM avalia o ensino.\n• Prova anual"]
    assert quotes(document, Field.COST) == [
        "Taxa de inscrição: R$ 85,00.",
        "Segunda via: R$ 1.364,20.",
        "Cópia: R$ 75,00.",
        "Isentos: Taxa: Gratuito.",
    ]
    assert quotes(document, Field.EVIDENCE) == [
        "Documentos necessários:\n• CPF\n• RG",
        "Documentos necessários:\nMenores:\nCertidão\nCartório",
    ]
    assert quotes(document, Field.PROCESSING_TIME) == [
        "Entre 2 e 8 meses.",
        "Etapa 1 – Inscrever-se: Atendimento imediato.",
    ]
    assert quotes(document, Field.VALIDITY) == ["Documento sem prazo de validade."]
    assert quotes(document, Field.CHANNEL) == [
        "Serviço digital: https://enem.inep.gov.br",
        "• E-mail: enem@inep.gov.br",
        "Surdos:\n• Telefone: 0800 1",
    ]
    assert quotes(document, Field.LEGAL_RESOURCE) == ["Lei 1 (http://lei.gov.br)"]


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ({"ate": {"max": 1, "unidade": "dias-uteis"}}, ["Até 1 dia útil."]),
        ({"ate": {"max": "45", "unidade": "Dias Úteis"}}, ["Até 45 dias úteis."]),
        ({"emMedia": {"max": 15, "unidade": "minutos"}}, ["Em média 15 minutos."]),
        ({"entre": {"min": 0, "max": 0, "unidade": "meses"}}, []),
        (
            {"ate": {"max": 0}, "entre": {"min": 1, "max": 3, "unidade": "horas"}},
            ["Entre 1 e 3 horas."],
        ),
        ({"atendimentoImediato": {}}, ["Atendimento imediato."]),
        (
            {"naoEstimadoAinda": {"tipo": "x"}, "descricao": ""},
            ["O tempo de prestação deste serviço não é estimado ainda."],
        ),
        (
            {"naoEstimadoAinda": {}, "descricao": "O tempo não é estimado ainda"},
            ["O tempo não é estimado ainda."],
        ),
        ({"naoEstimadoAinda": {}, "descricao": "Mais de 120 dias."}, ["Mais de 120 dias."]),
        ({"descricao": "-"}, []),
        ("logo", []),
        (None, []),
    ],
)
def test_every_form_of_processing_time(tmp_path: Path, duration: Any, expected: list[str]) -> None:
    service = {"id": 5, "nome": "Pedir", "descricao": "Pede algo", "tempoTotalEstimado": duration}
    (tmp_path / "a.json").write_text(json.dumps(service), encoding="utf-8")
    assert quotes(one_document(tmp_path), Field.PROCESSING_TIME) == expected


def test_a_payload_date_is_the_day_of_its_values(tmp_path: Path) -> None:
    service = {"id": 5, "nome": "Pedir", "descricao": "Pede", "dataAtualizacao": "03/02/2026 10:00"}
    (tmp_path / "a.json").write_text(json.dumps(service), encoding="utf-8")
    assert one_document(tmp_path).provenance.as_of == "2026-02-03"


def test_costs_of_several_steps_name_their_step(tmp_path: Path) -> None:
    def step(title: str, price: str) -> dict[str, Any]:
        cost = {"descricao": "Taxa", "moeda": "R$", "valor": price}
        return {"titulo": title, "custos": {"custos": [cost]}}

    steps = [step("Pedir", "10,00"), step("2. Renovar", "20,00")]
    service = {"id": 5, "nome": "Pedir", "gratuito": "false", "etapas": steps}
    (tmp_path / "a.json").write_text(json.dumps(service), encoding="utf-8")
    assert quotes(one_document(tmp_path), Field.COST) == [
        "Etapa 1 – Pedir: Taxa: R$ 10,00.",
        "Etapa 2 – Renovar: Taxa: R$ 20,00.",
    ]


def test_a_free_service_says_so_and_a_price_beside_it_is_a_conflict(tmp_path: Path) -> None:
    service = {"id": 5, "nome": "Pedir", "descricao": "Pede", "gratuito": "true", "etapas": []}
    path = tmp_path / "a.json"
    path.write_text(json.dumps(service), encoding="utf-8")
    document = one_document(path)
    assert quotes(document, Field.COST) == ["O serviço é gratuito."]
    assert all(section.conflict is None for section in document.sections)
    service["etapas"] = [{"custos": {"custos": [{"descricao": "Taxa", "valor": "9,00"}]}}]
    path.write_text(json.dumps(service), encoding="utf-8")
    costs = [s for s in one_document(path).sections if s.field is Field.COST]
    assert [section.conflict for section in costs] == ["cost", "cost"]


def test_an_english_card_is_rendered_in_english(tmp_path: Path) -> None:
    text = "The eVisa is a visa that can be requested by citizens of the US for tourism."
    body = described(text) + "<tempo-total-estimado><em-media max='5' unidade='dias-uteis'/>"
    (tmp_path / "a.xml").write_text(
        xml("Apply for an eVisa", body=body + "</tempo-total-estimado>"), encoding="utf-8"
    )
    document = one_document(tmp_path)
    assert document.language == "en"
    assert quotes(document, Field.COST) == ["The service is free of charge."]
    assert quotes(document, Field.PROCESSING_TIME) == ["5 business days on average."]


def test_html_that_was_not_escaped_keeps_its_items_apart(tmp_path: Path) -> None:
    body = "<descricao>Traga: <ul><li>RG</li><li>CPF</li></ul></descricao>"
    (tmp_path / "a.xml").write_text(xml(body=body), encoding="utf-8")
    assert quotes(one_document(tmp_path), Field.DESCRIPTION) == ["Traga:\n• RG\n• CPF"]


# --- many cards ----------------------------------------------------------------------------------


def test_the_latest_revision_stays_whatever_the_order_of_files(tmp_path: Path) -> None:
    titles = ["Obter o registro de pesca", "Solicitar registro de pesca", "Registro de pesca"]
    for order in range(4):
        folder = tmp_path / str(order)
        folder.mkdir()
        names = ["a.xml", "b.xml", "c.xml"]
        random.Random(order).shuffle(names)
        for row, (title, name) in enumerate(zip(titles, names, strict=True), 10):
            text = xml(title, slug=f"s-{row}", body=described(f"Texto {row}", row))
            (folder / name).write_text(text, encoding="utf-8")
        documents, rejected = results(folder)
        assert [(d.id, d.title) for d in documents] == [("br-servico-77", "Registro de pesca")]
        assert len(rejected) == 2
        assert all("superseded revision of br-servico-77" in item.reason for item in rejected)


def test_two_services_of_one_number_both_stay(tmp_path: Path) -> None:
    first = xml("Obter passaporte", slug="obter-passaporte", body=described("Documento de viagem"))
    second = xml("Vacinar o gado", slug="vacinar-o-gado", body=described("Febre aftosa em bovinos"))
    for number, pair in enumerate([(first, second), (second, first)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, text in zip(("a.xml", "b.xml"), pair, strict=True):
            (folder / name).write_text(text, encoding="utf-8")
        documents, rejected = results(folder)
        assert [d.id for d in documents] == ["br-servico-77", "br-servico-77-vacinar-o-gado"]
        assert not rejected


def test_a_card_without_number_is_named_after_its_slug(tmp_path: Path) -> None:
    text = xml("Obter auxílio-doença", number=None, slug="", body=described("Benefício"))
    (tmp_path / "x.xml").write_text(text, encoding="utf-8")
    document = one_document(tmp_path)
    assert document.id == "br-servico-obter-auxilio-doenca"
    assert document.provenance.url is None


def test_what_is_broken_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "servicos"
    folder.mkdir()
    bomb = '<!DOCTYPE servico [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><servico>&b;</servico>'
    file = (
        '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><servico><nome>&x;</nome></servico>'
    )
    broken: dict[str, bytes] = {
        "bomb.xml": bomb.encode(),
        "cut.xml": xml().encode()[:200],
        "deep.xml": b"<servico><nome>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</nome></servico>",
        "empty.xml": b"",
        "encoding.xml": xml().encode("latin-1"),
        "file.xml": file.encode(),
        "garbage.json": b"{nome: ]",
        "latin.json": '{"nome": "Açúcar"}'.encode("latin-1"),
        "nameless.xml": xml("").encode(),
        "nested.json": b"[" * 100_000,
        "other.json": b'{"a": 1}',
        "other.xml": b"<nota/>",
        "strange.xml": b'<?xml version="1.0" encoding="klingon"?><servico/>',
        "teste.xml": xml("Teste 2", number="9").encode(),
        "void.xml": xml("Vazio", number="8", body="<sigla/>").encode(),
    }
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    (folder / "rows.json").write_text(json.dumps({"resposta": ["x", {"id": 1}, SERVICE, None]}))
    (folder / "good.xml").write_text(xml(), encoding="utf-8")
    (folder / "._good.xml").write_bytes(b"\x00")
    documents, rejected = results(tmp_path)
    assert [document.id for document in documents] == ["br-servico-77", "br-servico-839"]
    named = {item.name.removeprefix("servicos/"): item.reason for item in rejected}
    assert set(named) == {*broken, "rows.json#1", "rows.json#2", "rows.json#4"}
    assert all(reason and "\n" not in reason and len(reason) < 200 for reason in named.values())
    assert "entities" in named["bomb.xml"] and "entities" in named["file.xml"]
    assert "empty" in named["empty.xml"]
    assert "UTF-8" in named["latin.json"]
    assert "test entry" in named["teste.xml"]


@pytest.mark.parametrize("make", ["missing", "no cards", "nothing"])
def test_an_origin_without_cards_names_the_remedy(tmp_path: Path, make: str) -> None:
    (tmp_path / "leia-me.txt").write_text("nada", encoding="utf-8")
    origin = {"missing": str(tmp_path / "x"), "no cards": str(tmp_path), "nothing": ""}[make]
    with pytest.raises(ConnectorError) as caught:
        list(read(ENTRY, origin))
    assert caught.value.remedy and "\n" not in str(caught.value)


def test_a_long_list_repeats_the_case_it_is_asked_in(tmp_path: Path) -> None:
    papers = [{"descricao": f"Documento número {n} " + "muito longo " * 10} for n in range(20)]
    steps = [{"documentos": {"casos": [{"descricao": "Menores", "documento": papers}]}}]
    service = {"id": 5, "nome": "Pedir", "etapas": steps}
    (tmp_path / "a.json").write_text(json.dumps(service), encoding="utf-8")
    found = quotes(one_document(tmp_path), Field.EVIDENCE)
    assert len(found) > 2
    assert all(quote.startswith("Documentos necessários:\nMenores:\n• ") for quote in found)
    assert max(map(len, found)) < 1000


# --- the live catalogue --------------------------------------------------------------------------


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    catalogue = json.dumps({"resposta": [SERVICE, {"id": 2}]}).encode()
    answers = {"/servicos-json": (200, catalogue), "/page": (200, b"<html></html>")}

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (500, b"falha"))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keeps the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_live_catalogue_is_dated_by_the_day_of_reading(api: str) -> None:
    document, rejected = sorted(
        read(ENTRY, f"{api}/servicos-json"), key=lambda item: isinstance(item, Rejected)
    )
    assert isinstance(document, Document) and isinstance(rejected, Rejected)
    assert document.provenance.as_of == document.provenance.retrieved_at is not None
    assert rejected.reason == "the card has no name (`nome`)"


@pytest.mark.parametrize(("path", "said"), [("/down", "HTTP status 500"), ("/page", "no JSON")])
def test_a_failing_api_is_one_clear_error(api: str, path: str, said: str) -> None:
    with pytest.raises(ConnectorError, match=said) as caught:
        list(read(ENTRY, api + path))
    assert "--from" in caught.value.remedy and "\n" not in str(caught.value)


def test_an_api_out_of_reach_is_one_clear_error(api: str) -> None:
    with pytest.raises(ConnectorError, match="cannot be read"):
        list(read(ENTRY, "http://127.0.0.1:9/servicos-json"))


# --- markup --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("  a \u00a0 b\u200b ", "a b"),
        ("peso < 5.700 kg e > 2 anos", "peso < 5.700 kg e > 2 anos"),
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a<br/>b<BR>c</br>d", "a\nb\nc\nd"),
        ("<ol><li>um</li><li>dois</li></ol>", "1. um\n2. dois"),
        ("<li>um</li<li>dois</li>", "• um\n• dois"),
        ("<table><tr><th>Via</th><td><p>R$ 5</p></td></tr></table>", "Via | R$ 5"),
        ("<a href='http://x.br?a=1&amp;copy=2'>x</a>", "x (http://x.br?a=1&copy=2)"),
        ('<a href="http://x.br"><img src="i.png"></a>', "http://x.br"),
        ('<a href="mailto:a_b@x.br">a_b@x.br</a>', "a_b@x.br"),
        ("<a href='#topo'>topo</a>", "topo"),
        ("<script>var x = 1 < 2;</script>fim", "fim"),
        ("&lt;b&gt;forte&lt;/b&gt; &amp;amp; mais", "forte & mais"),
        ("**Prazo:** *até* 5 __dias__ e _mais_", "Prazo: até 5 dias e mais"),
        ("** solto ** e http://x.br/a_b_c*d", "solto e http://x.br/a_b_c*d"),
        ("# Título\n\n- um\n+ dois\n¨ três\n-quatro", "Título\n• um\n• dois\n• três\n• quatro"),
        ("-5 graus", "-5 graus"),
        ("•\nSolto", "• Solto"),
        ("[http://x.br](http://x.br/)", "http://x.br/"),
        ('[a](http://x.br/b(c)d "dica")', "a (http://x.br/b(c)d)"),
        ("[vazio]()", "vazio"),
        ("![logo](http://x.br/l.png)", "logo"),
        ("\\*literal\\* \\_x\\_", "*literal* _x_"),
        ("Taxa..... \n.....\n---\n***", "Taxa"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a | b\n1 | 2"),
        (
            "O tempo de espera para o atendimento presencial no balcão\ndependerá do dia.",
            "O tempo de espera para o atendimento presencial no balcão dependerá do dia.",
        ),
        ("CPF\nidentidade", "CPF\nidentidade"),
        ("<Nome do órgão>", "<Nome do órgão>"),
        ("<o:p>Word</o:p>", "Word"),
        ("<http://x.br> e <a@x.br>", "http://x.br e a@x.br"),
    ],
)
def test_markup_becomes_plain_text(marked: str, expected: str) -> None:
    assert plain(marked) == expected
    assert plain(expected) == expected or "\\" in marked


def test_names_come_on_one_line_and_fillers_are_known() -> None:
    assert one_line("<b>Obter</b>\n* visto") == "Obter visto"
    assert all(map(is_filler, ("", "-", "....", "  ", "null", "N/A", "=", "e")))
    assert not any(map(is_filler, ("UF", "180", "Não se aplica")))
