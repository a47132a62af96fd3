"""The timeline as a picture: rectangles for what held, numbered marks for what happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatectl.core.timeline import Lane, Mark, Span, Timeline
from gatectl.report.language import Language

_LABEL_PX = 18.0
_ROW_PX = 20.0
_GAP_PX = 8.0
_AXIS_PX = 22.0
_SIDE_PX = 12.0
_MARK_PX = 18.0
_LETTER_PX = 6.6
_SHORTEST_PX = 2.5
_TICK_PX = 62.0
_STEPS_DAYS = (1, 2, 3, 7, 14, 28, 56, 112)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A day on the axis."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What held for a while."""

    x: float
    y: float
    width: float
    style: str
    text: str
    """Empty where there is no room for it."""
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """What happened at a moment, by its number in the list below the picture."""

    x: float
    y: float
    number: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One lane with its name above it."""

    label: str
    label_y: float
    y: float
    height: float
    bars: tuple[Bar, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that a template needs to draw the timeline."""

    width: float
    height: float
    left: float
    right: float
    ticks: tuple[Tick, ...]
    axis_y: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    begin: datetime
    end: datetime
    left: float
    right: float

    def x(self, at: datetime) -> float:
        whole = max((self.end - self.begin).total_seconds(), 1.0)
        part = (at - self.begin).total_seconds() / whole
        return round(self.left + min(max(part, 0.0), 1.0) * (self.right - self.left), 1)


def numbered(timeline: Timeline) -> tuple[tuple[int, Mark], ...]:
    """Give the marks their numbers, in order of time, for picture and list alike."""
    lanes = list(Lane)
    ordered = sorted(timeline.marks, key=lambda one: (one.at, lanes.index(one.lane)))
    return tuple(enumerate(ordered, start=1))


def picture(timeline: Timeline, words: Language, *, width: float) -> Picture:
    """Lay the timeline out in so many pixels; nothing leaves the frame at any width."""
    left, right = _SIDE_PX, width - _SIDE_PX
    scale = _Scale(begin=_midnight(timeline.begin, words), end=timeline.end, left=left, right=right)
    marks = numbered(timeline)
    rows: list[Row] = []
    y = _AXIS_PX + _GAP_PX
    for lane in Lane:
        spans = [one for one in timeline.spans if one.lane is lane]
        own = [(number, one) for number, one in marks if one.lane is lane]
        row = _row(lane, spans, own, y, scale=scale, words=words)
        rows.append(row)
        y = row.y + row.height + _GAP_PX
    return Picture(
        width=width,
        height=round(y, 1),
        left=left,
        right=right,
        ticks=tuple(_ticks(scale, words)),
        axis_y=_AXIS_PX,
        rows=tuple(rows),
    )


def _midnight(at: datetime, words: Language) -> datetime:
    local = words.local(at)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _row(
    lane: Lane,
    spans: list[Span],
    marks: list[tuple[int, Mark]],
    y: float,
    *,
    scale: _Scale,
    words: Language,
) -> Row:
    top = y + _LABEL_PX
    below = top + (_ROW_PX if spans else 0.0)
    dots, levels = _dots(marks, below, scale, words)
    height = (_ROW_PX if spans else 0.0) + levels * _MARK_PX
    return Row(
        label=str(words.tables["lane"][lane.value]),
        label_y=round(y + _LABEL_PX - 6, 1),
        y=top,
        height=max(height, _ROW_PX),
        bars=tuple(_bars(spans, top, scale, words)),
        dots=dots,
    )


def _bars(spans: list[Span], y: float, scale: _Scale, words: Language) -> Iterator[Bar]:
    for one in spans:
        x = scale.x(one.begin)
        width = max(scale.x(one.end) - x, _SHORTEST_PX)
        x = min(x, scale.right - width)
        text = words.term(one.what)
        yield Bar(
            x=round(x, 1),
            y=y,
            width=round(width, 1),
            style=one.what.name,
            text=text if len(text) * _LETTER_PX + 8 <= width else "",
            title=f"{text}: {words.moment(one.begin)} - {words.moment(one.end)}",
        )


def _dots(
    marks: list[tuple[int, Mark]], y: float, scale: _Scale, words: Language
) -> tuple[tuple[Dot, ...], int]:
    """Put marks that would cover each other on levels below one another."""
    last_on: list[float] = []
    dots: list[Dot] = []
    for number, one in marks:
        x = min(max(scale.x(one.at), scale.left + _MARK_PX / 2), scale.right - _MARK_PX / 2)
        level = next((n for n, last in enumerate(last_on) if x - last >= _MARK_PX), len(last_on))
        last_on[level : level + 1] = [x]
        title = f"{number}. {words.moment(one.at)}: {words.term(one.what)}"
        dots.append(
            Dot(x=round(x, 1), y=round(y + (level + 0.5) * _MARK_PX, 1), number=number, title=title)
        )
    return tuple(dots), len(last_on)


def _ticks(scale: _Scale, words: Language) -> Iterator[Tick]:
    days = max((scale.end - scale.begin).total_seconds() / 86_400, 1.0)
    room = max((scale.right - scale.left) / _TICK_PX, 1.0)
    step = next((one for one in _STEPS_DAYS if days / one <= room), _STEPS_DAYS[-1])
    at = scale.begin
    while at <= scale.end:
        x = scale.x(at)
        if x <= scale.right - _TICK_PX / 2:
            local = words.local(at)
            months = words.tables["language"]["months"]
            yield Tick(x=x, text=f"{local.day} {months[local.month - 1][:3]}")
        at += timedelta(days=step)
