"""Plots of `make bench` as SVG, without a library: bars of one case, lines of one growth."""
import math

WIDTH, ROW, LEFT, RIGHT = 720, 28, 90, 90
COLOURS = {"floor": "#888888", "floor-go": "#aaaaaa", "cbox": "#4a7ab5", "gobox": "#2a9d8f",
           "bridge": "#8e6bb0", "crun": "#c77d2e", "runc": "#b5494a"}
OTHER = "#666666"


def write(path, height, parts):
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
                'font-family="sans-serif" font-size="13">'
                '<style>line{stroke:#888}text{fill:#555}</style>' + "".join(parts) + '</svg>\n')


def bars(path, rows):
    """A bar a column: the median filled, the 99th percentile as a line."""
    scale = (WIDTH - LEFT - RIGHT) / max(r["p99"] for r in rows.values())
    parts = []
    for i, (name, r) in enumerate(rows.items()):
        y, end = 10 + i * ROW, LEFT + r["p99"] * scale
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
            f'<rect x="{LEFT}" y="{y}" width="{r["p50"] * scale:.1f}" height="18" '
            f'fill="{COLOURS.get(name, OTHER)}"/>'
            f'<line x1="{LEFT}" x2="{end:.1f}" y1="{y + 9}" y2="{y + 9}"/>'
            f'<text x="{end + 6:.1f}" y="{y + 14}">{r["p50"]:.2f} ms</text>')
    write(path, 20 + len(rows) * ROW, parts)


def apart(places, least=15):
    """The same heights, in the same order, with room for a line of text between them."""
    found, last = {}, -math.inf
    for name, y in sorted(places.items(), key=lambda item: item[1]):
        found[name] = last = max(y, last + least)
    return found


def lines(path, title, series):
    """Milliseconds against the number, which grows by factors: {name: [(number, ms), ...]}."""
    numbers = [n for points in series.values() for n, _ in points]
    low, high = math.log(min(numbers)), math.log(max(numbers))
    top = max(ms for points in series.values() for _, ms in points)
    height, left, right, bottom = 300, 75, 110, 260

    def place(n, ms):
        return (left + (math.log(n) - low) / ((high - low) or 1) * (WIDTH - left - right),
                bottom - ms / top * 220)

    parts = [f'<text x="{left}" y="20">{title}</text>'
             f'<line x1="{left}" x2="{WIDTH - right}" y1="{bottom}" y2="{bottom}"/>'
             f'<text x="{left - 8}" y="44" text-anchor="end">{top:.1f} ms</text>'
             f'<text x="{left - 8}" y="{bottom}" text-anchor="end">0</text>']
    for n in sorted(set(numbers)):
        parts.append(f'<text x="{place(n, 0)[0]:.1f}" y="{bottom + 18}" text-anchor="middle">{n}</text>')
    ends = apart({name: place(*points[-1])[1] + 4 for name, points in series.items()})
    for name, points in series.items():
        colour = COLOURS.get(name, OTHER)
        at = [place(n, ms) for n, ms in points]
        parts.append('<polyline fill="none" stroke-width="2" stroke="' + colour + '" points="' +
                     " ".join(f"{x:.1f},{y:.1f}" for x, y in at) + '"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in at]
        parts.append(f'<text x="{at[-1][0] + 8:.1f}" y="{ends[name]:.1f}" '
                     f'style="fill:{colour}">{name}</text>')
    write(path, height, parts)
