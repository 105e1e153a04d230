"""Draws what was measured, as SVG, with nothing but the standard library.

    python3 draw.py RESULTS.json FOLDER          curves and a bar for each target
    python3 draw.py --soak SOAK.json FOLDER
"""

import json
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 20, 40, 50
COLOURS = {"hookline": "#1f6feb", "bare": "#8c959f"}
SPARE = ["#d1242f", "#1a7f37", "#9a6700", "#8250df"]

# file, curve, title, what stands below, [(legend, side, figure, on the right-hand axis)]
CURVES = [
    ("webhooks", "webhooks", "Throughput and memory over webhooks (SQLite, 64 in flight)", "webhooks",
     [("deliveries/s", "hookline", "per_second", False), ("peak MiB", "hookline", "peak_mib", True)]),
    ("in-flight", "in-flight", "Deliveries a second over requests in flight (SQLite)", "in flight",
     [("hookline", "hookline", "per_second", False), ("bare", "bare", "per_second", False)]),
    ("body", "body", "Deliveries a second over the size of the body (SQLite)", "bytes",
     [("hookline", "hookline", "per_second", False), ("bare", "bare", "per_second", False)]),
    ("backlog", "backlog", "What a backlog costs", "deliveries pending",
     [("claim of 64, µs", "hookline", "p50_us", False),
      ("start to first request, µs", "hookline", "first_us", False),
      ("MiB above empty", "hookline", "growth_mib", True)]),
]


def short(value):
    for limit, unit in ((1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}" if value / limit < 100 else f"{value / limit:.0f}{unit}"
    return f"{value:.3g}"


def text(x, y, content, anchor="middle", size=12, colour="#57606a"):
    content = content.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{colour}">{content}</text>')


def page(parts, height=HEIGHT):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n' + "\n".join(parts)
            + "\n</svg>\n")


def nice(limit):
    """The smallest of 1, 2, 5, 10 … that is not below."""
    power = 10 ** math.floor(math.log10(limit)) if limit > 0 else 1
    return next(step * power for step in (1, 2, 5, 10) if step * power >= limit)


def plot(title, below, series, logarithmic):
    """`series`: (legend, [(x, y)], on the right-hand axis)."""
    right = RIGHT + (50 if any(each[2] for each in series) else 0)
    xs = sorted({x for _, points, _ in series for x, _ in points})
    scale = (lambda x: math.log10(x)) if logarithmic else (lambda x: x)
    low, high = scale(xs[0]), scale(xs[-1])
    place = lambda x: LEFT + (scale(x) - low) / ((high - low) or 1) * (WIDTH - LEFT - right)
    parts = [text(WIDTH / 2, 22, title, size=15, colour="#1f2328"),
             text((WIDTH - right + LEFT) / 2, HEIGHT - 8, below)]
    shown = xs if logarithmic else [xs[0] + (xs[-1] - xs[0]) * i / 6 for i in range(7)]
    parts += [text(place(x), HEIGHT - BOTTOM + 18, short(x)) for x in shown]
    tops = {}
    for side in (False, True):
        values = [y for _, points, on_right in series if on_right == side for _, y in points]
        if values:
            tops[side] = nice(max(values) or 1)
    for step in range(5):
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * step / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - right}" y1="{y}" y2="{y}" stroke="#d8dee4"/>')
        if False in tops:
            parts.append(text(LEFT - 6, y + 4, short(tops[False] * step / 4), "end"))
        if True in tops:
            parts.append(text(WIDTH - right + 6, y + 4, short(tops[True] * step / 4), "start"))
    for i, (legend, points, on_right) in enumerate(series):
        colour = COLOURS.get(legend) or (COLOURS["hookline"] if i == 0 else SPARE[i - 1])
        height = lambda y: HEIGHT - BOTTOM - y / tops[on_right] * (HEIGHT - TOP - BOTTOM)
        line = " ".join(f"{place(x):.1f},{height(y):.1f}" for x, y in points)
        dash = ' stroke-dasharray="5 3"' if on_right else ""
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if len(points) < 20:
            parts += [f'<circle cx="{place(x):.1f}" cy="{height(y):.1f}" r="3" fill="{colour}"/>'
                      for x, y in points]
        parts.append(text(LEFT + 10, TOP + 16 + 16 * i, legend + (" (right)" if on_right else ""),
                          "start", colour=colour))
    return page(parts)


def curve(results, name, title, below, wanted):
    points = sorted((each for each in results["scenarios"] if each.get("curve") == name),
                    key=lambda each: each["x"])
    if not points:
        return None
    series = []
    for legend, side, figure, on_right in wanted:
        line = []
        for point in points:
            figures = next(each["figures"] for each in point["sides"] if each["name"] == side)
            line.append((point["x"], figures[figure][0]))
        series.append((legend, line, on_right))
    return plot(title, below, series, logarithmic=True)


def conditions(results):
    """hookline and its server fill two cores: a higher load means that something else ran too."""
    said = f'{results["date"]}, {results["cores"]:g} cores, load {results["load_at_end"]:g} at the end'
    busy = results["load_at_end"] > results["cores"] + 2
    return said + (": THE MACHINE WAS BUSY, do not trust this" if busy else "")


def bars(results):
    """How far each target is reached: 1 is the target, more is better."""
    rows = []
    for scenario in results["scenarios"]:
        for target in scenario["targets"]:
            ratio, bound = target["ratio"][0], target["bound"]
            if bound:
                reached = ratio / bound if target["at_least"] else bound / max(ratio, 1e-9)
            else:
                reached = 2 if target["met"] else 0
            sign = "≥" if target["at_least"] else "≤"
            rows.append((f'{scenario["name"]}: {target["what"]}',
                         f"{ratio:.3g} ({sign} {bound:g})", reached, target["met"]))
    if not rows:
        return None
    line, left = 22, 290
    width = WIDTH - left - 120
    parts = [text(WIDTH / 2, 20, "Targets: a bar that passes the line is met", size=15,
                  colour="#1f2328"), text(WIDTH / 2, 36, conditions(results), size=11)]
    for i, (name, value, reached, met) in enumerate(rows):
        y = TOP + i * line
        length = min(reached, 2) / 2 * width
        colour = "#1a7f37" if met else "#d1242f"
        parts.append(text(left - 8, y + 14, name, "end", 11))
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{max(length, 1):.1f}" height="15" '
                     f'fill="{colour}"/>')
        parts.append(text(left + width + 8, y + 14, value, "start", 11))
    bottom = TOP + len(rows) * line
    middle = left + width / 2
    parts.append(f'<line x1="{middle}" x2="{middle}" y1="{TOP}" y2="{bottom}" stroke="#1f2328"/>')
    return page(parts, bottom + 16)


def write(folder, name, picture):
    if picture:
        (folder / f"{name}.svg").write_text(picture)


def draw_results(results, folder):
    write(folder, "targets", bars(results))
    for name, *rest in CURVES:
        write(folder, name, curve(results, *rest))


def draw_soak(samples, folder):
    def line(figure):
        return [(each["second"], each[figure]) for each in samples if figure in each]

    write(folder, "soak", plot("Soak: memory, descriptors, files, latency", "seconds", [
        ("resident MiB", line("rss_mib"), False), ("file MiB", line("file_mib"), False),
        ("log MiB", line("log_mib"), False), ("descriptors", line("descriptors"), False),
        ("p50 µs", line("p50_us"), True)], logarithmic=False))


def main(arguments):
    soak = arguments[0] == "--soak"
    source, folder = (pathlib.Path(each) for each in arguments[-2:])
    measured = json.loads(source.read_text())
    folder.mkdir(parents=True, exist_ok=True)
    if soak:
        draw_soak(measured["samples"], folder)
    else:
        draw_results(measured, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
