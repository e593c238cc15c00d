"""Contracts: what a declaration promises by itself."""

import pytest
import yaml
from pydantic import ValidationError

from edu_assets.contracts import Registry, registry
from edu_assets.contracts.base import (
    Column,
    Contract,
    DateFormat,
    DeclarationError,
    Entity,
    EntityColumn,
    Precedence,
    System,
    TermByColumn,
    TermByDelivery,
    TermVia,
    snake_case,
)
from edu_assets.gold.generate import generated_files
from edu_assets.orchestration.partitions import term_partitions
from edu_assets.orchestration.raw_assets import raw_asset_key, raw_assets
from edu_assets.orchestration.raw_checks import raw_checks
from edu_assets_tests.testbed import MakeNetwork

KEY = Column(header="id", required=True)


def declared(table: str = "things", **changes: object) -> Contract:
    return Contract(
        **{
            "system": "demo",
            "table": table,
            "description": "thing",
            "owner": "team",
            "columns": (KEY,),
            "key": ("id",),
            "term": TermByDelivery(),
            "files": (f"{table}.csv",),
            "freshness_days": 1,
        }
        | changes
    )


@pytest.mark.parametrize("header", ["term_key", "Term Key", "ctid", "xmin"])
def test_a_column_that_every_raw_table_has_anyway_is_refused(header: str) -> None:
    with pytest.raises(ValidationError, match="of its own"):
        declared(columns=(KEY, Column(header=header)))
    declared(columns=(KEY, Column(header="Source Term", aliases=(header,))))


def test_parents_come_before_children() -> None:
    order = list(registry().contracts)
    assert order.index("oulad__assessments") < order.index("oulad__student_assessment")


def test_every_person_key_and_secret_is_classed_as_personal_data() -> None:
    for contract in registry().contracts.values():
        for column in contract.columns:
            if column.secret:
                assert column.personal == "sensitive", f"{contract.name}.{column.name}"


def test_a_secret_is_not_stored() -> None:
    users = registry().contract("oneroster__users")
    assert "password" in [column.name for column in users.columns]
    assert "password" not in [column.name for column in users.stored_columns]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("schoolYearSourcedId", "school_year_sourced_id"),
        ("SIS ID", "sis_id"),
        ("code_module", "code_module"),
        ("SchoolID", "school_id"),
        (" Student Number ", "student_number"),
    ],
)
def test_headers_become_postgresql_names(header: str, name: str) -> None:
    assert snake_case(header) == name


def test_a_term_column_reads_year_and_term() -> None:
    rule = TermByColumn(column="p", pattern=r"(?P<year>\d{4})(?P<term>[BJ])")
    assert rule.term_key("2013J") == "2013|J"
    assert rule.term_key("2013X") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"key": ("missing",)},
        {"columns": (Column(header="id"),)},
        {"columns": (KEY, Column(header="ID", required=True))},
        {"mode": "delta"},
        {"scope": ("nowhere",)},
        {"term": TermByColumn(column="nowhere", pattern="x")},
    ],
)
def test_a_contract_that_cannot_be_true_is_refused(changes: dict) -> None:
    with pytest.raises(ValidationError):
        declared(**changes)


def test_two_date_formats_that_read_one_text_differently_are_refused() -> None:
    with pytest.raises(ValidationError, match="two dates"):
        Column(header="day", formats=(DateFormat.US, DateFormat.BRITISH))


def test_a_cycle_of_term_rules_is_refused() -> None:
    left = declared("left", term=TermVia(parent="right", key={"id": "id"}))
    right = declared("right", term=TermVia(parent="left", key={"id": "id"}))
    with pytest.raises(DeclarationError, match="from each other"):
        Registry([left, right], [], [System(name="demo", title="demo")])


def test_a_contract_of_an_undeclared_system_or_entity_is_refused() -> None:
    with pytest.raises(DeclarationError, match="no System"):
        Registry([declared()], [], [])
    with pytest.raises(DeclarationError, match="is no entity"):
        Registry([declared(conforms_to=("ghost",))], [], [System(name="demo", title="demo")])


DEMO = System(name="demo", title="demo")


def stay(*systems: str, per: str = "school_id") -> Entity:
    return Entity(
        name="stay",
        definition="a stay",
        columns=(EntityColumn(name="school_id", type="text"),),
        precedence=Precedence(systems=systems, per=(per,)),
    )


def test_precedence_is_by_columns_of_the_entity_and_of_systems_that_are_declared() -> None:
    with pytest.raises(ValidationError, match="no column"):
        stay("demo", per="class_id")
    with pytest.raises(ValidationError):
        stay()
    with pytest.raises(DeclarationError, match="'ghost', which is no system"):
        Registry([], [stay("demo", "ghost")], [DEMO])


def test_an_entity_with_precedence_is_a_union_of_all_and_a_view_of_the_first() -> None:
    files = generated_files(Registry([declared(conforms_to=("stay",))], [stay("demo")], [DEMO]))
    assert "cast('demo' as text) as system" in files["stated_stay.sql"]
    assert "ref('stated_stay')" in files["conformed_stay.sql"]
    assert "partition by ranked.term_key, ranked.school_id" in files["conformed_stay.sql"]
    [union] = [each for each in yaml.safe_load(files["_documentation.yml"])["models"] if each["name"] == "stated_stay"]
    assert [column["name"] for column in union["columns"]][-1] == "system"


def test_an_entity_without_precedence_is_one_union() -> None:
    plain = stay("demo").model_copy(update={"precedence": None})
    files = generated_files(Registry([declared(conforms_to=("stay",))], [plain], [DEMO]))
    assert "stated_stay.sql" not in files
    assert "system" not in files["conformed_stay.sql"]


def test_every_system_of_an_entity_with_precedence_has_its_place() -> None:
    for entity in registry().entities.values():
        if entity.precedence:
            stating = {each.system for each in registry().contracts.values() if entity.name in each.conforms_to}
            assert stating == set(entity.precedence.systems), entity.name


def test_every_table_and_column_is_described_and_owned() -> None:
    for contract in registry().contracts.values():
        assert contract.description, contract.name
        assert contract.owner, contract.name
        for column in contract.columns:
            assert column.description, f"{contract.name}.{column.name}"


def test_references_name_tables_and_columns_that_are_there() -> None:
    for contract in registry().contracts.values():
        for column in contract.columns:
            if column.references is not None:
                parent = registry().contract(f"{contract.system}__{column.references}")
                assert len(parent.key) == 1
                for name in column.referenced_as:
                    parent.column(name)


def test_a_table_without_a_staging_view_is_a_source_all_the_same() -> None:
    table = declared(columns=(KEY, Column(header="Note", description="note")))
    files = generated_files(Registry([table], [], [System(name="demo", title="demo")]))
    [source] = [each for each in yaml.safe_load(files["_sources.yml"])["sources"] if each["name"] == "raw_zone"]
    [found] = source["tables"]
    assert found["name"] == "demo__things"
    assert [column["name"] for column in found["columns"]][:2] == ["id", "note"]
    assert "demo" not in files["_documentation.yml"]


def test_every_contract_is_a_source_of_dbt() -> None:
    sources = yaml.safe_load(generated_files(registry())["_sources.yml"])["sources"]
    assert {table["name"] for source in sources if source["name"] != "etl" for table in source["tables"]} == set(
        registry().contracts
    )


def test_every_contract_of_a_network_is_a_checked_partitioned_asset(make_network: MakeNetwork) -> None:
    systems = tuple(registry().systems)
    network = make_network(feeds={name: {"system": name, "landing": name} for name in systems}).settings.network
    partitions = term_partitions(network)
    assets = [spec for each in raw_assets(network, registry(), partitions) for spec in each.specs]
    assert {spec.key for spec in assets} == {raw_asset_key(contract) for contract in registry().contracts.values()}
    checks = raw_checks(network, registry(), partitions).check_specs
    assert {check.asset_key for check in checks} == {spec.key for spec in assets}
