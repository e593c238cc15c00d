"""OneRoster CSV, the gradebook: line items, results and the scales that give results a meaning.

Belongs here: declarations of these files alone; what the package's tables share is in oneroster.py.

1.2 renamed the session of a line item, made the bounds of its result optional and added the school;
a result may then be a text. Results are a person's education record, so they are personal data.
"""

from edu_assets.contracts.base import Column, ColumnType, PersonalData, RowRule
from edu_assets.contracts.oneroster import EXTENSIBLE, V1_1, V1_2, flag, guid, table

_OWNER = "curriculum"

CATEGORIES = table(
    "categories",
    "categories",
    "category: a kind of work that is marked, such as homework",
    (
        Column(header="title", required=True, description="name of the category"),
        Column(
            header="weight",
            type=ColumnType.INTEGER,
            description="share of the final mark in per cent",
            versions=(V1_2,),
        ),
    ),
    owner=_OWNER,
)

LINE_ITEMS = table(
    "line_items",
    "lineItems",
    "line item: a piece of work set to a class, for which results are given",
    (
        Column(header="title", required=True, description="name of the work"),
        Column(header="description", description="what is to be done"),
        Column(header="assignDate", type=ColumnType.DATE, required=True, description="day on which it was set"),
        Column(header="dueDate", type=ColumnType.DATE, required=True, description="day by which it is due"),
        guid("classSourcedId", "the class", references="classes"),
        guid("categorySourcedId", "the category", references="categories"),
        guid(
            "gradingPeriodSourcedId",
            "the grading period in which it counts; so called in 1.1",
            required=False,
            versions=(V1_1,),
            required_in=(V1_1,),
            references="academic_sessions",
        ),
        guid(
            "academicSessionSourcedId",
            "the session in which it counts; so called in 1.2",
            required=False,
            versions=(V1_2,),
            required_in=(V1_2,),
            references="academic_sessions",
        ),
        Column(
            header="resultValueMin", type=ColumnType.NUMERIC, required_in=(V1_1,), description="least score possible"
        ),
        Column(
            header="resultValueMax", type=ColumnType.NUMERIC, required_in=(V1_1,), description="greatest score possible"
        ),
        guid(
            "schoolSourcedId",
            "the school of the class",
            required=False,
            versions=(V1_2,),
            required_in=(V1_2,),
            references="orgs",
        ),
    ),
    owner=_OWNER,
    school="school_sourced_id",
)

RESULTS = table(
    "results",
    "results",
    "result: what a student got for a line item",
    (
        guid("lineItemSourcedId", "the line item", references="line_items"),
        guid("studentSourcedId", "the student", references="users", personal=PersonalData.INDIRECT),
        Column(
            header="scoreStatus",
            required=True,
            allowed=("exempt", "fully graded", "not submitted", "partially graded", "submitted"),
            allowed_in=EXTENSIBLE,
            description="how far the work has been handed in and marked",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="score",
            type=ColumnType.NUMERIC,
            required_in=(V1_1,),
            description="score between the bounds of the line item",
            personal=PersonalData.INDIRECT,
        ),
        Column(header="scoreDate", type=ColumnType.DATE, required=True, description="day on which it was marked"),
        Column(
            header="comment",
            description="what the teacher wrote about the work, in words",
            personal=PersonalData.SENSITIVE,
        ),
        Column(
            header="textScore",
            description="the mark where it is no number",
            versions=(V1_2,),
            personal=PersonalData.INDIRECT,
        ),
        guid("classSourcedId", "the class", required=False, versions=(V1_2,), references="classes"),
        flag(
            "inProgress",
            "set, and not expected yet",
            versions=(V1_2,),
            personal=PersonalData.INDIRECT,
        ),
        flag(
            "incomplete",
            "handed in, and judged to lack something",
            versions=(V1_2,),
            personal=PersonalData.INDIRECT,
        ),
        flag(
            "late",
            "past its day, or handed in after it",
            versions=(V1_2,),
            personal=PersonalData.INDIRECT,
        ),
        flag("missing", "not handed in", versions=(V1_2,), personal=PersonalData.INDIRECT),
    ),
    owner=_OWNER,
    person=("student_sourced_id",),
)

SCORE_SCALES = table(
    "score_scales",
    "scoreScales",
    "score scale: what the marks of a class mean; 1.2 only",
    (
        Column(header="title", required=True, description="name of the scale"),
        Column(header="type", required=True, description="kind of scale"),
        guid("orgSourcedId", "the organisation that set the scale", references="orgs"),
        guid("courseSourcedId", "the course in which it is used", references="courses"),
        guid("classSourcedId", "the class in which it is used", references="classes"),
        Column(
            header="scoreScaleValue",
            required=True,
            pattern=r"\{[^:{}]+:[^{}]+\}",
            is_list=True,
            description="list of {mark:meaning}, e.g. {A+:100}",
        ),
    ),
    owner=_OWNER,
    versions=(V1_2,),
    school="org_sourced_id",
)

LINE_ITEM_SCORE_SCALES = table(
    "line_item_score_scales",
    "lineItemScoreScales",
    "scale of a line item: which score scale it is marked by; 1.2 only",
    (
        Column(header="title", description="name of the association"),
        guid("lineItemSourcedId", "the line item", references="line_items"),
        guid("scoreScaleSourcedId", "the score scale", references="score_scales"),
    ),
    owner=_OWNER,
    versions=(V1_2,),
)

RESULT_SCORE_SCALES = table(
    "result_score_scales",
    "resultScoreScales",
    "scale of a result: which score scale it was marked by; 1.2 only",
    (
        Column(header="title", description="name of the association"),
        guid("resultSourcedId", "the result", references="results"),
        guid("scoreScaleSourcedId", "the score scale", references="score_scales"),
    ),
    owner=_OWNER,
    versions=(V1_2,),
)

_OBJECTIVE = (
    Column(
        header="source",
        required=True,
        allowed=("case", "unknown"),
        allowed_in=EXTENSIBLE,
        description="catalogue of objectives: case is 1EdTech's exchange of competencies",
    ),
    Column(header="learningObjectiveId", required=True, description="the learning objective in that catalogue"),
)
_OBJECTIVE_FORM = RowRule(
    name="objective_urn",
    column="learning_objective_id",
    holds="source <> 'case' or learning_objective_id ~* '^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'",
    hint="an objective of CASE is named by urn:uuid: and its UUID",
)

LINE_ITEM_LEARNING_OBJECTIVE_IDS = table(
    "line_item_learning_objective_ids",
    "lineItemLearningObjectiveIds",
    "objective of a line item: a learning objective that the work serves; 1.2 only",
    (guid("lineItemSourcedId", "the line item", references="line_items"), *_OBJECTIVE),
    owner=_OWNER,
    versions=(V1_2,),
    rules=(_OBJECTIVE_FORM,),
)

RESULT_LEARNING_OBJECTIVE_IDS = table(
    "result_learning_objective_ids",
    "resultLearningObjectiveIds",
    "objective of a result: what a student got for one learning objective; 1.2 only",
    (
        guid("resultSourcedId", "the result", references="results"),
        *_OBJECTIVE,
        Column(
            header="score",
            type=ColumnType.NUMERIC,
            description="score for the objective",
            personal=PersonalData.INDIRECT,
        ),
        Column(
            header="textScore",
            description="mark for the objective where it is no number",
            personal=PersonalData.INDIRECT,
        ),
    ),
    owner=_OWNER,
    versions=(V1_2,),
    rules=(_OBJECTIVE_FORM,),
)
