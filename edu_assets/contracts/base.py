"""What a contract is: the pydantic model of one source table, and the model of a canonical entity.

Belongs here: the vocabulary in which source tables are declared, and what follows from a
declaration by itself (names, the term of a value). Does not belong here: any one table (a module a
system beside this one), SQL (raw_zone/), how rows are got (sources/).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from edu_assets.school_calendar import DeclarationError, term_key

AUDIT_PREFIX = "_"
NAME_LIMIT = 63
RESERVED = {"term_key", "ctid", "cmax", "cmin", "tableoid", "xmax", "xmin"}
"""Names that a raw table has besides its contract's columns: the partition key and PostgreSQL's own. The audit columns
begin with an underscore, which no column of a contract does."""

SECRETS = ("password", "passwd", "passphrase", "secret", "client_secret", "api_key", "access_token", "auth_token")
"""Names, in snake case, of what is never kept of an export, whether or not a contract knows of it."""


class Declaration(BaseModel):
    """A frozen pydantic model that refuses unknown fields, so that a typing error is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PersonalData(StrEnum):
    """Personal-data class of a column (FERPA, 34 CFR 99.3): what it tells about a person."""

    NONE = "none"
    INDIRECT = "indirect"
    DIRECT = "direct"
    SENSITIVE = "sensitive"


class ColumnType(StrEnum):
    """The PostgreSQL type of a raw column."""

    TEXT = "text"
    INTEGER = "bigint"
    NUMERIC = "numeric"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamptz"


class DateFormat(StrEnum):
    """Declared spellings of a date or an instant. A column may list several, never two that read one text
    differently.

    LOCAL ones have no zone and are read in the network's: an hour that the clock shows twice is the earlier
    standard of the two, as PostgreSQL reads it. US_MIDNIGHT is a date to which a system adds the time 0:00;
    another time is no date. D_MON_YY has two digits of a year, read as Excel does, which writes it: 00 to 29
    are of this century; it fits no birth dates.
    """

    ISO = "YYYY-MM-DD"
    US = "M/D/YYYY"
    BRITISH = "D/M/YYYY"
    COMPACT = "YYYYMMDD"
    US_COMPACT = "MMDDYYYY"
    D_MON_YYYY = "D-Mon-YYYY"
    D_MON_YY = "D-Mon-YY"
    US_MIDNIGHT = "M/D/YYYY 0:00"
    ISO_INSTANT = "YYYY-MM-DDTHH:MI:SS.sssZ"
    ISO_UTC = "YYYY-MM-DD HH:MI:SS in UTC"
    ISO_LOCAL = "YYYY-MM-DD HH:MI:SS"
    US_LOCAL = "M/D/YYYY H:MI"


READ_ALIKE = (
    {DateFormat.US, DateFormat.BRITISH},
    {DateFormat.COMPACT, DateFormat.US_COMPACT},
    {DateFormat.ISO_UTC, DateFormat.ISO_LOCAL},
)
"""Formats that read one text as two dates or instants."""
TIMES_OF_DAY = {DateFormat.ISO_UTC, DateFormat.ISO_LOCAL, DateFormat.US_LOCAL}
"""Formats of which a date would be a part, so that a date column cannot have them."""


class Csv(Declaration):
    """Delimited text. As it stands: UTF-8, commas, the header on the first line.

    encoding: Python's name of a codec. Line ends need no declaration: LF and RFC 4180's CRLF are both plain.
    header_line: the line on which the header starts; lines above it are titles.
    """

    kind: Literal["csv"] = "csv"
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    header_line: int = Field(default=1, gt=0)

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except LookupError as error:
            raise ValueError(f"{encoding!r} is no encoding that Python knows") from error
        return codecs.lookup(encoding).name


class Workbook(Declaration):
    """A sheet of an Excel workbook; without a name, the only one that is shown. header_line: the header's row."""

    kind: Literal["workbook"] = "workbook"
    sheet: str | None = None
    header_line: int = Field(default=1, gt=0)


class Json(Declaration):
    """JSON lines or an array of objects. records: where the array lies in a document, `data.items`."""

    kind: Literal["json"] = "json"
    records: str = ""


FileFormat = Annotated[Csv | Workbook | Json, Field(discriminator="kind")]


class LoadMode(StrEnum):
    """What a delivery says about rows that it does not contain."""

    FULL = "full"
    INCREMENTAL = "incremental"
    DELTA = "delta"
    STREAM = "stream"


@cache
def snake_case(header: str) -> str:
    """`schoolYearSourcedId` → `school_year_sourced_id`, `SIS ID` → `sis_id`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", header.strip())
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")


class Column(Declaration):
    """One column of a source table.

    What a value breaks of the first group sets its row aside; the second group is what the source's
    standard says beyond that: it is told to the sender and changes nothing that is loaded.

    header: the column's name in the source, byte for byte; `name` is its PostgreSQL name.
    required: the header must be there and a value must not be empty.
    allowed: the only values (case-sensitive); empty stays possible unless required. One that ends in
        `*` allows every value that starts so.
    pattern: a POSIX regular expression that a non-empty value must match whole.
    formats, true_values, false_values: spellings; the first is the standard's, others are put up with.
    secret: a password or token; never stored in the raw table or in quarantine.

    versions: the versions of the source's format that have the column; empty: all.
    required_in: versions in which it must be filled, where `required` does not hold in all.
    allowed_in: further allowed values, by the version that alone knows them.
    is_list: the value is a list by comma; then `allowed` and `pattern` are said of an element, and told only.
    references: the table of the same system whose key a value, or each element, is.
    referenced_as: what the row referred to holds in other columns.
    may_be_absent: senders differ on whether the header has it, and both are right.
    """

    header: str
    type: ColumnType = ColumnType.TEXT
    description: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    pattern: str | None = None
    formats: tuple[DateFormat, ...] = (DateFormat.ISO,)
    true_values: tuple[str, ...] = ("true",)
    false_values: tuple[str, ...] = ("false",)
    personal: PersonalData = PersonalData.NONE
    secret: bool = False
    versions: tuple[str, ...] = ()
    required_in: tuple[str, ...] = ()
    allowed_in: dict[str, tuple[str, ...]] = {}
    is_list: bool = False
    references: str | None = None
    referenced_as: dict[str, str] = {}
    may_be_absent: bool = False

    @property
    def name(self) -> str:
        return snake_case(self.header)

    @property
    def known_values(self) -> tuple[str, ...]:
        """The allowed values of all versions: one raw table serves them all."""
        return self.allowed + tuple(value for values in self.allowed_in.values() for value in values)

    def is_of(self, version: str | None) -> bool:
        """Whether a version has the column; of an unknown one it is said of columns that all have."""
        return not self.versions or version in self.versions

    def sent_as(self, header: Collection[str]) -> str | None:
        """The name under which a header has the column: its own or an alias, at last with blanks around it."""
        names = (self.header, *self.aliases)
        exact = next((name for name in names if name in header), None)
        return exact or next((name for name in header if name.strip() in names), None)

    @field_validator("formats")
    @classmethod
    def _formats_are_unambiguous(cls, formats: tuple[DateFormat, ...]) -> tuple[DateFormat, ...]:
        for alike in READ_ALIKE:
            if alike <= set(formats):
                raise ValueError(f"{' and '.join(sorted(alike))} read one text as two dates; declare one of them")
        return formats

    @model_validator(mode="after")
    def _a_date_has_no_time(self) -> Column:
        if self.type is ColumnType.DATE and TIMES_OF_DAY & set(self.formats):
            raise ValueError(f"{self.header}: a date would lose the time of day; declare it as a timestamp")
        return self


class TermByColumn(Declaration):
    """The row names its term itself: `pattern` matches the column with groups `year` and `term`."""

    rule: Literal["column"] = "column"
    column: str
    pattern: str

    def term_key(self, value: str) -> str | None:
        """The term of a value, None where the pattern does not match."""
        match = re.fullmatch(self.pattern, value)
        return term_key(match["year"], match["term"]) if match else None


class TermByDate(Declaration):
    """The term that contains a date: the school's instructional interval, else the administrative one.

    Of an instant it is the day in UTC, as which systems that keep instants alone send a day without a time.
    """

    rule: Literal["date"] = "date"
    column: str
    school: str | None = None


class TermVia(Declaration):
    """The term of the parent row: the same package's, else the one open parent row's.

    `key` maps this table's columns to the parent's key columns.
    """

    rule: Literal["via"] = "via"
    parent: str
    key: dict[str, str]


class TermByDelivery(Declaration):
    """The term that contains the effective date of the delivery."""

    rule: Literal["delivery"] = "delivery"


TermRule = Annotated[TermByColumn | TermByDate | TermVia | TermByDelivery, Field(discriminator="rule")]


class DeltaRule(Declaration):
    """How a delta says that a row is gone: `column` holds one of `deleted`.

    stated: the columns that a delta fills in every row and a full file leaves empty, so that the rows
    themselves say in which mode they were sent.
    """

    column: str
    deleted: tuple[str, ...]
    stated: tuple[str, ...] = ()


class Severity(StrEnum):
    """error: breaks the source's standard. warning: is put up with, or likely not what was meant."""

    ERROR = "error"
    WARNING = "warning"


class RowRule(Declaration):
    """What the standard says of several columns of a row together; told to the sender, never enforced.

    holds: a condition in SQL over the values as texts, by column name; empty and missing are ''. It must
        not fail on any text.
    once_per: the condition holds of one row at most among those that agree in these columns.
    column: where the finding points. versions: as for a column.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    column: str
    holds: str
    once_per: tuple[str, ...] = ()
    hint: str
    severity: Severity = Severity.ERROR
    versions: tuple[str, ...] = ()


class Contract(Declaration):
    """One source table.

    key: the columns that identify a row inside a feed and a term.
    files: name patterns (`*`, `?`, `[0-9]`) of the files or package members that carry the table.
    written: how those files are written, once for each kind of file that may come.
    scope: columns whose values a full delivery states whole; empty: the whole term of the feed.
    school: the column that names the row's school (its first element where it is a list); holds
        are judged per school. None: judged per feed.
    person: the columns that identify a person, for erasure.
    freshness_days: a slice older than this on a school day is late.
    conforms_to: canonical entities, one staging view each.
    state_numbers: whether its staging views name students by the state's number, as `state:<number>`.
    versions: the versions of the system's format that have the table; empty: all.
    rules: what the standard says of a row as a whole.
    """

    system: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    table: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str
    owner: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = Field(min_length=1)
    term: TermRule
    mode: LoadMode = LoadMode.FULL
    delta: DeltaRule | None = None
    files: tuple[str, ...] = Field(min_length=1)
    written: tuple[FileFormat, ...] = Field(default=(Csv(),), min_length=1)
    scope: tuple[str, ...] = ()
    school: str | None = None
    person: tuple[str, ...] = ()
    freshness_days: int = Field(gt=0)
    conforms_to: tuple[str, ...] = ()
    state_numbers: bool = False
    versions: tuple[str, ...] = ()
    rules: tuple[RowRule, ...] = ()
    raw_schema: str = "raw_zone"

    @model_validator(mode="after")
    def _names_known_columns(self) -> Contract:
        names = [column.name for column in self.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{self.name}: columns {twice} are declared twice")
        said = {
            "key": self.key,
            "scope": self.scope,
            "person": self.person,
            "school": (self.school,) if self.school else (),
            "term": self._term_columns(),
            "delta": (self.delta.column, *self.delta.stated) if self.delta else (),
            "rules": tuple(name for rule in self.rules for name in (rule.column, *rule.once_per)),
        }
        for field, columns in said.items():
            unknown = [column for column in columns if column not in names]
            if unknown:
                raise ValueError(f"{self.name}: {field} names {unknown}, which is no column")
        for name in self.key:
            if not self.column(name).required:
                raise ValueError(f"{self.name}: key column {name} must be required")
        for name in self.person:
            if self.column(name).personal is PersonalData.NONE:
                raise ValueError(f"{self.name}: {name} identifies a person, so its personal-data class is not none")
        if self.mode is LoadMode.DELTA and self.delta is None:
            raise ValueError(f"{self.name}: load mode delta needs a delta rule")
        kinds = [form.kind for form in self.written]
        if len(set(kinds)) < len(kinds):
            raise ValueError(f"{self.name}: a kind of file is declared twice in {kinds}")
        return self

    @model_validator(mode="after")
    def _has_names_that_a_table_can_have(self) -> Contract:
        unnameable = [column.header for column in self.columns if not 0 < len(column.name) <= NAME_LIMIT]
        if unnameable:
            raise ValueError(f"{self.name}: PostgreSQL has no names of that length for {unnameable}")
        taken = sorted(RESERVED & {column.name for column in self.columns})
        if taken:
            mend = "declare another header, and the source's as its alias"
            raise ValueError(f"{self.name}: a raw table has columns {taken} of its own; {mend}")
        if len(f"{self.name}_quarantine") > NAME_LIMIT:
            raise ValueError(f"{self.name} is too long for PostgreSQL")
        return self

    def _term_columns(self) -> tuple[str, ...]:
        match self.term:
            case TermByColumn(column=column):
                return (column,)
            case TermByDate(column=column, school=school):
                return (column, school) if school else (column,)
            case TermVia(key=key):
                return tuple(key)
            case TermByDelivery():
                return ()

    @property
    def name(self) -> str:
        """`<system>__<table>`: the relation's name in the raw zone, in history and in dbt."""
        return f"{self.system}__{self.table}"

    @property
    def raw_table(self) -> str:
        return f"{self.raw_schema}.{self.name}"

    @property
    def stored_columns(self) -> tuple[Column, ...]:
        """The columns that the raw table holds: all but secrets."""
        return tuple(column for column in self.columns if not column.secret)

    @property
    def key_fixes_term(self) -> bool:
        """Whether a key can never move to another term, because it holds what gives the term."""
        match self.term:
            case TermByColumn() | TermByDate():
                return set(self._term_columns()) <= set(self.key)
            case TermVia() | TermByDelivery():
                return False

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def is_of(self, version: str | None) -> bool:
        """Whether a version of the system's format has the table."""
        return not self.versions or version in self.versions

    def claims(self, file_name: str) -> bool:
        """Whether a file or package member of this name carries the table (case-sensitive)."""
        return any(fnmatchcase(file_name, pattern) for pattern in self.files)

    def hides(self, header: str) -> bool:
        """Whether a header is a secret column's, however it is spelled and however often it is sent, or that of a
        secret which the contract does not know."""
        name = snake_case(re.sub(r" \(\d+\)'*$", "", header))
        declared = {column.name: column.secret for column in self.columns}
        return declared.get(name, name in SECRETS)

    def fits(self, header: Collection[str]) -> bool:
        """Whether a header has every required column."""
        return all(column.sent_as(header) is not None for column in self.columns if column.required)

    def is_like(self, header: Collection[str]) -> bool:
        """Whether a header is certainly this table's: every required column, and most of the others."""
        there = sum(column.sent_as(header) is not None for column in self.columns)
        return self.fits(header) and 2 * there > len(self.columns)

    def staging_view(self, entity: str) -> str:
        """The name of the staging view that maps this table to a canonical entity."""
        if len(self.conforms_to) <= 1:
            return f"stg_{self.name}"
        return f"stg_{self.name}__{entity}"


class EntityColumn(Declaration):
    """A column of a canonical entity with its PostgreSQL type.

    may_be_unregistered: of a student's identifier, whether rows may name one whom the term's register need not
        describe, such as an applicant or whoever has kept an account.
    """

    name: str
    type: str
    description: str = ""
    personal: PersonalData = PersonalData.NONE
    may_be_unregistered: bool = False


class Precedence(Declaration):
    """Whose rows count where several systems state the same: by term and `per`, those of the first of `systems` that
    has any row there; the others' are left out whole, since rows of two sources do not add up.

    systems: in order. Systems that are not named come last, and count together.
    per: columns of the entity, e.g. the school.
    """

    systems: tuple[str, ...] = Field(min_length=1)
    per: tuple[str, ...]


class Entity(Declaration):
    """A canonical entity: the columns that every staging view conforming to it yields.

    `definition` names the standard in whose sense the terms are used. Every conformed union also
    carries `term_key`, `_feed`, `_load_id` and `_ingested_at`; where `precedence` is declared, `system` too.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    definition: str
    columns: tuple[EntityColumn, ...]
    precedence: Precedence | None = None

    @model_validator(mode="after")
    def _precedence_is_by_its_columns(self) -> Entity:
        known = {column.name for column in self.columns}
        unknown = [name for name in (self.precedence.per if self.precedence else ()) if name not in known]
        if unknown:
            raise ValueError(f"{self.name}: precedence is per {unknown}, which is no column of it")
        return self


class ManifestRule(Declaration):
    """How a package's manifest states the load mode of each member.

    `file`: the manifest's name; its rows are (property, value). `mode_property` is the property of a
    member with `{table}` in the place of the table's name; `modes` maps its values, `absent` says
    that the member is not sent. `properties` are the others that must be there, with their values;
    `version_property` is the one of them that names the version of the format.
    """

    file: str
    property_column: str
    value_column: str
    mode_property: str
    modes: dict[str, LoadMode]
    absent: str
    properties: dict[str, tuple[str, ...]]
    version_property: str


class System(Declaration):
    """A source system as a whole: what is true of its packages rather than of one table.

    extension_columns: name pattern of the columns that a sender may add, right of all others. A load keeps them in
        `_extra` and does not report them as unknown.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9]*$")
    title: str
    manifest: ManifestRule | None = None
    extension_columns: str | None = None

    def version(self, manifest: dict[str, str] | None) -> str | None:
        """The version of the format that a package says it has; None where it says none that is known."""
        if self.manifest is None or manifest is None:
            return None
        said = manifest.get(self.manifest.version_property)
        return said if said in self.manifest.properties[self.manifest.version_property] else None


__all__ = [
    "AUDIT_PREFIX",
    "SECRETS",
    "Column",
    "ColumnType",
    "Contract",
    "Csv",
    "DateFormat",
    "DeclarationError",
    "DeltaRule",
    "Entity",
    "EntityColumn",
    "FileFormat",
    "Json",
    "LoadMode",
    "ManifestRule",
    "PersonalData",
    "Precedence",
    "RowRule",
    "Severity",
    "System",
    "TermByColumn",
    "TermByDate",
    "TermByDelivery",
    "TermRule",
    "TermVia",
    "Workbook",
    "snake_case",
]
