"""Drafts of contract modules: what the columns of a file may be, as Python source that a person corrects.

Belongs here: guesses from header names and texts, each with its reason, and how a module is written. Does not belong
here: how a file is read (sources/undeclared.py), whether a row is valid (raw_zone/).

A draft is committed, so it holds no value of a column that may tell about a person: of such a column the header and
what kind of texts it has, never a text. Where a guess can be wrong it errs to the side on which a load loses nothing
(text) and shows nobody's data (direct).
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations, islice
from typing import NamedTuple

from pydantic import BaseModel

from edu_assets.contracts.base import (
    NAME_LIMIT,
    READ_ALIKE,
    TIMES_OF_DAY,
    ColumnType,
    Csv,
    DateFormat,
    FileFormat,
    PersonalData,
    snake_case,
)
from edu_assets.errors import EduError, Exit

Row = Sequence[str | None]
Rows = Callable[[], Iterable[Row]]
"""The cells of every record, as often as it is asked."""

KEY_COLUMNS = 5  # more name no row, they list it
KEY_CANDIDATES = 14
KEY_ROWS_FIRST = 5_000  # of which most sets of columns are seen not to be unique
FEW_ROWS = 50
SMALL_SET = 12
LINE_LENGTH = 120  # of this project's formatter
MOST_COLUMNS = 1_500  # PostgreSQL has 1,600 a table, and the audit columns need some
TAKEN_NAMES = re.compile(r"term_key|original|rule|reason|x\d+|ctid|oid|tableoid|[cx]m(in|ax)")
"""Names that raw and staging tables have or make for themselves, and PostgreSQL's own."""

VOCABULARY = (
    "Column",
    "ColumnType",
    "Contract",
    "Csv",
    "DateFormat",
    "Json",
    "PersonalData",
    "System",
    "TermByDate",
    "TermByDelivery",
    "Workbook",
)
"""What a draft may import of base.py."""

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(:(?P<second>\d{2})(\.\d+)?)?"
_ISO = r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
_US = r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MON = rf"(?P<d>\d{{1,2}})-(?P<mon>{'|'.join(_MONTHS)})"
_SPELLINGS = {
    form: re.compile(pattern, re.ASCII)
    for form, pattern in {
        DateFormat.ISO: _ISO,
        DateFormat.US: _US,
        DateFormat.BRITISH: r"(?P<d>\d{1,2})/(?P<m>\d{1,2})/(?P<y>\d{4})",
        DateFormat.COMPACT: r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        DateFormat.US_COMPACT: r"(?P<m>\d{2})(?P<d>\d{2})(?P<y>\d{4})",
        DateFormat.D_MON_YYYY: _MON + r"-(?P<y>\d{4})",
        DateFormat.D_MON_YY: _MON + r"-(?P<y>\d{2})",
        DateFormat.US_MIDNIGHT: _US + r" (0?0:00(:00)?|12:00(:00)? AM)",
        DateFormat.ISO_INSTANT: _ISO + "T" + _TIME + r"(Z|[+-]\d{2}:?\d{2})",
        DateFormat.ISO_LOCAL: _ISO + "[ T]" + _TIME,
        DateFormat.US_LOCAL: _US + " " + _TIME + r"( ?[AP]M)?",
    }.items()
}
"""How each format is spelled; in the order in which they are preferred. ISO_UTC is spelled as ISO_LOCAL."""
_COMPACT = {DateFormat.COMPACT, DateFormat.US_COMPACT}
_INSTANTS = TIMES_OF_DAY | {DateFormat.ISO_INSTANT}

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)")
_LEADING_ZERO = re.compile(r"[+-]?0[0-9]")
_TRUTHS = {"true": "false", "TRUE": "FALSE", "True": "False"}


def _some(words: str) -> frozenset[str]:
    return frozenset(words.split())


_IDENTIFIER = _some(
    "id ids identifier identifiers guid uuid ssn zip postal phone tel code codes cd cde number num nbr no key dob"
)
_DATED = _some("date dates day dte dt dob birth birthdate birthday timestamp")
_BIRTH = _some("birth dob birthdate birthday born")
_SENSITIVE = _some(
    "ssn social iep 504 plan disability disabilities disabled special sped swd lunch frl frpm meal poverty "
    "economically economic disadvantaged econ homeless foster migrant immigrant refugee race races racial ethnic "
    "ethnicity ethn hispanic latino white asian black hawaiian indian multirace religion medical health diagnosis "
    "dyslexia immunization discipline offense lep ell el esl accommodation accommodations"
)
_CONTACT = _some(
    "email mail phone telephone tel mobile cell fax address address1 address2 addr street city zip postal "
    "apartment login username password birth dob birthdate birthday born photo ip"
)
_PERSON = _some(
    "student students pupil learner candidate person people user child examinee guardian parent mother father "
    "contact staff teacher teachers instructor counselor proctor administrator homeroom first last middle given "
    "family surname forename nickname initial initials f m l suffix fname lname mi sis"
)
_OURS = _some(
    "school schools district lea state county country region regional office org organization institution campus "
    "building term year academic semester session window wave quarter season month subject subjects course "
    "section class classes period test tests assessment exam form version level type status name names title code "
    "codes id ids number date day start end completed completion launch created modified updated time domain "
    "standard standards skill area group groups description program programme content category report file batch "
    "client system source norms norming reference data duration minutes min grading scale of and the in to for "
    "room bus route begin starts ends"
)
_RESULT = _some(
    "score scores result results percentile percent rank level grade grades gpa points mastery lexile quantile "
    "rit growth proficiency placement quintile performance achievement projected observed standard error correct "
    "raw gender sex age attendance absence absences days present language"
)
_OF_ANYTHING = _some("id name number code group type status")
_NAMELESS = re.compile(r"column \d+'*")
_ABOVE_A_ROW = _some("school district teacher staff class course section homeroom client")
_EVENT = _some("test completed completion taken attendance incident event assessment exam date day ride lent")
_NO_EVENT = _some("created modified updated report printed school year enrollment withdrawal entry exit graduation")


RECORD_FIRST = (
    "the first line looks like a record, not like names of columns (it holds numbers, dates, addresses or values of "
    "other lines): ask for an export with its header"
)


class NotDrafted(EduError):
    """A file from which no contract can be drafted; the message says why."""

    exit_code = Exit.REFUSED


class Guess(BaseModel):
    """What a column may be, and why. `left_out`: why it can be no column of the contract; it is kept in `_extra`."""

    header: str
    name: str
    type: ColumnType = ColumnType.TEXT
    formats: tuple[DateFormat, ...] = ()
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()
    required: bool = False
    personal: PersonalData = PersonalData.DIRECT
    allowed: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    left_out: str | None = None


class Draft(BaseModel):
    """A drafted contract. `module`: its Python source; it holds no value of a column that may tell about a person."""

    system: str
    table: str
    rows: int
    columns: list[Guess]
    key: tuple[str, ...]
    key_is_unique: bool
    term_rule: str
    term_column: str | None
    written: FileFormat
    module: str


@dataclass
class _Seen:
    """What the texts of a column have in common, found in one pass; `values` is None once they are many."""

    header: str
    filled: int = 0
    empty: int = 0
    whole: int = 0
    numbers: int = 0
    leading_zeros: int = 0
    longest: int = 0
    values: set[str] | None = field(default_factory=set)
    spelled: dict[frozenset[DateFormat], int] = field(default_factory=Counter)

    @property
    def words(self) -> set[str]:
        return set(_words(self.header))

    def take(self, text: str | None) -> None:
        if not text:
            self.empty += 1
            return
        self.filled += 1
        self.longest = max(self.longest, len(text.encode("utf-8", "surrogatepass")))
        if self.values is not None:
            self.values.add(text)
            if len(self.values) > SMALL_SET:
                self.values = None
        if _NUMBER.fullmatch(text):
            self.numbers += 1
            self.whole += _WHOLE.fullmatch(text) is not None
            self.leading_zeros += _LEADING_ZERO.match(text) is not None
        self.spelled[frozenset(form for form, spelling in _SPELLINGS.items() if _is_date(spelling, text))] += 1


def _words(header: str) -> list[str]:
    """The words of a header, small, without numbers at their end: `Exam Code 01` → exam, code."""
    return [word.rstrip("0123456789") or word for word in snake_case(header).split("_")]


def _is_date(spelling: re.Pattern[str], text: str) -> bool:
    if not text[0].isdigit() or len(text) > 40:
        return False
    match = spelling.fullmatch(text)
    if match is None:
        return False
    parts = match.groupdict()
    month = _MONTHS.index(parts["mon"]) + 1 if parts.get("mon") else int(parts["m"])
    year = int(parts["y"]) if len(parts["y"]) == 4 else 2000 + int(parts["y"])
    clock = [int(parts.get(part) or 0) for part in ("hour", "minute", "second")]
    try:
        date(year, month, int(parts["d"]))
    except ValueError:
        return False
    return clock < [24] and max(clock[1:]) < 60


def draft(
    header: Sequence[str],
    rows: Rows,
    *,
    file_name: str,
    written: FileFormat,
    system: str,
    table: str,
    system_is_known: bool = False,
) -> Draft:
    """Draft the contract of a file. Raises NotDrafted where its first line is a record."""
    _require_a_header(header)
    seen = [_Seen(name) for name in header]
    count = 0
    for row in rows():
        count += 1
        for column, text in zip(seen, row, strict=True):
            column.take(text)
    if not count:
        raise NotDrafted(f"{file_name} has a header and no rows: nothing can be told from it")
    # One column may: i-Ready's `Enrolled` says `Enrolled`.
    if sum(column.header in (column.values or ()) for column in seen) > 1:
        raise NotDrafted(RECORD_FIRST)
    guesses = _shareable(_told_apart([_guess(column) for column in seen]), rows)
    places = {guess.header: place for place, guess in enumerate(guesses)}
    key, unique = _likely_key(guesses, seen, rows, places)
    guesses = [
        guess.model_copy(update={"required": True}) if guess.name in key and not guess.left_out else guess
        for guess in guesses
    ]
    term_column, term_why = _likely_term(guesses, key)
    module = _module(
        guesses,
        key,
        system=system,
        table=table,
        system_is_known=system_is_known,
        file_name=file_name,
        written=written,
        count=count,
        key_why=_why_key(unique, count),
        term=(term_column, term_why),
    )
    return Draft(
        system=system,
        table=table,
        rows=count,
        columns=guesses,
        key=key,
        key_is_unique=unique,
        term_rule="date" if term_column else "delivery",
        term_column=term_column,
        written=written,
        module=module,
    )


def named_after(file_name: str) -> tuple[str, str]:
    """System and table as a file's name suggests them: `bus_rides_2026-03.csv` → bus, rides."""
    words = re.findall(r"[a-z]+", snake_case(file_name.rsplit(".", 1)[0]))
    return (words[0] if words else "vendor"), "_".join(words[1:5]) or "records"


def _require_a_header(header: Sequence[str]) -> None:
    """Whoever sends a file without a header would find a person in the draft, since headers are repeated in it."""
    named = [name for name in header if not _NAMELESS.fullmatch(name)]
    records = [
        name
        for name in named
        if "@" in name
        or _NUMBER.fullmatch(name.strip())
        or any(_is_date(spelling, name.strip()) for spelling in _SPELLINGS.values() if name.strip())
    ]
    if records or not named:
        raise NotDrafted(RECORD_FIRST)


# -- one column ---------------------------------------------------------------------------------------


class _Typed(NamedTuple):
    type: ColumnType
    why: str
    formats: tuple[DateFormat, ...] = ()
    true_values: tuple[str, ...] = ()
    false_values: tuple[str, ...] = ()


def _guess(seen: _Seen) -> Guess:
    typed = _likely_type(seen)
    personal, why_personal = _likely_class(seen.header)
    why = [typed.why]
    required = seen.filled > 0 and seen.empty == 0
    why.append("never empty" if required else f"empty in {seen.empty:,} rows" if seen.filled else "")
    why.append(f"{personal.value}: {why_personal}")
    return Guess(
        header=seen.header,
        name=snake_case(seen.header),
        type=typed.type,
        formats=typed.formats,
        true_values=typed.true_values,
        false_values=typed.false_values,
        required=required,
        personal=personal,
        allowed=_small_set(seen, typed.type) if personal is PersonalData.NONE else (),
        why=tuple(filter(None, why)),
    )


def _likely_type(seen: _Seen) -> _Typed:
    if not seen.filled:
        return _Typed(ColumnType.TEXT, "text, since it is always empty")
    dated = _dated(seen)
    if dated is not None:
        return dated
    for true, false in _TRUTHS.items():
        if seen.values is not None and seen.values <= {true, false}:
            return _Typed(ColumnType.BOOLEAN, "only true and false", (), (true,), (false,))
    if not seen.numbers:
        return _Typed(ColumnType.TEXT, "text")
    if seen.numbers < seen.filled:
        return _Typed(ColumnType.TEXT, "text, since numbers and other texts are mixed")
    if seen.leading_zeros:
        return _Typed(ColumnType.TEXT, "text, since some have leading zeros")
    if _is_identifier(seen.header):
        return _Typed(ColumnType.TEXT, "text, since its name is an identifier's, with which nobody reckons")
    if seen.whole == seen.filled:
        return _Typed(ColumnType.INTEGER, "only whole numbers")
    return _Typed(ColumnType.NUMERIC, "only numbers")


def _is_identifier(header: str) -> bool:
    words = _words(header)
    return bool(words) and (words[-1] in _IDENTIFIER or bool({"id", "ssn", "guid", "uuid"} & set(words)))


def _dated(seen: _Seen) -> _Typed | None:
    """The formats of a column that holds nothing but dates; two at most, never two that read one text differently."""
    forms = [form for form in _SPELLINGS if any(form in fits for fits in seen.spelled)]
    if _COMPACT & set(forms) and not (seen.words & _DATED):
        forms = [form for form in forms if form not in _COMPACT]  # eight digits are more often a number
    for size in (1, 2):
        for chosen in combinations(forms, size):
            if any(alike <= set(chosen) for alike in READ_ALIKE) or len(_INSTANTS & set(chosen)) % size:
                continue
            if all(fits & set(chosen) for fits in seen.spelled):
                return _of_formats(seen, chosen)
    if {DateFormat.US, DateFormat.BRITISH} <= set(forms):
        return _Typed(ColumnType.TEXT, "text, since its dates are neither all M/D nor all D/M: ask the sender")
    return None


def _of_formats(seen: _Seen, chosen: tuple[DateFormat, ...]) -> _Typed:
    why = f"dates as {' or '.join(chosen)}"
    for alike in READ_ALIKE:
        if not alike & set(chosen):
            continue
        [other] = alike - set(chosen)
        if other not in _SPELLINGS or all(other in fits for fits in seen.spelled):
            why += f"; {other} is possible too: ask the sender which it is"
    if DateFormat.D_MON_YY in chosen and seen.words & _BIRTH:
        return _Typed(ColumnType.TEXT, "text, since two digits of a year do not tell the century of a birth")
    kind = ColumnType.TIMESTAMP if _INSTANTS & set(chosen) else ColumnType.DATE
    return _Typed(kind, why, chosen)


def _likely_class(header: str) -> tuple[PersonalData, str]:
    """The personal-data class that a header suggests: none or indirect only where every word says so."""
    words = set(_words(header)) - {""}
    if words & _SENSITIVE:
        return PersonalData.SENSITIVE, "its name is that of a protected trait"
    if words & (_CONTACT | _PERSON):
        return PersonalData.DIRECT, "its name is that of a person's data"
    plain = {word for word in words if not word.isdigit()}
    if plain <= _OURS and "level" not in plain and not plain <= _OF_ANYTHING:
        return PersonalData.NONE, "its name is that of a school's, a test's or a term's data"
    if plain and plain <= _OURS | _RESULT and plain & _RESULT:
        return PersonalData.INDIRECT, "its name is that of a result or a trait"
    return PersonalData.DIRECT, "its name does not say, so the careful one"


def _small_set(seen: _Seen, kind: ColumnType) -> tuple[str, ...]:
    """The values of a column that repeats a few; of words alone, since numbers and times may be anyone's."""
    if kind is not ColumnType.TEXT or not seen.values or seen.filled < 2 * len(seen.values):
        return ()
    if any(len(value) > 30 or "@" in value or not re.match(r"[A-Za-z]", value) for value in seen.values):
        return ()
    if seen.words & {"name", "names", "title", "description"}:
        return ()
    return tuple(sorted(seen.values))


def _shareable(guesses: Sequence[Guess], rows: Rows) -> list[Guess]:
    """Keep a small set only where none of its values stands in a column that may tell about a person too."""
    listed = {value for guess in guesses for value in guess.allowed}
    of_persons = [place for place, guess in enumerate(guesses) if guess.personal is not PersonalData.NONE]
    told = {row[place] for row in rows() for place in of_persons if row[place] in listed} if listed else set()
    return [guess.model_copy(update={"allowed": ()}) if told & set(guess.allowed) else guess for guess in guesses]


def _told_apart(guesses: Iterable[Guess]) -> list[Guess]:
    """Leave out what can be no column: a name that is taken, is given twice, or that PostgreSQL cannot have."""
    taken: set[str] = set()
    found = []
    for guess in guesses:
        left_out = None
        if not guess.name or len(guess.name) > NAME_LIMIT:
            left_out = "PostgreSQL has no name of that length"
        elif _NAMELESS.fullmatch(guess.header):
            left_out = "the file does not name it"
        elif TAKEN_NAMES.fullmatch(guess.name):
            left_out = "every raw table has a column of that name for itself"
        elif guess.name in taken:
            left_out = "another column has this name already"
        elif len(taken) == MOST_COLUMNS:
            left_out = "PostgreSQL has no room for so many columns"
        else:
            taken.add(guess.name)
        found.append(guess.model_copy(update={"left_out": left_out}))
    return found


# -- the table ----------------------------------------------------------------------------------------


def _likely_key(
    guesses: Sequence[Guess], seen: Sequence[_Seen], rows: Rows, places: dict[str, int]
) -> tuple[tuple[str, ...], bool]:
    """The smallest set of columns that is unique in the file; of sets as small, the one whose names are most a key's.

    Whether it is, too: where none is unique, the likeliest columns, which a person must mend.
    """
    can = [
        guess
        for guess, column in zip(guesses, seen, strict=True)
        if guess.required and not guess.left_out and guess.type is not ColumnType.NUMERIC and column.longest <= 200
    ]
    ranked = sorted(can, key=_rank)[:KEY_CANDIDATES]
    if not ranked:
        # A key must be filled: the fullest column, so that as few rows as can be are set aside.
        usable = [column for guess, column in zip(guesses, seen, strict=True) if not guess.left_out and column.filled]
        if not usable:
            raise NotDrafted("no column of the file has both a name that PostgreSQL can have and values")
        fullest = max(usable, key=lambda column: column.filled)
        return (snake_case(fullest.header),), False
    sample = list(islice(rows(), KEY_ROWS_FIRST))
    few = len(sample) < FEW_ROWS and len(can) > 1
    for size in range(1, min(KEY_COLUMNS, len(ranked)) + 1):
        for chosen in sorted(combinations(ranked, size), key=lambda found: sum(map(_rank_of_set, found))):
            where = [places[guess.header] for guess in chosen]
            if size == 1 and few and _is_unique_by_accident(chosen[0]):
                continue
            if _is_unique(sample, where) and _is_unique(rows(), where):
                return tuple(guess.name for guess in chosen), True
    return tuple(guess.name for guess in ranked[:KEY_COLUMNS]), False


def _rank(guess: Guess) -> int:
    """How much a column's name is a key's: identifiers, then dates and subjects, then what describes, then results."""
    words = set(_words(guess.header))
    if words & (_CONTACT | _BIRTH) or words & {"name", "first", "last", "middle"}:
        return 5
    if _is_identifier(guess.header):
        names_a_row = words & {"id", "identifier", "guid", "uuid", "key"} and not words & _ABOVE_A_ROW
        return 0 if names_a_row else 1
    if guess.type in (ColumnType.DATE, ColumnType.TIMESTAMP):
        return 2
    return 4 if guess.personal in (PersonalData.INDIRECT, PersonalData.SENSITIVE) else 3


def _is_unique_by_accident(guess: Guess) -> bool:
    """Whether a column, though no identifier, is likely to be unique in a few rows: a date, a figure, a name."""
    rank = _rank(guess)
    return rank in (2, 4, 5) or (rank == 3 and guess.type is not ColumnType.TEXT)


def _rank_of_set(guess: Guess) -> int:
    return 4 ** _rank(guess)


def _is_unique(rows: Iterable[Row], where: Sequence[int]) -> bool:
    taken: set[int] = set()
    for row in rows:
        mark = hash(tuple(row[place] for place in where))
        if mark in taken:
            return False
        taken.add(mark)
    return True


def _why_key(unique: bool, count: int) -> str:
    if not unique:
        return "NO set of columns is filled and unique in the file: rows that share a key are set aside; mend this"
    few = "; so few rows prove little" if count < 1_000 else ""
    return f"the smallest set of columns that is unique in the file's {count:,} rows{few}"


def _likely_term(guesses: Sequence[Guess], key: Sequence[str]) -> tuple[str | None, str]:
    """The column that dates a row, None for the date of the delivery."""
    dated = [
        guess
        for guess in guesses
        if guess.type is ColumnType.DATE and guess.required and not guess.left_out
        if not set(_words(guess.header)) & (_BIRTH | _NO_EVENT)
    ]
    events = [guess for guess in dated if guess.name in key] or [
        guess for guess in dated if set(_words(guess.header)) & _EVENT
    ]
    if not events:
        return None, "no column surely dates every row, so a row is of the term in which the file was sent"
    return events[0].name, "it dates every row; where the file states a term as a whole, TermByDelivery() is right"


# -- the module ---------------------------------------------------------------------------------------


def _module(
    guesses: Sequence[Guess],
    key: Sequence[str],
    *,
    system: str,
    table: str,
    system_is_known: bool,
    file_name: str,
    written: FileFormat,
    count: int,
    key_why: str,
    term: tuple[str | None, str],
) -> str:
    columns = [guess for guess in guesses if not guess.left_out]
    term_column, term_why = term
    person = _likely_person(columns)
    school = next((guess.name for guess in columns if _is_school(guess)), None)
    rule = f"TermByDate(column={_quoted(term_column)})" if term_column else "TermByDelivery()"
    form = _written(written)
    body = [
        *(["", f"SYSTEM = System(name={_quoted(system)}, title={_quoted(system)})"] if not system_is_known else []),
        "",
        f"{table.upper()} = Contract(",
        f"    system={_quoted(system)},",
        f"    table={_quoted(table)},",
        f'    description="{table.replace("_", " ")} of {system}",  # guess: the file\'s name; say what a row is',
        f'    owner="{system}",  # guess: the system; name the office that answers for the data',
        "    columns=(",
        *(line for guess in guesses for line in _column(guess)),
        "    ),",
        f"    # guess: {key_why}",
        f"    key={_tuple(key)},",
        f"    # guess: {term_why}",
        f"    term={rule},",
        *(["    # guess: it numbers the person; for erasure", f"    person=({_quoted(person)},),"] if person else []),
        *([f"    # guess: school={_quoted(school)}, if it is the network file's school_id"] if school else []),
        "    # guess: the file's name, with * for its numbers",
        f"    files=({_quoted(_pattern(file_name))},),",
        *(["    # guess: how the file is written", f"    written=({form},),"] if form else []),
        "    freshness_days=400,  # guess: once a year; say how often it is sent",
        ")",
    ]
    return "\n".join(
        [
            f'"""{table.replace("_", " ").capitalize()} of {system}. Drafted from a file of {count:,} rows: '
            'see to every guess."""',
            "",
            *_imports("\n".join(body)),
            *body,
            "",
        ]
    )


def _imports(body: str) -> list[str]:
    used = [name for name in VOCABULARY if re.search(rf"^[^#]*\b{name}\b[(.]", body, re.MULTILINE)]
    return ["from edu_assets.contracts.base import (", *(f"    {name}," for name in used), ")"]


def _column(guess: Guess) -> Iterator[str]:
    if guess.left_out:
        yield from _remark(f"{_quoted(guess.header)} is left out and kept in _extra: {guess.left_out}")
        return
    yield from _remark("; ".join(guess.why))
    said = [f"header={_quoted(guess.header)}"]
    if guess.type is not ColumnType.TEXT:
        said.append(f"type=ColumnType.{guess.type.name}")
    if guess.formats and guess.formats != (DateFormat.ISO,):
        forms = [f"DateFormat.{form.name}" for form in guess.formats]
        said.append(f"formats=({', '.join(forms)}{',' if len(forms) == 1 else ''})")
    if guess.true_values and guess.true_values != ("true",):
        said += [f"true_values={_tuple(guess.true_values)}", f"false_values={_tuple(guess.false_values)}"]
    if guess.required:
        said.append("required=True")
    if guess.personal is not PersonalData.NONE:
        said.append(f"personal=PersonalData.{guess.personal.name}")
    line = f"        Column({', '.join(said)}),"
    if len(line) <= LINE_LENGTH:
        yield line
    else:
        yield from ("        Column(", *(f"            {part}," for part in said), "        ),")
    if guess.allowed:
        yield from _remark(f"allowed={_tuple(guess.allowed)}, if these are all")


def _remark(text: str) -> list[str]:
    return textwrap.wrap(
        f"guess: {text}",
        LINE_LENGTH,
        initial_indent="        # ",
        subsequent_indent="        # ",
        break_on_hyphens=False,
    )


def _likely_person(columns: Sequence[Guess]) -> str | None:
    for guess in columns:
        words = set(_words(guess.header))
        is_student = words & {"student", "pupil", "learner", "candidate", "person", "examinee"}
        numbers_a_person = is_student and not words & _CONTACT and _is_identifier(guess.header)
        if numbers_a_person and guess.personal is PersonalData.DIRECT and guess.required:
            return guess.name
    return None


def _is_school(guess: Guess) -> bool:
    return "school" in _words(guess.header) and _is_identifier(guess.header) and guess.required


def _pattern(file_name: str) -> str:
    return re.sub(r"\d[\d._-]*(?=\.)|\d[\d_-]*", "*", re.sub(r"[\[\]?*]", "?", file_name))


def _written(form: FileFormat) -> str | None:
    """The declaration of a kind of file, None for what a contract says by itself."""
    if form == Csv():
        return None
    said = [f"{name}={_quoted(value) if isinstance(value, str) else value}" for name, value in _changed(form)]
    return f"{type(form).__name__}({', '.join(said)})"


def _changed(form: FileFormat) -> list[tuple[str, str | int]]:
    return [(name, value) for name, value in form.model_dump(exclude_defaults=True).items() if name != "kind"]


def _tuple(values: Sequence[str]) -> str:
    return f"({', '.join(map(_quoted, values))}{',' if len(values) == 1 else ''})"


def _quoted(text: str | None) -> str:
    """A Python literal in double quotes, as the formatter writes it."""
    plain = repr(text)
    return plain if '"' in plain else f'"{plain[1:-1]}"'
