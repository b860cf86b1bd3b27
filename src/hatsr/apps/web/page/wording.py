"""What the page says: states, times, facts. Names of files are never taken for HTML."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from pathlib import PurePath

from hatsr.apps.web.queue.job_queue import JobQueue
from hatsr.apps.web.queue.web_job import WebJob
from hatsr.apps.web.work.upscale_task import UpscaleTaskResult

HINT = (
    '<p class="hint">Left of the line: as it was. Right: enlarged. Drag the line or use the arrow '
    "keys; the wheel zooms in to single pixels.</p>"
)


def empty(advice: str) -> str:
    """What stands where results will be."""
    return f'<div class="note"><p><strong>Nothing here yet.</strong><br>{escape(advice)}</p></div>'


def chosen(picture: object, then: str, advice: str) -> str:
    """What to do next.

    Args:
        picture: what is chosen; empty: nothing.
        then: what to do with it.
        advice: what to do without.
    """
    return f'<div class="note"><p>{escape(then)}</p></div>' if picture else empty(advice)


def status(jobs: JobQueue, listed: Sequence[WebJob]) -> str:
    """The state of some jobs, a row for each, with what is done of all."""
    over = sum(job.over for job in listed)
    share = sum(1.0 if job.over else job.fraction for job in listed) / max(1, len(listed))
    head = _count(listed) if len(listed) > 1 else ""
    bar = "" if over == len(listed) else _bar(share, head or listed[0].title)
    rows = "".join(_row(jobs, job) for job in listed)
    total = f'<p class="total">{head}</p>' if head else ""
    return f'<div role="status" class="status">{total}{bar}<ul>{rows}</ul></div>'


def _count(listed: Sequence[WebJob]) -> str:
    """How many of some jobs are done, and how many will never be."""
    states = Counter(job.state for job in listed)
    rest = [f", {states[state]} {state}" for state in ("failed", "cancelled") if states[state]]
    return f"{states['done']} of {len(listed)} done{''.join(rest)}"


def _bar(share: float, label: str) -> str:
    percent = round(100 * share)
    return (
        f'<progress max="100" value="{percent}" aria-label="{escape(label)}">{percent} %</progress>'
    )


def _row(jobs: JobQueue, job: WebJob) -> str:
    mark = {"done": "✓", "failed": "✗", "cancelled": "–"}.get(job.state, "·")
    return (
        f'<li class="{job.state}"><span aria-hidden="true">{mark}</span> '
        f"<b>{escape(job.title)}</b>: {escape(state_of(jobs, job))}</li>"
    )


def state_of(jobs: JobQueue, job: WebJob) -> str:
    """How far a job is, in words."""
    if job.state == "waiting":
        before = jobs.place(job) + 1  # the one at work
        return f"waiting, {before} {'job' if before == 1 else 'jobs'} before it"
    if job.state == "running" and not job.fraction:
        return "starting"
    if job.state == "running":
        left = job.seconds_left
        rest = "" if left is None else f", about {duration(left)} left"
        return f"{round(100 * job.fraction)} %{rest}"
    if job.state == "failed":
        message = job.failure.message if job.failure else ""
        return f"failed: {message.removeprefix(f'{job.title}: ')}"
    if job.state == "cancelled":
        return "cancelled"
    return f"done in {duration(job.seconds)}"


def duration(seconds: float) -> str:
    """A time in words."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def listed(job: WebJob) -> str:
    """A result in a list of them."""
    done: UpscaleTaskResult = job.result
    (h, w), name = done.sr_size, PurePath(done.file).name
    return f"{job.title} → {name}, {w} × {h}, {done.model}"


def facts(title: str, done: UpscaleTaskResult) -> str:
    """What was made of a picture, and what its file could not keep."""
    (h, w), (sr_h, sr_w) = done.lr_size, done.sr_size
    rows = [
        ("Picture", title),
        ("Size", f"{w} × {h} → {sr_w} × {sr_h} pixels"),
        ("Model", f"{done.model}, {done.reason}"),
        ("Time", f"{done.seconds:.1f} s"),
        ("Note", done.notes or "everything the file carries was kept"),
    ]
    return table(rows)


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Facts with their names."""
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return f'<dl class="facts">{told}</dl>'


def problem(message: str) -> str:
    """What went wrong, in a box."""
    return f'<div role="alert" class="note problem"><p>{escape(message)}</p></div>'
