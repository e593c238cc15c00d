"""The report: one page a domain with the headline figures and plots that its marts declare.

Belongs here: putting figures into pages, and pages into one HTML file that needs nothing beside it. Does not belong
here: figures (figures.py), who may see them (gold is read as its owner: this is for the network's own staff).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pydantic import BaseModel

from edu_assets.errors import EduError
from edu_assets.gold.figures import SMALLEST_GROUP, by_term, headlines_of, meta, plot_of, points
from edu_assets.plots import Point, Unit, bars, spelled
from edu_assets.settings import Settings
from edu_assets.warehouse import Role, Warehouse

STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1{font-size:1.6rem;margin-bottom:0}h2{margin-top:2.5rem;border-bottom:1px solid #ddd;padding-bottom:.2rem}"
    "table{border-collapse:collapse;margin:1rem 0}th,td{padding:.3rem .9rem .3rem 0;text-align:right}"
    "th:first-child,td:first-child{text-align:left}thead th{color:#666;font-weight:normal;font-size:.85rem}"
    "td.now{font-weight:600}svg{max-width:100%;height:auto}nav a{margin-right:1rem}p.note{color:#666;font-size:.85rem}"
    "@media print{h2{break-before:page}nav{display:none}}"
)


class NothingToReport(EduError):
    """No term of gold is built, or the one asked for is not."""


class Figure(BaseModel):
    """A headline in the term of the report, the term before, and the same term of the year before; None: not told."""

    title: str
    unit: Unit
    now: float | None
    before: float | None
    year_before: float | None
    mart: str


class Picture(BaseModel):
    """A plot of the term: a bar a point."""

    title: str
    points: list[Point]
    unit: Unit
    mart: str


class Page(BaseModel):
    """What a domain has to tell."""

    domain: str
    figures: list[Figure] = []
    pictures: list[Picture] = []


class Report(BaseModel):
    """Pages of a term. before, year_before: the terms that it is compared with, where they are built."""

    network: str
    term_key: str
    before: str | None
    year_before: str | None
    pages: list[Page]


def report(warehouse: Warehouse, settings: Settings, manifest: Mapping[str, Any], term_key: str | None) -> Report:
    """The report of a term; None: of the latest that is built. Raises NothingToReport."""
    terms = [term.key for term in settings.network.calendar.ordered_terms()]
    if term_key is not None:
        settings.network.calendar.term(term_key)
    with warehouse.connect(Role.DBT, autocommit=True, application_name="edu report") as connection:
        stands = connection.execute("select to_regclass('gold.term_build') is not null").fetchone()
        built = (
            {
                term
                for (term,) in connection.execute(
                    "select distinct term_key from gold.term_build where status = 'built'"
                )
            }
            if stands and stands[0]
            else set()
        )
        known = [term for term in terms if term in built]
        if not known or (term_key or known[-1]) not in known:
            raise NothingToReport(
                f"gold of {term_key or 'every term'} is not built; run edu pipeline, or edu backfill --terms"
                f" '{term_key or 'all'}'"
            )
        term_key = term_key or known[-1]
        before = _before(terms, known, term_key)
        year_before = _year_before(settings, known, term_key)
        pages: dict[str, Page] = {}
        for node in _marts(manifest):
            page = pages.setdefault(meta(node)["domain"], Page(domain=meta(node)["domain"]))
            for headline in headlines_of(node):
                found = by_term(connection, node, headline)
                page.figures.append(
                    Figure(
                        title=headline.title,
                        unit=headline.unit,
                        now=found.get(term_key),
                        before=found.get(before or ""),
                        year_before=found.get(year_before or ""),
                        mart=node["name"],
                    )
                )
            plot = plot_of(node)
            if plot and len(drawn := points(connection, node, plot, term_key)) > 1:
                page.pictures.append(Picture(title=plot.title, points=drawn, unit=plot.unit, mart=node["name"]))
    told = [page for page in pages.values() if page.figures or page.pictures]
    return Report(
        network=settings.network.title,
        term_key=term_key,
        before=before,
        year_before=year_before,
        pages=sorted(told, key=lambda page: page.domain),
    )


def _marts(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    models = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    return sorted((node for node in models if "domain" in meta(node)), key=lambda node: node["name"])


def _before(terms: list[str], known: list[str], term_key: str) -> str | None:
    place = terms.index(term_key)
    return terms[place - 1] if place and terms[place - 1] in known else None


def _year_before(settings: Settings, known: list[str], term_key: str) -> str | None:
    calendar = settings.network.calendar
    years = list(dict.fromkeys(term.academic_year for term in calendar.ordered_terms()))
    term = calendar.term(term_key)
    place = years.index(term.academic_year)
    same = f"{years[place - 1]}|{term.term}" if place else None
    return same if same in known else None


def html(found: Report) -> str:
    """The report as one file without script, fonts or addresses."""
    title = f"{escape(found.network)}, {escape(found.term_key)}"
    links = "".join(f'<a href="#{escape(page.domain)}">{_heading(page)}</a>' for page in found.pages)
    body = "".join(part for page in found.pages for part in _page(found, page))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{escape(found.network)}</h1><p>Term {escape(found.term_key)}</p><nav>{links}</nav>{body}"
        f'<p class="note">Figures pool the network; those of fewer than {SMALLEST_GROUP} are not told (–). What'
        " each one means, and by which rule: edu rules explain, with the mart's name.</p></body></html>\n"
    )


def _heading(page: Page) -> str:
    return escape(page.domain.replace("_", " ").capitalize())


def _page(found: Report, page: Page) -> Iterator[str]:
    yield f'<section><h2 id="{escape(page.domain)}">{_heading(page)}</h2>'
    if page.figures:
        heads = ("", found.term_key, found.before or "term before", found.year_before or "year before", "mart")
        yield "<table><thead><tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr></thead><tbody>"
        for figure in page.figures:
            now, before, year_before = (
                spelled(value, figure.unit) for value in (figure.now, figure.before, figure.year_before)
            )
            yield (
                f'<tr><td>{escape(figure.title)}</td><td class="now">{now}</td><td>{before}</td><td>{year_before}</td>'
                f"<td><code>{escape(figure.mart)}</code></td></tr>"
            )
        yield "</tbody></table>"
    for picture in page.pictures:
        yield f"<figure>{bars(picture.title, picture.points, picture.unit)}</figure>"
    yield "</section>"
