"""Medians, spread and ratios of what was measured, as a table."""

from statistics import median

DIRECT = "no proxy"


def number(value):
    """About three digits that count."""
    if value is None:
        return "–"
    size = abs(value)
    return f"{value:,.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"


def values(figure, reports):
    taken = []
    for report in reports:
        try:
            value = figure.take(report)
        except StopIteration:  # the load without a proxy has no processes to watch
            value = None
        if value is not None:
            taken.append(value)
    return taken


def cell(taken):
    if not taken:
        return "–"
    if len(taken) == 1:
        return number(taken[0])
    return f"{number(median(taken))} ({number(min(taken))}–{number(max(taken))})"


def ratio(ours, theirs):
    return median(ours) / median(theirs) if ours and theirs and median(theirs) > 0 else None


def verdict(figure, goal, value):
    """The goal for a ratio and whether it is reached."""
    if goal is None:
        return ""
    bound = f"{'≥' if figure.more else '≤'} {goal:g}"
    if value is None:
        return bound
    met = value >= goal if figure.more else value <= goal
    return f"{bound} {'met' if met else 'missed'}"


def verdicts(figure, by_peer, factor):
    """All goals of a figure: to sing-box, and to others."""
    parts = [verdict(figure, figure.goal, factor)]
    for beside in figure.beside:
        value = ratio(by_peer.get(beside.ours), by_peer.get(beside.peer))
        if value is not None:
            ours = "" if beside.ours == "causeway" else f"{beside.ours}: "
            parts.append(f"{ours}{value:.2f} of {beside.peer}, {verdict(figure, beside.bound, value)}")
    return "; ".join(part for part in parts if part)


def disturbance(reports, cores):
    """The largest share of the machine that something else took during a measured span."""
    shares = [r["span"]["foreignSeconds"] / (r["span"]["seconds"] * cores) for r in reports if "span" in r]
    return max(shares, default=0.0)


def rows(scenario, results, peers):
    """`results` maps a peer's name, or DIRECT, to the reports of its rounds."""
    for figure in scenario.figures:
        by_peer = {peer: values(figure, results.get(peer, [])) for peer in peers}
        factor = ratio(by_peer.get("causeway"), by_peer.get("sing-box"))
        direct = cell(values(figure, results.get(DIRECT, [])))
        yield [
            f"{figure.label}, {figure.unit}", *(cell(by_peer[peer]) for peer in peers),
            "–" if factor is None else f"{factor:.2f}", verdicts(figure, by_peer, factor), direct,
        ]


def text(scenario, results, peers, cores):
    """The scenario's table in Markdown, its columns aligned."""
    head = [scenario.title, *peers, "ratio", "goal", DIRECT]
    body = [head, *rows(scenario, results, peers)]
    widths = [max(len(row[column]) for row in body) for column in range(len(head))]
    lines = ["| " + " | ".join(part.ljust(width) for part, width in zip(row, widths)) + " |" for row in body]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    share = disturbance([report for reports in results.values() for report in reports], cores)
    if share > 0.03:
        lines.append(f"\nDisturbed: something else took up to {share:.0%} of the machine meanwhile.")
    return "\n".join(lines)
