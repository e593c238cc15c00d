"""Dimensions: one row a key, the newest term's; missing parents inferred; real foreign keys."""

from __future__ import annotations

from edu_assets.warehouse import Role
from edu_assets_tests.gold.building import MADE_BY_A_TERM, broken, build_term
from edu_assets_tests.testbed import Platform

FIRST_TERM, TERM, LAST_TERM = "2024-25|T1", "2025-26|T2", "2025-26|T3"
SOURCES = {"oneroster__users": ("identifier", "given_name"), "edfi__students": ("student_unique_id", "first_name")}
"""Raw tables that describe students: their columns of number and given name."""


def _student_of(own: Platform, *terms: str) -> str:
    """A student whose user stands in the packages of all these terms."""
    return own.value(
        "select identifier from raw_zone.oneroster__users where role = 'student' and term_key = any (%s)"
        " group by identifier having count(distinct term_key) = %s order by 1 limit 1",
        [list(terms), len(terms)],
    )


def _given_name(own: Platform, student: str) -> str:
    return own.value("select given_name from gold.dim_student where student_id = %s", [student])


def _rename(own: Platform, student: str, term: str, name: str) -> None:
    for table, (number, given) in SOURCES.items():
        change = f"update raw_zone.{table} set {given} = %s where {number} = %s and term_key = %s"  # noqa: S608
        own.change(change, [name, student, term])


def _lose(own: Platform, student: str, *terms: str) -> None:
    for table, (number, _) in SOURCES.items():
        change = f"delete from raw_zone.{table} where {number} = %s and term_key = any (%s)"  # noqa: S608
        own.change(change, [student, list(terms)])


# -- whose row it is ----------------------------------------------------------------------------


def test_the_newest_terms_row_is_kept_when_an_older_term_runs(own: Platform) -> None:
    student = _student_of(own, FIRST_TERM, LAST_TERM)
    name = _given_name(own, student)
    _rename(own, student, FIRST_TERM, "Older")
    assert not broken(build_term(own, FIRST_TERM, select="dim_student"))
    assert _given_name(own, student) == name
    _rename(own, student, LAST_TERM, "Newer")
    assert not broken(build_term(own, LAST_TERM, select="dim_student"))
    assert _given_name(own, student) == "Newer"
    assert not broken(build_term(own, FIRST_TERM, select="dim_student"))
    assert _given_name(own, student) == "Newer"


def test_a_key_that_its_latest_term_lost_falls_back_to_the_term_before(own: Platform) -> None:
    student = _student_of(own, TERM, LAST_TERM)
    _rename(own, student, TERM, "Fallen Back")
    _lose(own, student, LAST_TERM)
    assert not broken(build_term(own, LAST_TERM, select="dim_student"))
    query = "select given_name, _term_key, _is_dropped from gold.dim_student where student_id = %s"
    assert own.query(query, [student]) == [("Fallen Back", TERM, False)]


def test_a_key_that_no_term_has_any_more_stays_and_says_so(own: Platform) -> None:
    student = _student_of(own, TERM, LAST_TERM)
    _lose(own, student, *own.terms)
    assert not broken(build_term(own, LAST_TERM, select="dim_student"))
    query = "select _is_dropped, is_inferred, given_name is not null from gold.dim_student where student_id = %s"
    assert own.query(query, [student]) == [(True, False, True)]


def test_a_run_that_brings_nothing_new_writes_nothing(own: Platform) -> None:
    places = "select array_agg(ctid::text || xmin::text order by student_key) from gold.dim_student"
    before = own.value(places)
    assert not broken(build_term(own, LAST_TERM, select="dim_student"))
    assert own.value(places) == before


# -- members that no source describes -----------------------------------------------------------


def _lose_parents(own: Platform) -> None:
    """An enrolment of the last term names a user and a class that no package has."""
    changed = own.change(
        "update raw_zone.oneroster__enrollments set user_sourced_id = 'ghost', class_sourced_id = 'phantom'"
        " where (term_key, _feed, sourced_id) = (select term_key, _feed, sourced_id"
        " from raw_zone.oneroster__enrollments where term_key = %s and _feed = 'north_sis' and role = 'student'"
        " order by end_date desc nulls last, sourced_id limit 1)",
        [LAST_TERM],
    )
    assert changed == 1


def test_a_missing_parent_is_inferred_with_its_natural_key(own: Platform) -> None:
    _lose_parents(own)
    assert not broken(build_term(own, LAST_TERM))
    students = "select student_key = md5('student|' || student_id), is_inferred, given_name, _term_key"
    assert own.query(f"{students} from gold.dim_student where student_id = 'north_sis:ghost'") == [
        (True, True, None, LAST_TERM)
    ]
    classes = "select class_key = md5('class|' || class_id), is_inferred from gold.dim_class"
    assert own.query(f"{classes} where class_id = 'north_sis:phantom'") == [(True, True)]
    held = "select count(*) from gold.fct_class_enrollment join gold.dim_class using (class_key) where is_inferred"
    assert own.value(held) == 1


def test_a_test_and_an_objective_of_which_no_sheet_tells_are_inferred(own: Platform) -> None:
    changed = own.change(
        "update raw_zone.assessment__assessment_results set assessment_id = 'ghost', objective_id = 'phantom'"
        " where (term_key, _feed, result_id) = (select term_key, _feed, result_id"
        " from raw_zone.assessment__assessment_results where term_key = %s and objective_id <> '' order by 3 limit 1)",
        [LAST_TERM],
    )
    assert changed == 1
    assert not broken(build_term(own, LAST_TERM))
    held = (
        "select a.is_inferred, a.assessment_title, o.is_inferred, o.objective_statement, r.assessment_id,"
        " r.objective_id from gold.fct_assessment_result as r join gold.dim_assessment as a using (assessment_key)"
        " join gold.dim_learning_objective as o using (learning_objective_key)"
    )
    assert own.query(f"{held} where a.assessment_id = 'assessment:ghost'") == [
        (True, None, True, None, "assessment:ghost", "phantom")
    ]
    assert own.query(f"{held} where o.learning_objective_id = 'phantom' and a.assessment_id <> r.assessment_id") == []


def test_an_inferred_member_becomes_known_when_its_source_arrives(own: Platform) -> None:
    _lose_parents(own)
    build_term(own, LAST_TERM)
    query = "select is_inferred, given_name is not null from gold.dim_student where student_id = 'north_sis:ghost'"
    assert own.query(query) == [(True, False)]
    own.change(
        "update raw_zone.oneroster__users set sourced_id = 'ghost', identifier = '' where (term_key, _feed, sourced_id)"
        " = (select term_key, _feed, sourced_id from raw_zone.oneroster__users where term_key = %s"
        " and _feed = 'north_sis' and role = 'student' order by sourced_id limit 1)",
        [LAST_TERM],
    )
    build_term(own, LAST_TERM)
    assert own.query(query) == [(False, True)]


def test_an_inferred_member_does_not_hide_a_newer_terms_row(own: Platform) -> None:
    student = _student_of(own, FIRST_TERM, LAST_TERM)
    own.change("delete from raw_zone.oneroster__users where identifier = %s and term_key = %s", [student, FIRST_TERM])
    assert not broken(build_term(own, FIRST_TERM))
    query = "select is_inferred, _term_key from gold.dim_student where student_id = %s"
    assert own.query(query, [student]) == [(False, LAST_TERM)]


WITH_A_SOURCE = ("student", "school", "class", "course", "guardian", "assessment", "learning_objective")


def test_every_dimension_has_an_unknown_member(small_one: Platform) -> None:
    union = " union all ".join(
        f"(select '{entity}', {entity}_key = md5('{entity}|'), is_inferred from gold.dim_{entity}"  # noqa: S608
        f" where {entity}_id = '')"
        for entity in WITH_A_SOURCE
    )
    assert small_one.query(union) == [(entity, True, False) for entity in WITH_A_SOURCE]


def test_an_empty_id_refers_to_the_unknown_member_and_infers_nothing(own: Platform) -> None:
    before = own.value("select count(*) from gold.dim_class")
    own.change(
        "create or replace view staging.conformed_class_enrollment as select class_enrollment_id, student_id,"
        " cast(null as text) as class_id, school_id, begin_date, end_date, final_result, term_key, _feed, _load_id,"
        " _ingested_at from staging.stg_oneroster__enrollments__class_enrollment",
        role=Role.DBT,
    )
    assert not broken(build_term(own, LAST_TERM, select="fct_class_enrollment"))
    ids = "select distinct class_id from gold.fct_class_enrollment join gold.dim_class using (class_key)"
    assert own.query(f"{ids} where fct_class_enrollment.term_key = %s", [LAST_TERM]) == [("",)]
    assert own.value("select count(*) from gold.dim_class") == before


# -- constraints --------------------------------------------------------------------------------

FOREIGN_KEYS = """
    select c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text, c.convalidated, c.conparentid <> 0
    from pg_constraint as c
    inner join pg_attribute as a on c.conrelid = a.attrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.conrelid::regclass::text like %s
    order by 1, 2
"""
DIMENSION_OF = {
    "term_key": "gold.dim_academic_term",
    "student_key": "gold.dim_student",
    "school_key": "gold.dim_school",
    "class_key": "gold.dim_class",
    "subgroup_key": "gold.dim_subgroup",
    "guardian_key": "gold.dim_guardian",
    "attendance_date": "gold.dim_date",
    "incident_date": "gold.dim_date",
    "discipline_date": "gold.dim_date",
    "staff_key": "gold.dim_staff",
    "substitute_key": "gold.dim_staff",
    "work_date": "gold.dim_date",
    "as_of_date": "gold.dim_date",
    "event_date": "gold.dim_date",
    "invoice_date": "gold.dim_date",
    "payment_date": "gold.dim_date",
    "award_date": "gold.dim_date",
    "posting_date": "gold.dim_date",
    "survey_question_key": "gold.dim_survey_question",
    "assessment_key": "gold.dim_assessment",
    "learning_objective_key": "gold.dim_learning_objective",
    "learner_key": "gold.dim_learner",
    "course_key": "gold.dim_course",
    "activity_date": "gold.dim_date",
    "usage_date": "gold.dim_date",
}


def test_foreign_keys_are_real_and_validated_on_every_partition(small_one: Platform) -> None:
    for table in MADE_BY_A_TERM:
        declared = {
            (column, dimension)
            for relation, column, dimension, _, _ in small_one.query(FOREIGN_KEYS, [f"gold.{table}"])
            if relation == f"gold.{table}"
        }
        assert declared
        assert declared <= set(DIMENSION_OF.items())
        partitions: dict[str, set[tuple[str, str]]] = {}
        for relation, column, dimension, validated, of_parent in small_one.query(
            FOREIGN_KEYS, [f"gold.{table}\\_\\_%"]
        ):
            assert validated, relation
            assert of_parent, relation
            partitions.setdefault(relation, set()).add((column, dimension))
        assert len(partitions) == len(small_one.terms), table
        assert all(keys == declared for keys in partitions.values())


def test_every_partition_has_its_primary_key_and_checks(small_one: Platform) -> None:
    for table in MADE_BY_A_TERM:
        kinds = small_one.query(
            "select i.inhrelid::regclass::text, count(*) filter (where c.contype = 'p'),"
            " count(*) filter (where c.contype = 'c') from pg_inherits as i"
            " join pg_constraint as c on c.conrelid = i.inhrelid where i.inhparent = %s::regclass group by 1",
            [f"gold.{table}"],
        )
        declared = small_one.value(
            "select count(*) from pg_constraint where contype = 'c' and conrelid = %s::regclass", [f"gold.{table}"]
        )
        assert len(kinds) == len(small_one.terms)
        assert all(primary == 1 and checks >= declared for _, primary, checks in kinds), table
