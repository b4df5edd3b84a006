"""Official tables in any dress become rows of a role, and what is wrong with them is counted."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from sources import connectors
from sources.catalog import CatalogEntry, read_catalog, read_entry
from sources.connectors.tables import dated, tables
from sources.errors import CatalogError, ConnectorError
from sources.tables import Reading, TableSet
from tests.sources.portal import Portal

HEADERS = "Código;Nombre;Tipo de establecimiento;Dirección;Comuna;Teléfono;Latitud;Longitud;Estado"
ROW = "1;Posta Ñuñoa;Posta de Salud Rural;Av. Perú 10;Ñuñoa;22 123;-33,45;-70,60;Vigente"
CSV = f"{HEADERS}\n{ROW}\n"


def entry(country: str = "CL", **options: Any) -> CatalogEntry:
    return CatalogEntry(
        id="centros", title="Centros", connector="tables", country=country, options=options
    )


def read(
    folder: Path, content: str | bytes, name: str = "centros.csv", **options: Any
) -> tuple[TableSet, list[dict[str, str]]]:
    """The set and the rows of its only table."""
    source = folder / name
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    country = options.pop("country", "CL")
    return _rows(entry(country, **options), str(source), folder)


def _rows(
    entry: CatalogEntry, origin: str, folder: Path, reading: Reading | None = None
) -> tuple[TableSet, list[dict[str, str]]]:
    out = folder / "out"
    out.mkdir(exist_ok=True)
    made = tables(entry, origin, out, reading)
    if made.unchanged:
        return made, []
    (path,) = made.tables.values()
    with path.open(encoding="utf-8", newline="") as file:
        return made, list(csv.DictReader(file))


def excel(*rows: list[Any]) -> bytes:
    from io import BytesIO

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


EXPECTED = {
    "id": "1",
    "name": "Posta Ñuñoa",
    "kind": "primary_care",
    "kind_label": "Posta de Salud Rural",
    "address": "Av. Perú 10",
    "municipality": "Ñuñoa",
    "phone": "22 123",
    "latitude": "-33.45",
    "longitude": "-70.6",
    "status": "Vigente",
    "active": "true",
}
CELLS = [line.split(";") for line in CSV.splitlines()]


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        CSV.encode("utf-8-sig"),
        CSV.encode("latin-1"),
        CSV.encode("cp1252"),
        CSV.encode("utf-16"),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace(";", "\t").encode(),
        CSV.replace(";", "|").encode(),
        CSV.replace("-33,45", "-33.45").replace("-70,60", "-70.60").replace(";", ",").encode(),
        ("sep=;\n" + CSV).encode(),
        ("Registro de centros\n\n" + CSV).encode(),
        json.dumps([dict(zip(*CELLS, strict=True))]).encode(),
        json.dumps({"total": 1, "datos": [dict(zip(*CELLS, strict=True))]}).encode(),
        excel(["Registro de centros"], *CELLS),
        excel(CELLS[0], [1, *CELLS[1][1:6], -33.45, -70.6, "Vigente"]),
    ],
    ids=[
        *("utf-8", "bom", "latin-1", "cp1252", "utf-16", "crlf", "tab", "pipe", "comma", "sep"),
        *("title", "json", "envelope", "xlsx", "xlsx numbers"),
    ],
)
def test_every_dress_gives_the_same_row(tmp_path: Path, content: bytes) -> None:
    made, (row,) = read(tmp_path, content)
    assert {name: row[name] for name in EXPECTED} == EXPECTED
    assert (made.rows, made.rejects, made.repairs) == (1, {}, {})


def test_a_table_in_an_archive_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("datos/centros.csv", CSV)
        archive.writestr("leeme.pdf", "x")
    _, (row,) = read(tmp_path, (tmp_path / "a.zip").read_bytes(), "b.zip")
    assert row["name"] == "Posta Ñuñoa"
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.writestr("otros.csv", CSV)
    with pytest.raises(ConnectorError, match="archive with 2 tables"):
        read(tmp_path, (tmp_path / "a.zip").read_bytes(), "b.zip")


def test_an_agencys_yaml_needs_connector_country_and_file_only(tmp_path: Path) -> None:
    (tmp_path / "datos.csv").write_text(CSV, encoding="latin-1")
    (tmp_path / "muni.yaml").write_text(
        "id: muni\ntitle: Centros\nconnector: tables\norigin: ./datos.csv\ncountry: CL\n"
    )
    own = read_entry(tmp_path / "muni.yaml")
    assert connectors.gives_tables(own.connector)
    made = connectors.load_tables(own.connector)(own, str(own.origin), tmp_path, None)
    assert list(made.tables) == ["health_facilities"]
    assert made.rows == 1


@pytest.mark.parametrize(
    ("latitude", "longitude", "written", "said"),
    [
        (",1-71.01", "-70,6", ("", ""), "no numbers"),
        ("-33,45", "", ("", ""), "no numbers"),
        ("0", "0", ("", ""), "outside the country"),
        ("-3345678", "-7060000", ("", ""), "outside the country"),
        ("-70,6", "-33,45", ("-33.45", "-70.6"), "wrong way round"),
        ("", "", ("", ""), None),
        ("SIN DATO", "SIN DATO", ("", ""), None),
    ],
)
def test_dirty_coordinates_are_emptied_and_counted_never_the_row(
    tmp_path: Path, latitude: str, longitude: str, written: tuple[str, str], said: str | None
) -> None:
    dirty = CSV.replace("-33,45", latitude).replace("-70,60", longitude)
    made, (row,) = read(tmp_path, dirty)
    assert (row["latitude"], row["longitude"]) == written
    assert [said in reason for reason in made.repairs] == ([True] if said else [])


def test_a_school_keeps_no_directors_telephone(tmp_path: Path) -> None:
    payload = [
        {
            "codMod": "0123456",
            "anexo": "0",
            "cenEdu": "IE 1",
            "director": {"nombre": "Ana Pérez", "telefono": "987654321"},
            "telefono": "987654322",
            "estado": {"valor": "Activa", "id": "1"},
            "nlatIE": -12.1,
            "nlongIE": -77.0,
        }
    ]
    made, (row,) = read(tmp_path, json.dumps(payload), "a.json", country="PE")
    assert (row["id"], row["status"], row["active"]) == ("0123456-0", "Activa", "true")
    written = made.tables["schools"].read_text()
    assert "98765432" not in written and "Pérez" not in written


def test_what_an_answer_leaves_empty_is_what_was_asked_for(tmp_path: Path) -> None:
    school = {
        "codMod": {"$": "0643270"},
        "anexo": "0",
        "cenEdu": {"$": "IE 7"},
        "gestion": {"$": "Pública de gestión directa"},
        "distrito": {"$": ""},
        "estado": None,
        "director": {"$": "Ana Pérez"},
        "telefono": {"$": "987654321"},
    }
    (tmp_path / "a.json").write_text(json.dumps({"items": [school]}), encoding="utf-8")
    own = read_catalog()["pe-escale"]
    asked = Reading(parameters={"ubigeo": "150140"})
    made, (row,) = _rows(own, str(tmp_path / "a.json"), tmp_path, asked)
    assert (row["id"], row["ownership"], row["territory_code"]) == (
        "0643270-0",
        "public",
        "PE-150140",
    )
    assert "987654321" not in made.tables["schools"].read_text()
    with pytest.raises(CatalogError, match=r"options.fill: schools has no column 'town'"):
        read(tmp_path, json.dumps([school]), "b.json", fill={"town": "ubigeo"}, role="schools")


def test_the_monthly_register_of_peru(tmp_path: Path) -> None:
    text = (
        "INSTITUCION;COD_IPRESS;NOMBRE;CLASIFICACION;TIPO_ESTABLECIMIENTO;DEPARTAMENTO;PROVINCIA;"
        "DISTRITO;UBIGEO;DIRECCION;CATEGORIA;TELEFONO;HORARIO;DIRECTOR_MEDICO;ESTADO;NORTE;ESTE\n"
        "MINSA;00005678;SAN JUAN;PUESTOS DE SALUD O POSTAS DE SALUD;SIN INTERNAMIENTO;LIMA;LIMA;"
        "SURCO;150140;AV 1;I-2;01 555;08-14;ANA PEREZ;ACTIVO;-12.1;-77.0\n"
        "PRIVADO;9;CERRADA;CONSULTORIOS;;LIMA;LIMA;SURCO;150140;;;;;;INACTIVO;;\n"
    )
    (tmp_path / "RENIPRESS_31-08-2026.csv").write_text(text, encoding="latin-1")
    own = read_catalog()["pe-renipress"]
    made, (row,) = _rows(own, str(tmp_path / "RENIPRESS_31-08-2026.csv"), tmp_path)
    assert (row["id"], row["kind"], row["ownership"]) == ("00005678", "primary_care", "public")
    assert (row["territory_code"], row["latitude"], row["active"]) == ("PE-150140", "-12.1", "true")
    assert (made.as_of, made.filtered) == ("2026-08-31", 1)
    assert "ANA PEREZ" not in made.tables["health_facilities"].read_text()


def test_rows_are_filtered_by_the_entrys_wish(tmp_path: Path) -> None:
    closed = ROW.replace("1;Posta", "2;Posta").replace("Vigente", "CERRADO")
    made, (row,) = read(tmp_path, f"{CSV}{closed}\n", where={"estado": ["vigente"]})
    assert (row["id"], made.filtered, made.rows) == ("1", 1, 1)
    made, (row,) = read(tmp_path, CSV.replace("Vigente", ""), where={"Estado": [""]})
    assert row["status"] == ""
    with pytest.raises(CatalogError, match=r"options.where: there is no header like 'Situación'"):
        read(tmp_path, CSV, where={"Situación": ["x"]})
    with pytest.raises(ConnectorError, match=r"2 rows that `options.where` does not want"):
        read(tmp_path, f"{CSV}{closed}\n", where={"Estado": ["otro"]})


def test_two_spellings_of_one_status_become_one(tmp_path: Path) -> None:
    habitual = [ROW.replace("Vigente", f"Vigente en {w}") for w in
                ("Operación Habitual", "operación habitual")]  # fmt: skip
    habitual[1] = habitual[1].replace("1;", "2;", 1)
    _, rows = read(tmp_path, "\n".join([HEADERS, *habitual]))
    assert {row["status"] for row in rows} == {"Vigente en Operación Habitual"}


def test_codes_get_their_official_words(tmp_path: Path) -> None:
    text = "RBD;NOM_RBD;COD_DEPE2;ESTADO_ESTAB;MATRICULA\n10;Liceo 1;2;3;1.204\n"
    options = {
        "COD_DEPE2": {1: "Municipal", 2: "Particular subvencionado"},
        "ESTADO_ESTAB": {"3": "Cerrado"},
    }
    _, (row,) = read(tmp_path, text, values=options)
    assert (row["ownership"], row["status"], row["active"]) == ("private", "Cerrado", "false")
    assert row["students"] == "1204"


def test_a_cell_with_number_and_name_is_taken_apart(tmp_path: Path) -> None:
    text = (
        "Año;Provincia;Municipio;Centros;Sector;Nivel;Coordenadas Latitud;Coordenadas Longitud\n"
        "2023-24;AZUA;AZUA;02694 - LICEO JOSÉ;PUBLICO;SECUNDARIO;18,45;,1-71.01\n"
        "2023-24;AZUA;AZUA;02694 - LICEO JOSÉ;SEMIOFICIAL;PRIMARIO;18,45;-70,73\n"
    )
    made, rows = read(tmp_path, text.encode("latin-1"), country="DO")
    assert [(r["id"], r["name"], r["ownership"]) for r in rows] == [
        ("02694", "LICEO JOSÉ", "public"),
        ("02694-2", "LICEO JOSÉ", "other"),
    ]
    assert (rows[0]["latitude"], rows[1]["latitude"]) == ("", "18.45")
    assert sum(made.repairs.values()) == 2


def test_rows_without_a_number_get_one_that_stays(tmp_path: Path) -> None:
    text = "Paradero;Distrito;Latitud;Longitud\nA;Lima;-12,1;-77\nB;Lima;-12,2;-77\n"
    _, first = read(tmp_path, text, country="PE")
    turned = "\n".join([text.splitlines()[0], *reversed(text.splitlines()[1:])])
    _, second = read(tmp_path, turned, country="PE")
    assert {r["id"] for r in first} == {r["id"] for r in second}
    assert len({r["id"] for r in first}) == 2


def test_what_is_wrong_with_rows_is_counted_by_reason(tmp_path: Path) -> None:
    extra = ROW + ";más;de lo debido"
    nameless = ROW.replace("Posta Ñuñoa", "  ")
    made, rows = read(tmp_path, "\n".join([HEADERS, ROW, ROW, extra, nameless, "", "3;Posta 3"]))
    assert made.rejects == {
        "the same row twice": 1,
        "the row has more cells than the header": 1,
        "no name": 1,
    }
    assert [row["id"] for row in rows] == ["1", "3"]


def test_a_quotation_mark_that_nobody_closed_swallows_no_rows(tmp_path: Path) -> None:
    open_mark = ROW.replace("Av. Perú 10", '"Av. Perú 10')
    others = [ROW.replace("1;Posta", f"{i};Posta") for i in (2, 3)]
    made, rows = read(tmp_path, "\n".join([HEADERS, open_mark, *others]))
    assert [row["id"] for row in rows] == ["1", "2", "3"] and not made.rejects
    assert rows[0]["address"] == "Av. Perú 10"
    whole = ROW.replace("Av. Perú 10", '"Av. Perú 10\nOficina 3"')
    _, rows = read(tmp_path, "\n".join([HEADERS, whole, *others]))
    assert len(rows) == 3 and rows[0]["address"] == "Av. Perú 10 Oficina 3"


def test_pharmacies_of_the_day(tmp_path: Path) -> None:
    local = {
        "fecha": "25-11-2026",
        "local_id": "534",
        "local_nombre": "TORRES MPD",
        "comuna_nombre": "RECOLETA",
        "local_direccion": "EL SALTO 2972",
        "funcionamiento_hora_apertura": "10:30 hrs.",
        "funcionamiento_hora_cierre": "19:30 hrs.",
        "local_telefono": "+560225053570",
        "local_lat": "-33.3996351",
        "local_lng": "-70.62894990000001",
        "fk_region": "7",
    }
    _, (row,) = read(tmp_path, json.dumps([local]), "locales.json")
    assert (row["date"], row["opens"], row["closes"]) == ("2026-11-25", "10:30:00", "19:30:00")
    assert (row["municipality"], row["latitude"]) == ("RECOLETA", "-33.3996351")


def test_stations_by_their_words_before_their_numbers(tmp_path: Path) -> None:
    own = read_catalog()["cl-metro"]
    first = [
        {"nombre": "Baquedano", "codigo": "BA", "estado": "4"},
        {"nombre": "Los Leones", "codigo": "LE", "estado": "2", "descripcion_app": "Habilitada"},
        {"nombre": "Manquehue", "codigo": "MQ", "estado": "1", "descripcion": "No habilitada"},
        {"nombre": "Tobalaba", "codigo": "TB", "estado": "5"},
    ]
    second = [
        {"nombre": n, "codigo": n[:2], "estado": e} for n, e in zip("ABCD", "1207", strict=True)
    ]
    network = {"l1": {"estado": "1", "estaciones": first}, "l2": {"estaciones": second}}
    (tmp_path / "red.json").write_text(json.dumps(network), encoding="utf-8")
    _, rows = _rows(own, str(tmp_path / "red.json"), tmp_path)
    assert [(r["name"], r["line"], r["status"]) for r in rows] == [
        ("Baquedano", "L1", "partly_closed"),
        ("Los Leones", "L1", "open"),
        ("Manquehue", "L1", "disabled"),
        ("Tobalaba", "L1", "partly_closed"),
        ("A", "L2", "open"),
        ("B", "L2", "closed"),
        ("C", "L2", ""),
        ("D", "L2", ""),
    ]


def test_territories_get_those_above_them(tmp_path: Path) -> None:
    text = "inei,departamento,provincia,distrito,iso_3166_2,latitude,longitude\n"
    text += "130101,LA LIBERTAD,TRUJILLO,TRUJILLO,PE-LAL,-8.1,-79.0\n"
    text += "130102,LA LIBERTAD,TRUJILLO,EL PORVENIR,PE-LAL,-8.0,-79.0\n"
    parents = [
        {"kind": "province", "name": "provincia", "digits": 4},
        {"kind": "department", "name": "departamento", "digits": 2},
    ]
    _, rows = read(tmp_path, text, country="PE", role="territories", parents=parents)
    assert [(r["code"], r["kind"], r["parent_code"]) for r in rows] == [
        ("PE-LAL", "department", ""),
        ("PE-1301", "province", "PE-LAL"),
        ("PE-130101", "district", "PE-1301"),
        ("PE-130102", "district", "PE-1301"),
    ]


def test_inserts_of_a_dump_know_their_parents(tmp_path: Path) -> None:
    dump = """CREATE TABLE provincias (provincia_id serial, nombre varchar(45));
INSERT INTO provincias (provincia_id, nombre) VALUES (1,'Azua'),(2, 'L''Hermitage') ;
INSERT INTO municipios (municipio_id, nombre, provincia_id) VALUES (1,'Peralta',1);"""
    options = {
        "role": "territories",
        "columns": {"code": "_id", "name": "nombre", "kind": "_table", "parent_name": "_parent"},
        "values": {"_table": {"provincias": "province", "municipios": "municipality"}},
    }
    _, rows = read(tmp_path, dump, "p.sql", country="DO", **options)
    assert [(r["code"], r["name"], r["kind"], r["parent_code"]) for r in rows] == [
        ("DO-02", "Azua", "province", ""),
        ("DO-P2", "L'Hermitage", "province", ""),
        ("DO-M1", "Peralta", "municipality", "DO-02"),
    ]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("establecimientos_20260310.csv", "2026-03-10"),
        ("2021-05-24-lima.csv", "2021-05-24"),
        ("RENIPRESS_31-08-2026.csv", "2026-08-31"),
        ("centros.csv", None),
        ("tabla-20269999.csv", None),
        ("120260310.csv", None),
    ],
)
def test_the_files_name_tells_its_day(name: str, day: str | None) -> None:
    assert dated(name) == day


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!doctype html><html></html>", "is a web page"),
        (b"", "holds no table"),
        (b"solo\nuna\ncolumna\n", "holds no table"),
        (b"{ nada", "no sound JSON"),
        (b"[]", "empty list"),
        (b'{"a": 1}', "no list of rows"),
        (b"PK\x03\x04 broken", "no sound archive"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no table that can be read"),
        (f"{HEADERS}\n".encode(), "no row can be taken"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(ConnectorError, match=said) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_folder_may_hold_several_files_of_one_kind(tmp_path: Path) -> None:
    folder = tmp_path / "datos"
    folder.mkdir()
    (folder / "a.csv").write_text(CSV)
    (folder / "b.csv").write_text(CSV.replace("1;Posta", "2;Posta"))
    (folder / ".c.csv").write_text("x")
    _, rows = _rows(entry(), str(folder), tmp_path)
    assert [row["id"] for row in rows] == ["1", "2"]
    (tmp_path / "empty").mkdir()
    for origin, said in (
        (tmp_path / "empty", "holds no table"),
        (tmp_path / "x", "does not exist"),
    ):
        with pytest.raises(ConnectorError, match=said):
            tables(entry(), str(origin), tmp_path)
    with pytest.raises(ConnectorError, match="names no file"):
        tables(entry(), "", tmp_path)


def test_the_content_tells_whether_a_file_is_new(tmp_path: Path) -> None:
    first, _ = read(tmp_path, CSV)
    second, _ = read(tmp_path, CSV.encode("latin-1"))
    third, _ = read(tmp_path, CSV.replace("Posta Ñuñoa", "Posta Dos"))
    assert first.content_hash == second.content_hash != third.content_hash


# ------------------------------------------------------------------------------- over HTTP


def test_an_address_is_asked_again_only_for_what_is_new(web: Portal, tmp_path: Path) -> None:
    url = web.put("/centros_20260310.csv", CSV, etag='"1"')
    made, rows = _rows(entry(), url, tmp_path)
    assert (len(rows), made.as_of) == (1, "2026-03-10")
    again, _ = _rows(entry(), url, tmp_path, Reading(known=made.known))
    assert again.unchanged and not again.tables
    web.put("/centros_20260310.csv", CSV, etag='"2"')
    third, _ = _rows(entry(), url, tmp_path, Reading(known=made.known))
    assert not third.unchanged


def test_a_portal_that_names_the_newest_file_is_followed(web: Portal, tmp_path: Path) -> None:
    old, new = web.put("/old.csv", CSV), web.put("/new.csv", CSV.replace("1;P", "9;P"))
    resources = [
        {"format": "CSV", "url": new, "last_modified": "2026-11-01"},
        {"format": "CSV", "url": old, "last_modified": "2026-10-01"},
        {"format": "PDF", "url": old, "last_modified": "2026-12-01"},
    ]
    for result in ({"resources": resources}, [{"resources": resources}]):
        package = web.put("/package_show", json.dumps({"success": True, "result": result}))
        _, (row,) = _rows(entry(), f"{package}?id=x", tmp_path)
        assert row["id"] == "9"
    resources[0]["url"] = "file:///etc/passwd"
    package = web.put("/harm", json.dumps({"result": {"resources": resources}}))
    with pytest.raises(ConnectorError, match="no web address"):
        _rows(entry(), package, tmp_path)
    package = web.put("/none", json.dumps({"result": {"resources": resources[2:]}}))
    with pytest.raises(ConnectorError, match="names no CSV"):
        _rows(entry(), package, tmp_path)


def cnes(query: dict[str, str]) -> Any:
    """20 a page whatever `limit` says, and closed facilities mixed in."""
    total, offset = 45, int(query["offset"])
    return {
        "estabelecimentos": [
            {
                "codigo_cnes": i,
                "nome_fantasia": f"UBS {i} de {query['codigo_municipio']}",
                "codigo_tipo_unidade": 2 if i else 68,
                "descricao_esfera_administrativa": "MUNICIPAL",
                "descricao_natureza_juridica_estabelecimento": "2062" if i == 1 else "1244",
                "latitude_estabelecimento_decimo_grau": -23.5,
                "longitude_estabelecimento_decimo_grau": -46.6,
                "codigo_motivo_desabilitacao_estabelecimento": "07" if i == 3 else None,
                "endereco_email_estabelecimento": "pessoa@example.org",
            }
            for i in range(offset, min(offset + 20, total))
        ]
    }


def test_pages_are_read_one_by_one_for_what_is_asked(web: Portal, tmp_path: Path) -> None:
    web.pages["/cnes"] = cnes
    known = read_catalog()["br-cnes"]
    pages = {"parameter": "offset", "size": 20, "pause_seconds": 0}
    own = known.model_copy(update={"options": known.options | {"pages": pages}})
    origin = f"{web.url}/cnes?codigo_municipio={{codigo_municipio}}&limit=20"
    asked = Reading(parameters={"codigo_municipio": "355030"})
    made, rows = _rows(own, origin, tmp_path, asked)
    assert (made.rows, made.filtered, made.partial) == (44, 1, False)
    assert rows[1]["name"] == "UBS 1 de 355030" and rows[1]["kind"] == "primary_care"
    assert (rows[0]["kind"], rows[0]["kind_label"]) == ("other", "")
    assert [row["ownership"] for row in rows[:2]] == ["public", "private"]
    assert [path.split("offset=")[1] for path, _ in web.asked] == ["0", "20", "40"]
    assert "example.org" not in made.tables["health_facilities"].read_text()

    capped = own.model_copy(update={"options": own.options | {"pages": pages | {"most": 2}}})
    made, rows = _rows(capped, origin, tmp_path, asked)
    assert made.partial and len(rows) == 39
    assert made.repairs == {"pages after the first 2, not read": 1}

    for parameters, said in (({}, "one codigo_municipio at a time"), ({"x": "1"}, "at a time")):
        with pytest.raises(ConnectorError, match=said):
            _rows(own, origin, tmp_path, Reading(parameters=parameters))
    with pytest.raises(ConnectorError, match="Letters, digits"):
        _rows(own, origin, tmp_path, Reading(parameters={"codigo_municipio": "1&x=../"}))
    with pytest.raises(CatalogError, match=r"options.pages.size: Field required"):
        _rows(entry("BR", pages={"parameter": "offset"}), web.url, tmp_path)


def test_the_deadline_holds_for_all_pages_together(web: Portal, tmp_path: Path) -> None:
    web.pages["/cnes"] = cnes
    web.slow_s = 0.15
    own = entry("BR", pages={"parameter": "offset", "size": 20, "pause_seconds": 0})
    origin = f"{web.url}/cnes?codigo_municipio=1"
    with pytest.raises(ConnectorError, match="did not answer"):
        _rows(own, origin, tmp_path, Reading(seconds=0.35))


def test_the_connector_is_found_by_its_kind() -> None:
    assert {"gtfs", "tables", "files"} <= set(connectors.available())
    assert not connectors.gives_tables("files")
    with pytest.raises(CatalogError, match="reads tables"):
        connectors.load("tables")
    with pytest.raises(CatalogError, match="reads documents"):
        connectors.load_tables("files")
    with pytest.raises(CatalogError, match="no connector 'tabla'"):
        connectors.gives_tables("tabla")
