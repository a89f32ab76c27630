"""The figures that have a goal, as bars beside the peers', in one SVG."""

from html import escape
from statistics import median

from .table import number, values

WIDTH, LABEL, BAR, GAP, ROW = 860, 230, 430, 14, 18
OURS, THEIRS, TEXT, PAPER, GOAL = "#1d6fa5", "#b9c2c9", "#24292e", "#ffffff", "#c0392b"


def charts(chosen, results, names):
    """Of each scenario the figures that have a goal: title, unit, goal and the median of each peer, ours first."""
    for scenario in chosen:
        for figure in scenario.figures:
            if figure.goal is None and not figure.beside:
                continue
            bars = []
            for name in names(scenario):
                taken = values(figure, results[scenario.name].get(name, []))
                if taken:
                    bars.append((name, median(taken)))
            by_peer = dict(bars)
            if "causeway" not in by_peer or len(bars) < 2:
                continue
            goals = [("sing-box", figure.goal)] if figure.goal is not None else []
            goals += [(beside.peer, beside.bound) for beside in figure.beside]
            bounds = [by_peer[peer] * goal for peer, goal in goals if peer in by_peer]
            bound = (max(bounds) if figure.more else min(bounds)) if bounds else None
            others = [beside.ours for beside in figure.beside if beside.ours != "causeway"]
            whose = f" (the line is for {others[0]})" if others else ""
            yield f"{scenario.title}: {figure.label}{whose}", figure.unit, figure.more, bound, bars


def line(x, y, text, size=12, anchor="start", weight="normal"):
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" fill="{TEXT}">'
        f"{escape(text)}</text>"
    )


def svg(chosen, results, names, caption):
    """The whole picture. A red line is the goal, on whose better side our bar should end."""
    parts, y = [], 30
    parts.append(line(16, y, "Medians; the red line is the goal", 15, weight="bold"))
    y += 20
    parts.append(line(16, y, caption, 11))
    for title, unit, more, bound, bars in charts(chosen, results, names):
        y += GAP + ROW
        parts.append(line(16, y, f"{title}, {unit} ({'more' if more else 'less'} is better)", 12, weight="bold"))
        largest = max([value for _, value in bars] + [bound or 0]) or 1
        top = y + 6
        for name, value in bars:
            y += ROW
            length = max(1, BAR * value / largest)
            fill = OURS if name.startswith("causeway") else THEIRS
            parts.append(line(LABEL - 8, y, name, 12, "end"))
            parts.append(f'<rect x="{LABEL}" y="{y - 11}" width="{length:.1f}" height="13" fill="{fill}"/>')
            parts.append(line(LABEL + length + 6, y, number(value), 12))
        if bound is not None:
            x = LABEL + BAR * bound / largest
            parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{y + 4}" stroke="{GOAL}" stroke-width="1.5"/>')
    height = y + 24
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif">'
    return "\n".join([head, f'<rect width="100%" height="100%" fill="{PAPER}"/>', *parts, "</svg>"]) + "\n"
