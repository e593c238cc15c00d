"""What the survey office writes: surveys of students, staff and families, who was asked, and what they answered.

Belongs here: questionnaires, invitations, answers. Does not belong here: what lies behind an answer (traits.py).

The students' survey of school climate is anonymous: no invitation has a respondent key, and the keys of its answers
lead nowhere. Answers are written in the order of their random keys, so that their order tells nothing either.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from operator import itemgetter
from random import Random

from edu_assets.sample.population import Membership
from edu_assets.sample.school_years import SchoolYear
from edu_assets.sample.world import Cell, TableFile, World

SYSTEM = "survey"

LOWEST, HIGHEST, FAVOURABLE_FROM = 1, 5, 4
OPEN_FOR = 18  # days
LOWEST_GRADE = 3  # of students who are asked
RESPONSE_LOGIT, RESPONSE_BY_OUTLOOK = 0.85, 0.35  # about 70 % answer
OPENED_UNANSWERED = 0.45
SKIPS, WRITES = 0.03, 0.3  # shares of questions left out, and of free texts written
MIDDLE, BY_OUTLOOK, SPREAD = 3.65, 0.62, 0.75  # of a rating
SCHOOLS_DIFFER, YEARS_DIFFER = 0.14, 0.06
FAMILY_BY_CHILD, FAMILY_BY_MEANS, FAMILY_OWN = 0.5, 0.25, 0.8
WORKLOAD = -0.35  # how much lower than its neighbours the question about workload is rated


@dataclass(frozen=True)
class Question:
    """shift: how much higher than others it is rated. choices: of a choice question, likeliest first."""

    number: str
    topic: str
    text: str
    kind: str = "rating"
    shift: float = 0.0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instrument:
    """A questionnaire that is held once a year. term: position of the term; opens: days in session after its first."""

    code: str
    title: str
    group: str
    privacy: str
    term: int
    opens: int
    questions: tuple[Question, ...]


_WRITTEN = Question("Q9", "open", "What else would you like to tell us?", "text")

INSTRUMENTS = (
    Instrument(
        *("BELONG", "How students feel at school", "student", "confidential", 0, 20),
        (
            Question("Q1", "belonging", "I feel that I belong at this school.", shift=0.1),
            Question("Q2", "belonging", "There is an adult at school whom I can talk to.", shift=0.2),
            Question("Q3", "engagement", "I look forward to my classes.", shift=-0.3),
            _WRITTEN,
        ),
    ),
    Instrument(
        *("CLIMATE", "School climate: students", "student", "anonymous", 1, 15),
        (
            Question("Q1", "safety", "I feel safe at school.", shift=0.3),
            Question("Q2", "safety", "Students treat each other with respect.", shift=-0.3),
            Question("Q3", "teaching", "My teachers explain things so that I understand them.", shift=0.2),
            Question("Q4", "teaching", "My teachers expect me to do my best.", shift=0.4),
            Question("Q5", "belonging", "I feel that I belong at this school."),
            Question(
                *("Q6", "wishes", "What would you like more of at school?", "choice", 0.0),
                ("sports", "arts_and_music", "clubs", "quiet_places"),
            ),
            _WRITTEN,
        ),
    ),
    Instrument(
        *("FAMILY", "School and family", "family", "confidential", 1, 30),
        (
            Question("Q1", "communication", "The school keeps me informed of my child's progress."),
            Question("Q2", "communication", "It is easy to reach the school when I have a question.", shift=-0.1),
            Question("Q3", "safety", "My child is safe at this school.", shift=0.35),
            Question("Q4", "teaching", "My child is taught well at this school.", shift=0.15),
            Question(
                *("Q5", "communication", "How should the school write to you?", "choice", 0.0),
                ("e-mail", "text_message", "app", "letter"),
            ),
            _WRITTEN,
        ),
    ),
    Instrument(
        *("STAFF", "Working at our school", "staff", "confidential", 2, 12),
        (
            Question("Q1", "leadership", "School leaders support me in my work.", shift=0.1),
            Question("Q2", "collaboration", "I have time to plan together with colleagues.", shift=-0.2),
            Question("Q3", "workload", "My workload is manageable.", shift=WORKLOAD),
            Question("Q4", "safety", "I feel safe at school.", shift=0.4),
            Question("Q5", "learning", "Professional learning helps me teach better."),
            _WRITTEN,
        ),
    ),
)

# Free text, by whether what was rated is favourable; harmless, and of nobody.
SENTENCES = {
    "student": (
        ("I like the clubs.", "Lessons are fun.", "The library is a good place.", "It is fine as it is."),
        ("Lunch breaks are too short.", "There is a lot of homework.", "It is loud in the hallways.", "More sports."),
    ),
    "family": (
        ("We are happy with the school.", "Thank you for the newsletters.", "The school fair was lovely."),
        ("Please send messages earlier.", "The bus is often late.", "We would like more meetings in the evening."),
    ),
    "staff": (
        ("Good cooperation in the grade teams.", "The new planning time helps.", "I enjoy working here."),
        ("There are too many meetings.", "We need more time to plan.", "The copiers break down often."),
    ),
}

SURVEYS = ("SurveyID", "Title", "Instrument", "Privacy", "OpensOn", "ClosesOn")
SURVEY_QUESTIONS = (
    *("SurveyID", "QuestionID", "Topic", "Text", "Kind", "LowestRating", "HighestRating", "FavourableFrom"),
)
SURVEY_INVITATIONS = (
    *("InvitationID", "SurveyID", "SchoolID", "RespondentGroup", "PersonNumber", "GradeLevel", "Opened", "Answered"),
    "RespondentKey",
)
SURVEY_RESPONSES = (
    *("ResponseID", "SurveyID", "QuestionID", "SchoolID", "RespondentGroup", "GradeLevel", "RespondentKey", "Answer"),
    "AnsweredOn",
)

Row = Sequence[Cell]


def tables(world: World) -> Iterator[TableFile]:
    """Every table of the survey system. Surveys are sent when they open, what belongs to them when they are closed."""
    feed = world.feed(SYSTEM)
    if feed is None:
        return
    held = _held(world)
    opened = ((survey.opens, None, survey.row()) for survey in held)
    yield from world.dated(SYSTEM, "surveys", SURVEYS, opened)
    by_term: dict[str, list[_Survey]] = {}
    for survey in held:
        by_term.setdefault(survey.term_key, []).append(survey)
    for surveys in by_term.values():
        sent = max(survey.closes for survey in surveys) + timedelta(1)
        for table, header, rows in (
            ("survey_questions", SURVEY_QUESTIONS, [row for each in surveys for row in each.questions()]),
            ("survey_invitations", SURVEY_INVITATIONS, [row for each in surveys for row in each.invitations()]),
            ("survey_responses", SURVEY_RESPONSES, [row for each in surveys for row in each.responses()]),
        ):
            if rows:
                yield TableFile(feed, table, sent, header, rows)


def _held(world: World) -> list[_Survey]:
    """Every survey, in the order in which they opened."""
    held = []
    for year in world.population.years:
        for instrument in INSTRUMENTS:
            term = year.terms[min(instrument.term, len(year.terms) - 1)]
            days = [day for day in year.moving_days[term.term] if term.instructional.contains(day)]
            opens = days[min(instrument.opens, len(days) // 2)]
            closes = min(opens + timedelta(OPEN_FOR), term.instructional.end - timedelta(2))
            held.append(_Survey(world, instrument, year, term.key, opens, closes))
    return sorted(held, key=lambda survey: survey.opens)


@dataclass(frozen=True)
class _Asked:
    """Somebody who was asked at a school. outlook: a standard score, high is favourable."""

    school_id: str
    number: str
    grade: str | None
    outlook: float


@dataclass
class _Survey:
    """One survey as it was held."""

    world: World
    instrument: Instrument
    year: SchoolYear
    term_key: str
    opens: date
    closes: date

    @property
    def number(self) -> str:
        return f"{self.instrument.code}-{self.year.label}"

    def row(self) -> Row:
        instrument = self.instrument
        return self.number, instrument.title, instrument.code, instrument.privacy, self.opens, self.closes

    def questions(self) -> Iterator[Row]:
        for question in self.instrument.questions:
            rating = (LOWEST, HIGHEST, FAVOURABLE_FROM) if question.kind == "rating" else (None, None, None)
            yield (self.number, question.number, question.topic, question.text, question.kind, *rating)

    def invitations(self) -> Iterator[Row]:
        anonymous = self.instrument.privacy == "anonymous"
        for place, asked in enumerate(self.asked, start=1):
            answers = self._answers(asked)
            opened = answers or self._random("opens", asked).random() < OPENED_UNANSWERED
            about = (f"{self.number}-I{place:05d}", self.number, asked.school_id, self.instrument.group)
            key = self._key(asked) if answers and not anonymous else None
            yield (*about, asked.number, asked.grade, opened, answers, key)

    def responses(self) -> Iterator[Row]:
        answered = sorted(((self._key(each), each) for each in self.asked if self._answers(each)), key=itemgetter(0))
        place = 0
        for key, asked in answered:
            random = self._random("day", asked)
            day = self.opens + timedelta(min(int(random.expovariate(0.25)), (self.closes - self.opens).days))
            for question, answer in self._sheet(asked):
                place += 1
                about = (f"{self.number}-R{place:06d}", self.number, question.number, asked.school_id)
                yield (*about, self.instrument.group, asked.grade, key, answer, day)

    @cached_property
    def asked(self) -> list[_Asked]:
        """Whom the survey asks, in a fixed order, each once at a school."""
        found = {
            (asked.school_id, asked.number): asked
            for school in self.world.network.schools
            for asked in self._asked_at(school.school_id)
        }
        return list(found.values())

    def _asked_at(self, school_id: str) -> Iterator[_Asked]:
        if self.instrument.group == "staff":
            yield from self._staff(school_id)
            return
        for member in self.world.members(self.year, school_id, self.opens):
            asked = self._student(member) if self.instrument.group == "student" else self._family(member)
            if asked is not None:
                yield asked

    def _student(self, member: Membership) -> _Asked | None:
        if member.grade == "KG" or int(member.grade) < LOWEST_GRADE:
            return None
        outlook = self.world.traits_of(member.student).outlook
        return _Asked(member.school_id, member.student.number, member.grade, outlook)

    def _family(self, member: Membership) -> _Asked | None:
        number = self.world.guardian_number(member.student)
        if number is None:
            return None
        child = self.world.traits_of(member.student)
        own = self.world.random(SYSTEM, "family", number).gauss(0, FAMILY_OWN)
        outlook = FAMILY_BY_CHILD * child.outlook + FAMILY_BY_MEANS * child.means + own
        return _Asked(member.school_id, number, None, outlook)

    def _staff(self, school_id: str) -> Iterator[_Asked]:
        """Who teaches at a school in the year, and who heads it."""
        teach = {each.teacher.index for each in self.world.timetable.classes if each.year == self.year.label}
        for member in self.world.timetable.staff:
            if member.school_id == school_id and (member.index in teach or member.role != "teacher"):
                number = self.world.staff_number(member)
                yield _Asked(school_id, number, None, self.world.random(SYSTEM, "staff", number).gauss(0, 1))

    def _random(self, matter: str, asked: _Asked, *about: object) -> Random:
        return self.world.random(SYSTEM, self.number, matter, asked.school_id, asked.number, *about)

    def _answers(self, asked: _Asked) -> bool:
        chance = 1 / (1 + math.exp(-(RESPONSE_LOGIT + RESPONSE_BY_OUTLOOK * asked.outlook)))
        return self._random("answers", asked).random() < chance

    def _key(self, asked: _Asked) -> str:
        return f"{self._random('key', asked).getrandbits(64):016x}"

    def _sheet(self, asked: _Asked) -> Iterator[tuple[Question, str]]:
        """What one respondent answered; the first question always, others as a rule."""
        for place, question in enumerate(self.instrument.questions):
            random = self._random("answer", asked, question.number)
            chance = random.random()
            if place and chance < (1 - WRITES if question.kind == "text" else SKIPS):
                continue
            yield question, self._answer(question, asked, random)

    def _answer(self, question: Question, asked: _Asked, random: Random) -> str:
        match question.kind:
            case "rating":
                around = MIDDLE + question.shift + BY_OUTLOOK * asked.outlook + self._climate(asked.school_id, question)
                return str(min(max(round(random.gauss(around, SPREAD)), LOWEST), HIGHEST))
            case "choice":
                weights = [1 / (place + 1) for place in range(len(question.choices))]
                return random.choices(question.choices, weights)[0]
            case _:
                favourable, other = SENTENCES[self.instrument.group]
                return random.choice(favourable if random.gauss(asked.outlook, 0.5) > 0 else other)

    def _climate(self, school_id: str, question: Question) -> float:
        """How a school stands in a topic: its own level, and how the year differs from it."""
        level = self.world.random(SYSTEM, "school", school_id, question.topic).gauss(0, SCHOOLS_DIFFER)
        return level + self.world.random(SYSTEM, "year", school_id, question.topic, self.year.label).gauss(
            0, YEARS_DIFFER
        )
