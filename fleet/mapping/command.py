"""`fleet mapping`, `fleet import` and `fleet check`: logs of another shape, and any lines."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice, repeat
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from fleet.errors import FleetError
from fleet.mapping.examples import example_problems
from fleet.mapping.importer import Counts, Importer, import_log
from fleet.mapping.infer import LEAST_LINES, MOST_LINES, draft
from fleet.mapping.left_out import Unread, Unregistered
from fleet.mapping.loader import MAPPINGS, Mapping, find_mappings, load_mapping
from fleet.mapping.paths import write_path
from fleet.mapping.shapes import Shapes
from fleet.mapping.sources import (
    IS_TABLE,
    Log,
    LogError,
    as_object,
    as_text,
    find,
    read_lines,
)
from fleet.mapping.verdict import Judge, Refusal
from fleet.project import find_project_dir
from fleet.registry import Registry, load_registry
from fleet.warehouse import storage
from fleet.warehouse.event_files import REJECTS
from fleet.warehouse.event_lines import check as check_event_lines
from fleet.yaml_files import read_yaml

SHOWN = 10
LINE_LENGTH = 160

logs_argument = click.argument("logs", metavar="LOGS...", nargs=-1, required=True)
mapping_option = click.option(
    "--mapping",
    "name",
    metavar="NAME",
    required=True,
    help="Mapping of the folder mappings/, or the path of a mapping file.",
)


@click.group()
def mapping() -> None:
    """Check, draft and measure mappings: from logs of another shape to events."""


@mapping.command()
@click.argument("file", required=False)
def check(file: str | None) -> None:
    """Check mappings/*.yml, or FILE, and run the examples in them as tests."""
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    paths = [_mapping_path(project_dir, file)] if file else find_mappings(project_dir)
    judge = Judge(project_dir, registry)
    failed = 0
    for path in paths:
        loaded = load_mapping(path, registry, _shown(path, project_dir))
        problems = list(example_problems(loaded, registry, judge))
        failed += len(problems)
        for problem in problems:
            click.echo(problem, err=True)
        if not problems:
            content = loaded.content
            click.echo(
                f"{loaded.file} is sound: {len(content.rules)} rules, "
                f"{len(content.examples)} examples."
            )
    if failed:
        raise FleetError("Correct the rules or the examples named above and run this again.")
    if not paths:
        raise FleetError(
            f"There is no mapping in {MAPPINGS}/: draft one with `fleet mapping infer`."
        )


@mapping.command()
@logs_argument
@mapping_option
def coverage(logs: tuple[str, ...], name: str) -> None:
    """Say which rules fit which share of the lines, what fits none, and what is never made."""
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    importer = Importer(_load(project_dir, name, registry), registry, project_dir)
    counts, shapes = Counts(), Shapes()
    unread, unregistered = Unread(importer.mapping), Unregistered(registry)
    found = _find(logs, importer.mapping.content.format)
    broken = _Broken()
    with _progress("Reading", found) as advance:
        for log in found:
            with broken.noted():
                for line in importer.lines(log, counts):
                    if line.is_unmatched:
                        shapes.add(line.text)
                    elif line.rule and (said := as_object(line.text.encode())):
                        unread.add(line.rule, said)
                    elif line.is_own:
                        unregistered.add(as_object(line.events[0]) or {})
                    advance(len(line.text) + 1)
    _report(counts, importer.mapping)
    if shapes.total:
        click.echo("Lines that no rule fits, by their shape:")
        for shape in shapes.most_common(SHOWN):
            click.echo(f"  {_share(shape.count, counts.lines)}  {shape}")
            click.echo(f"      {_cut(shape.example)}")
    if unread.counts:
        click.echo("Values of these lines that the mapping reads nowhere, so no event has them:")
        for path, count in unread.counts.most_common(SHOWN):
            rules = unread.rules[path]
            of = f"{len(rules)} rules" if len(rules) > 1 else min(rules)
            click.echo(f"  {_share(count, counts.lines)}  {write_path(path)}  ({of})")
    _say_unregistered(unregistered, counts.lines)
    made = {rule.event for rule in importer.mapping.content.rules}
    never = [e.name for e in registry.events if e.name not in counts.events]
    click.echo(
        f"Registered events that these lines never give: {len(never)} of {len(registry.events)}."
    )
    for event in never:
        click.echo(f"  {event}{'  (a rule makes it)' if event in made else ''}")
    broken.end("the lines behind that place are not counted")


@mapping.command()
@logs_argument
@click.option("--name", default="draft", show_default=True, help="What to call the mapping.")
def infer(logs: tuple[str, ...], name: str) -> None:
    """Draft a mapping from what logs hold, with rows for the registry; print it as YAML.

    What it guesses is a start: names that are alike, values of a type. Say for each rule which
    event it is, then run `fleet mapping check`.
    """
    registry = load_registry(find_project_dir())
    found = _find(logs)
    kinds = {"csv" if IS_TABLE.search(log.name) else "json" for log in found}
    if len(kinds) > 1:
        raise LogError("Some of these logs are tables and some are not: draft a mapping of each.")
    broken = _Broken()
    with _progress("Reading", found) as advance:

        def lines(log: Log) -> Iterator[str]:
            with broken.noted():
                for some in read_lines(log, min(kinds)):
                    for line in some:
                        advance(len(line) + 1)
                        if line.strip():
                            yield as_text(line.removesuffix(b"\r"))

        # Of each some, for another log may have other lines.
        most = max(MOST_LINES // len(found), LEAST_LINES)
        several = chain.from_iterable(islice(lines(log), most) for log in found)
        first = list(islice(several, 1))
        text = draft(chain(first, several), min(kinds), registry, name)
    rest = "the draft goes without the lines behind that place"
    if not first:
        broken.end(rest)
        raise LogError("There is no line in these logs: name some that have lines.")
    click.echo(text, nl=False)
    broken.end(rest)


@click.command("import")
@logs_argument
@mapping_option
@click.option(
    "--out",
    "landing",
    metavar="LANDING",
    required=True,
    help="Landing folder or s3:// prefix that events go to.",
)
def import_logs(logs: tuple[str, ...], name: str, landing: str) -> None:
    """Make event files of logs of another shape: files, folders or s3:// prefixes.

    A log that was imported already is left alone; to stop and run it again is safe.
    """
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    loaded = _load(project_dir, name, registry)
    _refuse_within(landing, logs)
    found = _find(logs, loaded.content.format)
    counts, broken = Counts(), _Broken()
    try:
        with _progress("Importing", found) as advance:
            for one in _import_all(loaded, registry, project_dir, found, landing, advance):
                if isinstance(one, Counts):
                    counts.include(one)
                else:
                    broken.said.append(one)
    except storage.StorageError as error:
        raise FleetError(f"{landing} cannot be written ({error}).") from error
    except OSError as error:
        raise FleetError(
            f"{error.filename or landing} cannot be written ({error.strerror or error}): free some "
            "space or choose another --out, and run this again."
        ) from error
    _report(counts, loaded)
    _say_old(counts, loaded, project_dir)
    click.echo(
        f"Written to {landing}. Load it: dbt run-operation load_event_lines "
        f"--vars 'landing_path: {landing}'"
    )
    broken.end("the other logs are imported, and of this nothing")


def _refuse_within(landing: str, logs: Sequence[str]) -> None:
    """Refuse a landing folder that lies in a folder of logs: the next import would read it."""
    for place in logs:
        if "://" in landing or "://" in place:
            is_within = f"{landing.rstrip('/')}/".startswith(f"{place.rstrip('/')}/")
        else:
            is_within = Path(place).is_dir() and Path(landing).resolve().is_relative_to(
                Path(place).resolve()
            )
        if is_within:
            raise FleetError(
                f"{landing} lies in {place}, so the next import would read what this one wrote: "
                "choose an --out beside it."
            )


def _import_all(
    loaded: Mapping,
    registry: Registry,
    project_dir: Path,
    logs: list[Log],
    landing: str,
    advance: _Advance,
) -> Iterator[Counts | str]:
    """Import each log: what became of its lines, or why it cannot be imported."""
    workers = min(len(logs), os.cpu_count() or 1)
    if workers == 1:
        importer = Importer(loaded, registry, project_dir)
        for log in logs:
            yield _import(importer, log, landing, advance)
        return
    # Not forked: libraries of this process may have threads.
    with ProcessPoolExecutor(
        workers, get_context("spawn"), _set_up, (loaded, registry, project_dir)
    ) as pool:
        # The largest first, so that all processes end at about the same time.
        logs = sorted(logs, key=lambda log: -log.stored.byte_count)
        for log, counts in zip(logs, pool.map(_import_one, logs, repeat(landing)), strict=True):
            advance(log.stored.byte_count)
            yield counts


_importer: list[Importer] = []
"""The importer of this process, where it is one of several."""


def _set_up(loaded: Mapping, registry: Registry, project_dir: Path) -> None:
    Thread(target=_end_with_parent, daemon=True).start()
    _importer.append(Importer(loaded, registry, project_dir))


def _end_with_parent() -> None:
    """End this process when the one that started it was killed, which no pool would notice.

    Nothing is left half done: files appear whole.
    """
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _import_one(log: Log, landing: str) -> Counts | str:
    return _import(_importer[0], log, landing, lambda _: None)


def _import(
    importer: Importer, log: Log, landing: str, advance: Callable[[int], None]
) -> Counts | str:
    try:
        return import_log(importer, log, landing, advance)
    except LogError as error:
        return error.message


@click.command("check")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
def check_lines(files: tuple[str, ...]) -> None:
    """Say what staging would say of each line of event files; exit with 1 if one is refused."""
    project_dir = find_project_dir()
    registry = load_registry(project_dir)
    judge = Judge(project_dir, registry)
    found = _find(files, "events")
    broken = _Broken()
    refused: Counter[Refusal] = Counter()
    first: dict[Refusal, str] = {}
    elsewhere: Counter[str] = Counter()
    unregistered = Unregistered(registry)
    lines = 0
    with _progress("Checking", found) as advance:
        for log in found:
            number = 0
            is_wrapped = REJECTS in f"/{log.top}/{log.name}"
            with broken.noted():
                for raw in chain.from_iterable(read_lines(log, "events")):
                    number += 1
                    line = raw.removesuffix(b"\r")
                    advance(len(raw) + 1)
                    if is_wrapped:  # refused before: why stands beside it
                        ((text, reason),) = check_event_lines(line, wrapped=True).rejected
                        refused[Refusal(reason)] += 1
                        first.setdefault(Refusal(reason), f"{log.name}, line {number}: {text}")
                        continue
                    other = judge.other_environment(line)
                    refusal = None if other else judge.refused(line)
                    if other:
                        elsewhere[other] += 1
                    if not other and not refusal and (said := as_object(line)):
                        unregistered.add(said)
                    if refusal:
                        refused[refusal] += 1
                        first.setdefault(refusal, f"{log.name}, line {number}: {as_text(line)}")
            lines += number
    bad = refused.total()
    good = lines - bad - elsewhere.total()
    click.echo(f"{lines:,} lines: {good:,} accepted, {bad:,} refused.")
    for env, count in sorted(elsewhere.items()):
        click.echo(f"{_share(count, lines)}  of the environment {env}, so no events of ours")
    for refusal, count in refused.most_common():
        click.echo(f"{_share(count, lines)}  {refusal}")
        click.echo(f"      {_cut(first[refusal])}")
    _say_unregistered(unregistered, lines)
    if bad:
        raise FleetError(
            "Correct what writes these lines, or the registry; docs/events.md says what each "
            "reason means."
        )
    broken.end("a loader takes nothing of it")


# ---------------------------------------------------------------- what is shared


class _Broken:
    """Logs that cannot be read to their end: said when the others are done.

    Attributes:
        said: a sentence of each.
    """

    def __init__(self) -> None:
        self.said: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note a log that cannot be read, and go on."""
        try:
            yield
        except LogError as error:
            self.said.append(error.message)

    def end(self, rest: str) -> None:
        """End the command with an error where there was one; `rest` is what became of the rest."""
        if not self.said:
            return
        for sentence in self.said[:-1]:
            click.echo(sentence, err=True)
        raise FleetError(f"{self.said[-1]} Put that right and run this again: {rest}.")


def _find(places: Sequence[str], kind: str | None = None) -> list[Log]:
    """The logs that are named; says which files nobody reads."""
    found = find(places, kind)
    if others := found.passed_over:
        more = f" and {len(others) - SHOWN:,} more" if len(others) > SHOWN else ""
        click.echo(
            f"Passed over, for their names are not those of such logs: "
            f"{', '.join(others[:SHOWN])}{more}.",
            err=True,
        )
    return found.logs


def _mapping_path(project_dir: Path, name: str) -> Path:
    named = project_dir / MAPPINGS / f"{name}.yml"
    path = Path(name)
    if not path.is_file() and named.is_file():
        return named
    if not path.is_file():
        known = ", ".join(path.stem for path in find_mappings(project_dir)) or "none"
        raise FleetError(
            f"There is no mapping {name}: name a file, or one of {MAPPINGS}/ ({known})."
        )
    return path


def _load(project_dir: Path, name: str, registry: Registry) -> Mapping:
    path = _mapping_path(project_dir, name)
    return load_mapping(path, registry, _shown(path, project_dir))


def _shown(path: Path, project_dir: Path) -> str:
    path = path.resolve()
    return str(path.relative_to(project_dir) if path.is_relative_to(project_dir) else path)


class _Advance:
    """Moves the bar on; not at each line, for the bar would take longer than the line."""

    STEP = 1 << 18

    def __init__(self, bar: Progress, total: int) -> None:
        self._bar, self._task, self._waiting = bar, bar.add_task("", total=total), 0

    def __call__(self, size: int) -> None:
        self._waiting += size
        if self._waiting >= self.STEP:
            self._bar.update(self._task, advance=self._waiting)
            self._waiting = 0


@contextmanager
def _progress(verb: str, logs: Sequence[Log]) -> Iterator[_Advance]:
    console = Console(stderr=True)
    bar = Progress(
        TextColumn(verb),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        yield _Advance(bar, sum(log.stored.byte_count for log in logs))


def _report(counts: Counts, loaded: Mapping) -> None:
    """What became of the lines; the counts add up to all of them."""
    click.echo(f"{counts.lines:,} lines gave {sum(counts.events.values()):,} events.")
    for rule in loaded.content.rules:
        what = rule.event or "no event"
        count = counts.mapped.get(rule.name, 0) + counts.set_aside.get(rule.name, 0)
        if rule.go_on:  # its lines are counted by the rule that ends them
            count = counts.events.get(rule.event or "", 0)
        click.echo(f"  {_share(count, counts.lines)}  {rule.name}: {what}")
    for count, what in (
        (counts.events_already, "events already"),
        (counts.unmatched, "fit no rule: ordinary logs, kept apart"),
        (counts.blank, "blank"),
    ):
        if count:
            click.echo(f"  {_share(count, counts.lines)}  {what}")
    for why, count in sorted(counts.refused.items(), key=lambda item: -item[1]):
        click.echo(f"  {_share(count, counts.lines)}  refused: {why}")
        for line in counts.refused_examples[why][:1]:
            click.echo(f"      {_cut(line)}")
        if advice := _advice(why, loaded):
            click.echo(f"      {advice}")
    missing = counts.lines - counts.accounted
    click.echo(f"Lines unaccounted for: {missing:,}.")


def _advice(why: str, loaded: Mapping) -> str | None:
    """What to do about lines that are refused for it, where it is not plain."""
    match why.split(" ")[0]:
        case "malformed" if loaded.content.format == "csv":
            return "Not as many columns as the head has: see the line, or whether the head is one."
        case "malformed":
            return "No JSON; if an object goes over several lines, put each in one (jq -c . FILE)."
        case "not_an_object":
            return "A list: put each of its objects in a line of its own (jq -c '.[]' FILE)."
        case "bad_timestamp":
            return "Say its format or zone in the mapping: docs/mapping.md, A value."
    return None


def _say_unregistered(unregistered: Unregistered, lines: int) -> None:
    if unregistered.counts:
        click.echo("Fields that the registry does not know, so they are kept and in no column:")
    for (event, field), count in unregistered.counts.most_common(SHOWN):
        click.echo(f"  {_share(count, lines)}  {event}: {field}")


def _say_old(counts: Counts, loaded: Mapping, project_dir: Path) -> None:
    """Say what to set where events are older than the models believe."""
    path = project_dir / "dbt_project.yml"
    variables = read_yaml(path).get("vars", {}) if path.is_file() else {}
    day = loaded.content.line.earliest_credible_at or variables.get("earliest_credible_at", "")
    first = (counts.first_event_at or "")[:10]
    if first and first < str(day):
        click.echo(
            f"The first event is of {first}, before earliest_credible_at ({day}), so it would lie "
            "at the moment of loading: if its clock was right, say under line in "
            f"{loaded.file} `earliest_credible_at:` and a day before it, and import again before "
            "you load."
        )


def _share(count: int, of: int) -> str:
    return f"{count:>11,} {count / max(of, 1):>7.2%}"


def _cut(line: str) -> str:
    line = storage.printable(line)
    return line if len(line) <= LINE_LENGTH else f"{line[:LINE_LENGTH]} ..."
