"""What a small network knows of a term as items of an Ed-Fi API, written from facts by the data model's documentation.

Belongs here: facts to items, a method a resource, and nothing of our staging views: unlike systems meet in the facts
alone, so agreement says that the views read what the standard means. Does not belong here: what gold makes of the items
(test_edfi.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from edu_assets_tests.testbed import Platform

Item = dict[str, Any]
GRADES = (
    *("First", "Second", "Third", "Fourth", "Fifth", "Sixth"),
    *("Seventh", "Eighth", "Ninth", "Tenth", "Eleventh", "Twelfth"),
)
CATEGORIES = {
    "present": "In Attendance",
    "tardy": "Tardy",
    "absent_excused": "Excused Absence",
    "absent_unexcused": "Unexcused Absence",
    "suspension_out_of_school": "Excused Absence",
    "absent_unspecified": "Early departure",
}
EXITS = {"left_network": "Withdrawn", "never_came": "No show", "transferred_within_network": "Transferred"}
SEXES = {"F": "Female", "M": "Male", "X": "Non-binary"}
RACES = {
    "W": "White",
    "M": "White",
    "B": "Black - African American",
    "A": "Asian",
    "I": "American Indian - Alaska Native",
    "P": "Native Hawaiian - Pacific Islander",
}
PROGRAMS = {
    "IEP": "Special Education",
    "504": "Section 504 Placement",
    "EL": "English as a Second Language (ESL)",
    "homeless": "Homeless",
    "migrant": "Migrant Education",
    "gifted": "Gifted and Talented",
}


def code(kind: str, value: str) -> str:
    return f"uri://ed-fi.org/{kind}Descriptor#{value}"


def grade_code(level: str) -> str:
    words = {"PK": "Prekindergarten", "KG": "Kindergarten", "13": "Grade 13"}
    return code("GradeLevel", words.get(level) or f"{GRADES[int(level) - 1]} grade")


def student(number: str) -> Item:
    return {"studentReference": {"studentUniqueId": number, "link": {"rel": "Student"}}}


def school(number: str) -> Item:
    return {"schoolReference": {"schoolId": number, "link": {"rel": "School"}}}


class Written:
    """One term of a network as items of an API, a file a resource."""

    def __init__(self, source: Platform, term: str, folder: Path) -> None:
        self.source = source
        self.term = term
        self.folder = folder

    def write(self) -> None:
        for resource in (
            self.students,
            self.student_school_associations,
            self.student_education_organization_associations,
            self.student_special_education_program_associations,
            self.student_school_attendance_events,
            self.discipline_incidents,
            self.student_discipline_incident_behavior_associations,
            self.discipline_actions,
            self.sessions,
            self.courses,
            self.course_offerings,
            self.sections,
            self.student_section_associations,
            self.grading_periods,
            self.grades,
            self.staffs,
            self.staff_education_organization_assignment_associations,
            self.contacts,
            self.student_contact_associations,
            self.calendar_dates,
            self.student_section_attendance_events,
            self.student_discipline_incident_non_offender_associations,
            self.assessments,
            self.student_assessments,
        ):
            first, *words = resource.__name__.split("_")
            self._file(first + "".join(word.title() for word in words), resource())

    def _file(self, resource: str, items: Iterable[Item]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        written = [{"id": f"{resource}{number}", **item, "_etag": "1"} for number, item in enumerate(items)]
        assert written, resource
        lines = (json.dumps(item, default=_spelled) for item in written)
        (self.folder / f"{resource}.json").write_text("\n".join(lines), encoding="utf-8")

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.source.query(query, [self.term])

    def students(self) -> Iterator[Item]:
        for number, given, family, born in self._rows(
            "select distinct on (student_number) student_number, 'Given', 'Family', birth_date"
            " from raw_zone.sis__students where term_key = %s order by student_number"
        ):
            yield {"studentUniqueId": number, "firstName": given, "lastSurname": family, "birthDate": born}

    def student_school_associations(self) -> Iterator[Item]:
        for number, place, entry, exit_, primary, no_show, reason, grade in self._rows(
            "select student_id, school_id, entry_date, exit_date, is_primary, is_no_show, exit_reason, f.grade_level"
            " from gold.fct_enrollment f join gold.dim_student using (student_key)"
            " join gold.dim_school using (school_key) where term_key = %s"
        ):
            ended = {"exitWithdrawDate": exit_} if exit_ else {}
            why = "never_came" if no_show else reason
            yield {
                **student(number),
                **school(place),
                "entryDate": entry,
                "entryGradeLevelDescriptor": grade_code(grade),
                "primarySchool": primary,
                **ended,
                **({"exitWithdrawTypeDescriptor": code("ExitWithdrawType", EXITS[why])} if why else {}),
            }

    def student_education_organization_associations(self) -> Iterator[Item]:
        for number, sex, hispanic, races in self._rows(
            "select student_number, sex, hispanic_latino_ethnicity, races from raw_zone.sis__students"
            " where term_key = %s"
        ):
            yield {
                **student(number),
                "educationOrganizationReference": {"educationOrganizationId": "010", "link": {}},
                **({"sexDescriptor": code("Sex", SEXES[sex])} if sex else {}),
                "hispanicLatinoEthnicity": hispanic,
                "races": [
                    {"raceDescriptor": code("Race", RACES[race.strip()])} for race in (races or "").split(",") if race
                ],
            }

    def student_special_education_program_associations(self) -> Iterator[Item]:
        for number, place, program, begin, end in self._rows(
            "select student_number, school_id, program, begin_date, end_date from raw_zone.sis__student_programs"
            " where term_key = %s and status in ('active', 'exited')"
        ):
            if program in PROGRAMS:
                yield {
                    **student(number),
                    "educationOrganizationReference": {"educationOrganizationId": place},
                    "programReference": {
                        "educationOrganizationId": place,
                        "programName": program,
                        "programTypeDescriptor": code("ProgramType", PROGRAMS[program]),
                    },
                    "beginDate": begin,
                    # the sheet's last day; the feed's ends are exclusive
                    **({"endDate": end + timedelta(1)} if end else {}),
                }

    def student_school_attendance_events(self) -> Iterator[Item]:
        for number, place, day, category, missed in self._rows(
            "select student_id, school_id, attendance_date, attendance_category, absent_portion"
            " from gold.fct_attendance_report f join gold.dim_student using (student_key)"
            " join gold.dim_school using (school_key) where term_key = %s"
        ):
            if missed is None:
                continue  # a code that no rule knows is none here
            event = {
                **student(number),
                **school(place),
                "sessionReference": {"schoolId": place, "schoolYear": 2025, "sessionName": self.term},
                "eventDate": day,
                "attendanceEventCategoryDescriptor": code("AttendanceEventCategory", CATEGORIES[category]),
            }
            yield event | ({} if category == "present" else {"eventDuration": missed})
            if category not in ("present", "tardy") and missed:
                # a day may have several events: the lesser one says nothing more
                yield event | {"attendanceEventCategoryDescriptor": code("AttendanceEventCategory", "Tardy")}

    def discipline_incidents(self) -> Iterator[Item]:
        for number, place, day in self._rows(
            "select incident_id, school_id, incident_date from raw_zone.sis__behavior_incidents where term_key = %s"
        ):
            yield {
                "incidentIdentifier": number,
                **school(place),
                "incidentDate": day,
                "behaviors": [{"behaviorDescriptor": code("Behavior", "Other")}],
            }

    def student_discipline_incident_behavior_associations(self) -> Iterator[Item]:
        for incident, place, number in self._rows(
            "select incident_id, school_id, student_number from raw_zone.sis__behavior_participants"
            " where term_key = %s and role = 'aggressor'"
        ):
            for behavior in ("Other", "School Violation"):  # several of one student are one part
                yield {
                    "behaviorDescriptor": code("Behavior", behavior),
                    "disciplineIncidentReference": {"incidentIdentifier": incident, "schoolId": place},
                    **student(number),
                }

    def discipline_actions(self) -> Iterator[Item]:
        for action, day, number, place, incident, assigned, served in self._rows(
            "select action_id, action_date, student_number, school_id, incident_id, days_assigned, days_served"
            " from raw_zone.sis__discipline_actions where term_key = %s"
        ):
            of = {"incidentIdentifier": incident, "schoolId": place, "studentUniqueId": number}
            yield {
                "disciplineActionIdentifier": action,
                "disciplineDate": day,
                **student(number),
                "responsibilitySchoolReference": {"schoolId": place},
                "disciplines": [{"disciplineDescriptor": code("Discipline", "Out of School Suspension")}],
                **({"disciplineActionLength": assigned} if assigned is not None else {}),
                **({"actualDisciplineActionLength": served} if served is not None else {}),
                "studentDisciplineIncidentBehaviorAssociations": [
                    {"studentDisciplineIncidentBehaviorAssociationReference": of}
                ],
            }

    def sessions(self) -> Iterator[Item]:
        for place, begin, end in self._rows(
            "select school_id, instructional_start, instructional_end - 1 from etl.school_term where term_key = %s"
        ):
            yield {
                **school(place),
                "schoolYearTypeReference": {"schoolYear": 2025},
                "sessionName": self.term,
                "beginDate": begin,
                "endDate": end,
            }

    def courses(self) -> Iterator[Item]:
        for course, title, subject in self._courses():
            yield {
                "educationOrganizationReference": {"educationOrganizationId": "010"},
                "courseCode": course,
                "courseTitle": title,
                "academicSubjects": [{"academicSubjectDescriptor": code("AcademicSubject", subject)}]
                if subject
                else [],
            }

    def _courses(self) -> list[tuple[Any, ...]]:
        return self._rows(
            "select distinct course_id, course_title, subject from staging.conformed_course where term_key = %s"
        )

    def _classes(self) -> list[tuple[Any, ...]]:
        return self._rows(
            "select distinct on (school_id, source_class_id) source_class_id, school_id, course_id, class_title"
            " from staging.conformed_class where term_key = %s order by school_id, source_class_id"
        )

    def course_offerings(self) -> Iterator[Item]:
        offered = {(place, course) for _, place, course, _ in self._classes()}
        for place, course in sorted(offered):
            yield {
                "localCourseCode": course,
                **school(place),
                "sessionReference": {"schoolId": place, "schoolYear": 2025, "sessionName": self.term},
                "courseReference": {"courseCode": course, "educationOrganizationId": "010"},
            }

    def sections(self) -> Iterator[Item]:
        for section, place, course, title in self._classes():
            yield {
                "courseOfferingReference": {
                    "localCourseCode": course,
                    "schoolId": place,
                    "schoolYear": 2025,
                    "sessionName": self.term,
                },
                "sectionIdentifier": section,
                "sectionName": title,
            }

    def _section(self, section: str, place: str, course: str) -> Item:
        return {
            "localCourseCode": course,
            "schoolId": place,
            "schoolYear": 2025,
            "sessionName": self.term,
            "sectionIdentifier": section,
        }

    def student_section_associations(self) -> Iterator[Item]:
        for section, place, course, number, begin, end in self._rows(
            "select distinct on (1, 2, 4, 5) c.source_class_id, c.school_id, c.course_id, s.student_id,"
            " coalesce(f.begin_date, t.administrative_start), f.end_date"
            " from gold.fct_class_enrollment f join gold.dim_student s using (student_key)"
            " join gold.dim_class k using (class_key) join etl.term t using (term_key)"
            " join staging.conformed_class c on c.class_id = k.class_id and c.term_key = f.term_key"
            " where f.term_key = %s order by 1, 2, 4, 5"
        ):
            yield {
                "sectionReference": self._section(section, place, course),
                **student(number),
                "beginDate": begin,
                **({"endDate": end} if end else {}),
            }

    def grading_periods(self) -> Iterator[Item]:
        for place, begin in self._rows(
            "select school_id, instructional_start from etl.school_term where term_key = %s"
        ):
            yield {
                **school(place),
                "schoolYearTypeReference": {"schoolYear": 2025},
                "gradingPeriodDescriptor": code("GradingPeriod", "End of Term"),
                "gradingPeriodName": self.term,
                "beginDate": begin,
            }

    def grades(self) -> Iterator[Item]:
        classes = {(section, place): course for section, place, course, _ in self._classes()}
        for number, place, section, grade, percent in self._rows(
            "select student_number, school_id, class_id, grade, percent from raw_zone.assessment__course_grades"
            " where term_key = %s"
        ):
            if (section, place) not in classes:
                continue
            mark = {
                "studentSectionAssociationReference": {
                    **self._section(section, place, classes[section, place]),
                    "studentUniqueId": number,
                    "beginDate": "2024-01-01",
                },
                "gradingPeriodReference": {
                    "schoolId": place,
                    "schoolYear": 2025,
                    "gradingPeriodDescriptor": code("GradingPeriod", "End of Term"),
                    "gradingPeriodName": self.term,
                },
                "letterGradeEarned": grade,
                **({"numericGradeEarned": percent} if percent is not None else {}),
            }
            yield mark | {"gradeTypeDescriptor": code("GradeType", "Grading Period")}
            yield mark | {"gradeTypeDescriptor": code("GradeType", "Conduct"), "letterGradeEarned": "S"}

    def staffs(self) -> Iterator[Item]:
        for number, given, family in self._rows(
            "select staff_number, first_name, last_name from raw_zone.hr__staff where term_key = %s"
        ):
            yield {"staffUniqueId": number, "firstName": given, "lastSurname": family}

    def staff_education_organization_assignment_associations(self) -> Iterator[Item]:
        for number, place, role, fte, begin, end in self._rows(
            "select staff_number, school_id, role, fte, begin_date, end_date from raw_zone.hr__staff_assignments"
            " where term_key = %s"
        ):
            yield {
                "staffReference": {"staffUniqueId": number},
                "educationOrganizationReference": {"educationOrganizationId": place},
                "staffClassificationDescriptor": code("StaffClassification", role),
                "beginDate": begin,
                "fullTimeEquivalency": fte,
                **({"endDate": end + timedelta(1)} if end else {}),  # the sheet's last day
            }

    def contacts(self) -> Iterator[Item]:
        for number, given, family in self._rows(
            "select guardian_id, given_name, family_name from gold.dim_guardian join gold.bridge_student_guardian"
            " using (guardian_key) where term_key = %s group by 1, 2, 3"
        ):
            yield {"contactUniqueId": number, "firstName": given, "lastSurname": family}

    def student_contact_associations(self) -> Iterator[Item]:
        for number, contact, relation, lives_with, place in self._rows(
            "select student_id, guardian_id, relationship, lives_with, contact_priority"
            " from gold.bridge_student_guardian"
            " join gold.dim_student using (student_key) join gold.dim_guardian using (guardian_key) where term_key = %s"
        ):
            yield {
                **student(number),
                "contactReference": {"contactUniqueId": contact},
                "relationDescriptor": code("Relation", relation),
                **({"livesWith": lives_with} if lives_with is not None else {}),
                **({"contactPriority": place} if place is not None else {}),
            }

    def calendar_dates(self) -> Iterator[Item]:
        for place, day, is_instructional in self._rows(
            "select school_id, calendar_date, bool_or(instructional) from raw_zone.sis__calendar_days"
            " where term_key = %s group by 1, 2"
        ):
            events = ["Instructional day", "Other"] if is_instructional else ["Holiday"]
            yield {
                "calendarReference": {"calendarCode": "1", "schoolId": place, "schoolYear": 2025},
                "date": day,
                "calendarEvents": [{"calendarEventDescriptor": code("CalendarEvent", event)} for event in events],
            }

    def student_section_attendance_events(self) -> Iterator[Item]:
        classes = {(section, place): course for section, place, course, _ in self._classes()}
        for number, place, section, day, category, periods in self._rows(
            "select s.student_id, d.school_id, c.source_class_id, f.attendance_date, f.attendance_category,"
            " array_agg(f.period)"
            " from gold.fct_section_attendance f join gold.dim_student s using (student_key)"
            " join gold.dim_school d using (school_key) join gold.dim_class k using (class_key)"
            " join staging.conformed_class c on c.class_id = k.class_id and c.term_key = f.term_key"
            " where f.term_key = %s and f.is_marked and f.absent_portion is not null group by 1, 2, 3, 4, 5"
        ):
            yield {
                "sectionReference": self._section(section, place, classes[section, place]),
                **student(number),
                "eventDate": day,
                "attendanceEventCategoryDescriptor": code(
                    "AttendanceEventCategory", "Partial" if category == "absent_unspecified" else CATEGORIES[category]
                ),
                "classPeriods": [
                    {"classPeriodReference": {"schoolId": place, "classPeriodName": period}} for period in periods
                ],
            }

    def student_discipline_incident_non_offender_associations(self) -> Iterator[Item]:
        for incident, place, number, role in self._rows(
            "select incident_id, school_id, student_number, role from raw_zone.sis__behavior_participants"
            " where term_key = %s and role in ('victim', 'witness', 'reporter')"
        ):
            part = code("DisciplineIncidentParticipationCode", role.title())
            yield {
                "disciplineIncidentReference": {"incidentIdentifier": incident, "schoolId": place},
                **student(number),
                "disciplineIncidentParticipationCodes": [{"disciplineIncidentParticipationCodeDescriptor": part}],
            }

    def assessments(self) -> Iterator[Item]:
        for test, title, subject, scale in self._rows(
            "select assessment_id, title, subject, scale from raw_zone.assessment__assessments where term_key = %s"
        ):
            yield {
                "assessmentIdentifier": test,
                "namespace": "uri://network.org",
                "assessmentTitle": title,
                "assessmentFamily": scale,
                "academicSubjects": [{"academicSubjectDescriptor": code("AcademicSubject", subject)}],
                "scores": [{"assessmentReportingMethodDescriptor": code("AssessmentReportingMethod", "Scale score")}],
            }

    def student_assessments(self) -> Iterator[Item]:
        for result, test, number, place, day, grade, score in self._rows(
            "select result_id, assessment_id, student_number, school_id, administered_on, grade_level, scale_score"
            " from raw_zone.assessment__assessment_results where term_key = %s and objective_id is not distinct from ''"
        ):
            scores = {"Percentile": 50, "Scale score": score}
            yield {
                "assessmentReference": {"assessmentIdentifier": test, "namespace": "uri://network.org"},
                "studentAssessmentIdentifier": result,
                **student(number),
                "administrationDate": f"{day}T00:00:00Z",
                "reportedSchoolReference": {"schoolId": place},
                "whenAssessedGradeLevelDescriptor": grade_code(grade),
                "scoreResults": [
                    {
                        "assessmentReportingMethodDescriptor": code("AssessmentReportingMethod", method),
                        "result": str(value),
                    }
                    for method, value in scores.items()
                    if value is not None
                ],
            }


def _spelled(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    assert isinstance(value, date)
    return value.isoformat()
