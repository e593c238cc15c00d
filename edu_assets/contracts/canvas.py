"""Canvas LMS (Instructure) extracts as JSON lines, named .json. Times are in UTC, as Canvas Data documents them.

Numbers that identify are texts. `submission_types` is a list, kept as JSON.
"""

from edu_assets.contracts.base import (
    Column,
    ColumnType,
    Contract,
    DateFormat,
    Json,
    PersonalData,
    System,
    TermByDelivery,
)

CANVAS = System(name="canvas", title="Canvas LMS")


def _key(header: str = "id", personal: PersonalData = PersonalData.NONE) -> Column:
    return Column(header=header, required=True, pattern=r"\d+", description="identifies the record", personal=personal)


def _reference(header: str) -> Column:
    return Column(header=header, pattern=r"\d+", description="the record referred to")


def _person(header: str) -> Column:
    return Column(header=header, description="the person", personal=PersonalData.DIRECT)


def _text(header: str, personal: PersonalData = PersonalData.NONE) -> Column:
    return Column(header=header, description="as sent", personal=personal)


def _flag(header: str) -> Column:
    return Column(header=header, type=ColumnType.BOOLEAN, description="as sent")


def _count(header: str) -> Column:
    return Column(header=header, type=ColumnType.INTEGER, description="as sent")


def _score(header: str) -> Column:
    return Column(header=header, type=ColumnType.NUMERIC, description="score", personal=PersonalData.INDIRECT)


def _when(*headers: str) -> tuple[Column, ...]:
    return tuple(
        Column(header=header, type=ColumnType.TIMESTAMP, formats=(DateFormat.ISO_UTC,), description="time in UTC")
        for header in headers
    )


def _table(
    name: str,
    description: str,
    columns: tuple[Column, ...],
    key: tuple[str, ...] = ("id",),
    person: tuple[str, ...] = (),
) -> Contract:
    return Contract(
        system=CANVAS.name,
        table=name,
        description=description,
        owner="digital-learning",
        columns=columns,
        key=key,
        term=TermByDelivery(),
        person=person,
        files=(f"{name}*.json",),
        written=(Json(),),
        freshness_days=7,
    )


ACCOUNTS = _table(
    "accounts",
    "account: the institution or a part of it",
    (
        _key(),
        _text("name"),
        _count("depth"),
        _text("workflow_state"),
        _reference("parent_account_id"),
        _text("sis_source_id"),
    ),
)

ASSIGNMENTS = _table(
    "assignments",
    "assignment",
    (
        _key(),
        _text("title"),
        _text("description"),
        _reference("context_id"),
        _reference("assignment_group_id"),
        _score("points_possible"),
        _text("grading_type"),
        _text("submission_types"),
        _text("workflow_state"),
        _flag("peer_reviews"),
        _count("peer_review_count"),
        _flag("peer_reviews_assigned"),
        _flag("automatic_peer_reviews"),
        _flag("all_day"),
        _text("all_day_date"),
        _flag("could_be_locked"),
        _text("grade_group_students_individually"),
        _flag("anonymous_peer_reviews"),
        _count("position"),
        _text("visibility"),
        *_when("due_at", "unlock_at", "lock_at", "created_at", "updated_at", "peer_reviews_due_at"),
    ),
)

CONTENT_TAGS = _table(
    "content_tags",
    "item of a module",
    (
        _key("content_id"),
        _reference("context_id"),
        _key("context_module_id"),
        _text("content_type"),
        _text("workflow_state"),
        _count("position"),
        _text("title"),
        _text("url"),
        *_when("created_at", "updated_at"),
    ),
    ("content_id", "context_module_id"),
)

CONTEXT_MODULES = _table(
    "context_modules",
    "module of a course",
    (
        _key(),
        _text("name"),
        _reference("context_id"),
        _count("position"),
        _flag("require_sequential_progress"),
        _text("workflow_state"),
        *_when("created_at", "deleted_at", "unlock_at", "updated_at"),
    ),
)

COURSE_SECTIONS = _table(
    "course_sections",
    "section of a course",
    (
        _key(),
        _text("name"),
        _reference("course_id"),
        _flag("default_section"),
        _flag("accepting_enrollments"),
        _text("workflow_state"),
        _flag("restrict_enrollments_to_section_dates"),
        _text("nonxlist_course_id"),
        _text("sis_source_id"),
        *_when("start_at", "end_at", "created_at", "updated_at"),
    ),
)

COURSES = _table(
    "courses",
    "course",
    (
        _key(),
        _reference("account_id"),
        _reference("enrollment_term_id"),
        _text("name"),
        _text("course_code"),
        _flag("is_public"),
        _text("sis_source_id"),
        _text("workflow_state"),
        _reference("wiki_id"),
        _text("syllabus_body"),
        *_when("created_at", "start_at", "conclude_at"),
    ),
)

ENROLLMENT_TERMS = _table(
    "enrollment_terms",
    "Canvas's own term",
    (
        _key(),
        _text("name"),
        _text("sis_source_id"),
        *_when("start_at", "end_at"),
    ),
)

ENROLLMENTS = _table(
    "enrollments",
    "a person's place in a section",
    (
        _key(),
        _text("type"),
        _text("workflow_state"),
        _flag("self_enrolled"),
        _reference("course_section_id"),
        _person("user_id"),
        *_when("created_at", "updated_at", "start_at", "end_at", "completed_at", "last_activity_at"),
    ),
    person=("user_id",),
)

QUIZ_SUBMISSIONS = _table(
    "quiz_submissions",
    "a person's submission of a quiz",
    (
        _key(),
        _reference("quiz_id"),
        _person("user_id"),
        _reference("submission_id"),
        _text("workflow_state"),
        _flag("manually_unlocked"),
        _flag("was_preview"),
        _flag("has_seen_results"),
        _text("temporary_user_code"),
        _score("score"),
        _score("kept_score"),
        _score("quiz_points_possible"),
        _score("score_before_regrade"),
        _score("fudge_points"),
        _count("attempt"),
        _count("extra_attempts"),
        _count("extra_time"),
        *_when("created_at", "updated_at", "started_at", "finished_at", "end_at"),
    ),
    person=("user_id",),
)

QUIZZES = _table(
    "quizzes",
    "quiz",
    (
        _key(),
        _text("title"),
        _reference("context_id"),
        _reference("assignment_id"),
        _score("points_possible"),
        _text("description"),
        _text("quiz_type"),
        _text("workflow_state"),
        _text("scoring_policy"),
        _flag("anonymous_submissions"),
        _flag("shuffle_answers"),
        _flag("cant_go_back"),
        _flag("could_be_locked"),
        _flag("require_lockdown_browser"),
        _flag("require_lockdown_browser_for_results"),
        _flag("require_lockdown_browser_monitor"),
        _text("ip_filter"),
        _text("hide_results"),
        _flag("show_correct_answers"),
        _count("time_limit"),
        _count("allowed_attempts"),
        _count("unpublished_question_count"),
        _count("question_count"),
        *_when(
            "show_correct_answers_at",
            "hide_correct_answers_at",
            "created_at",
            "updated_at",
            "published_at",
            "unlock_at",
            "lock_at",
            "due_at",
            "deleted_at",
        ),
    ),
)

ROLES = _table(
    "roles",
    "role",
    (
        _key(),
        _reference("account_id"),
        _text("name"),
        _text("base_role_type"),
        _text("workflow_state"),
        *_when("created_at", "updated_at", "deleted_at"),
    ),
)

USERS = _table(
    "users",
    "person",
    (
        _key(personal=PersonalData.DIRECT),
        _person("name"),
        _text("time_zone"),
        _text("locale"),
        _text("workflow_state"),
        _person("sortable_name"),
        _text("school_name"),
        _text("school_position"),
        _flag("public"),
        _person("global_canvas_id"),
        *_when("created_at"),
    ),
    person=("id",),
)
