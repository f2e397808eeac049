"""The report as one self-contained page: the figures first, then each one's distribution. Prints on A4. Pure."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from signaling.bench.about import ABOUT
from signaling.bench.curve import curve
from signaling.bench.figures import Figure, Result, Value, percentile
from signaling.bench.runs import Outcome

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c1d21;--soft:#5d6068;--line:#dcdee3;--page:#fff;--ours:#2456c4;--floor:#8a8d96;
--good:#0c7040;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e9eaee;--soft:#a2a6b0;--line:#373a42;--page:#16171b;--ours:#8ab0ff;
--floor:#888c96;--good:#5fd39a;--bad:#ff9a92}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1rem 4rem;max-width:54rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);
background:var(--page)}
h1{font-size:1.6rem;margin:0 0 .2rem}h2{font-size:1.05rem;margin:0;font-family:ui-monospace,monospace}
p{margin:.4rem 0}.soft{color:var(--soft)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.82rem;margin:1rem 0}
th,td{text-align:right;padding:.3rem .35rem;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child,th:last-child,td:last-child{text-align:left}td:last-child{white-space:normal;min-width:8.5rem}
thead th{color:var(--soft);font-weight:500}
.holds{color:var(--good);font-weight:600}.missed{color:var(--bad);font-weight:600}
section{margin:2rem 0;break-inside:avoid}
svg{width:100%;height:auto;display:block;margin:.6rem 0}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg text.strong{fill:var(--ink);font-weight:600}
.grid{stroke:var(--line);stroke-width:1}.minor{opacity:.5}
polyline{fill:none;stroke-width:2}polyline.ours{stroke:var(--ours)}
polyline.floor{stroke:var(--floor);stroke-dasharray:4 3}circle.ours{fill:var(--ours)}
.bar{stroke:var(--bad);stroke-width:3;fill:none}
.key{display:flex;gap:1.2rem;flex-wrap:wrap;font-size:.82rem;color:var(--soft)}
.key i{display:inline-block;width:1.6rem;border-top:2px solid;vertical-align:middle;margin-right:.35rem}
.key .ours{border-color:var(--ours)}.key .floor{border-top-style:dashed;border-color:var(--floor)}
.key .must{border-top:0;border-left:3px solid var(--bad);height:.8rem;width:0}
code{font:.85em ui-monospace,monospace}
@page{size:A4;margin:16mm}
@media print{body{padding:0;font-size:10.5pt;max-width:none}.scroll{overflow:visible}a{color:inherit}}
"""
_KEY: Final = (
    '<p class="key"><span><i class="ours"></i>measured</span><span><i class="floor"></i>floor: bare echo, same run'
    '</span><span><i class="must"></i>bar: the curve must pass on its left</span></p>'
)


def page(outcome: Outcome, command: str) -> str:
    """The HTML of the report; `command` repeats it."""
    report = outcome.report()
    figures = [result for result in outcome.results if isinstance(result, Figure)]
    rows = "".join(_row(result) for result in outcome.results)
    missing = "".join(f'<p class="missed">Not measured: {escape(text)}</p>' for text in outcome.missing)
    held = "Every bar holds." if outcome.holds() else "Not every bar holds."
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Legato: what was measured</title><style>{_STYLE}</style></head><body>"
        f"<h1>What was measured</h1><p>{held} "
        f'<span class="soft">Repeat it: <code>{escape(command)}</code></span></p>'
        f"{missing}"
        '<div class="scroll"><table><thead><tr><th>figure</th><th>p50</th><th>p90</th><th>p99</th><th>max</th>'
        f"<th>n</th><th>floor p50 / p99</th><th>bar</th></tr></thead><tbody>{rows}</tbody></table></div>"
        '<p class="soft">A bar holds when the figure is within it, or within three times the same percentile of its '
        "floor, measured in the same run. Of several runs, the one with the best median is shown; the worst where "
        "nothing may go wrong.</p>"
        f"{_where(report)}{_KEY}"
        f"{''.join(_section(figure, command) for figure in figures)}{_counts(outcome)}</body></html>\n"
    )


def _row(result: Result) -> str:
    if isinstance(result, Value):
        return (
            f'<tr><td><code>{escape(result.name)}</code></td><td colspan="6">{result.value:.4g}</td>'
            f"<td>{_verdict(result, '' if result.most is None else f'≤ {result.most:g}')}</td></tr>"
        )
    row = result.row()
    wanted = ", ".join(f"p{bar.percent} ≤ {bar.most:g}" for bar in result.bars)
    floor = f"{row['floor']['p50']:.2f} / {row['floor']['p99']:.2f}" if row["floor"] else ""
    numbers = "".join(f"<td>{row[name]:.2f}</td>" for name in ("p50", "p90", "p99", "max"))
    return (
        f"<tr><td><code>{escape(result.name)}</code></td>{numbers}<td>{row['n']}</td><td>{floor}</td>"
        f"<td>{_verdict(result, wanted)}</td></tr>"
    )


def _verdict(result: Result, wanted: str) -> str:
    if not wanted:
        return ""
    name = "holds" if result.holds() else "missed"
    return f'<span class="{name}">{name}</span> <span class="soft">{wanted}</span>'


def _section(figure: Figure, command: str) -> str:
    about = ABOUT.get(figure.name, "")
    p50, p99 = percentile(figure.samples, 50), percentile(figure.samples, 99)
    return (
        f"<section><h2>{escape(figure.name)}</h2>"
        f"<p>p50 {p50:.3g} {figure.unit}, p99 {p99:.3g} {figure.unit}, n = {len(figure.samples)}</p>"
        f'{curve(figure)}<p class="soft">{escape(about)}</p>'
        f'<p class="soft"><code>{escape(command)}</code></p></section>'
    )


def _counts(outcome: Outcome) -> str:
    """How the counts and ratios are made."""
    values = [result for result in outcome.results if isinstance(result, Value) and result.name in ABOUT]
    return "".join(
        f"<section><h2>{escape(value.name)}</h2><p>{value.value:.4g}</p>"
        f'<p class="soft">{escape(ABOUT[value.name])}</p></section>'
        for value in values
    )


def _where(report: dict[str, Any]) -> str:
    machine = report["machine"]
    loads = "; ".join(
        f"{name} {', '.join(f'{load:g}' for load in found)}"
        for name, found in machine["load_before_each_run"].items()
    )
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return (
        f'<p class="soft">{escape(machine["system"])} {escape(machine["release"])} on {escape(machine["processor"])}, '
        f"{machine['cores']} cores. Load average before each run: {escape(loads)}. {escape(versions)}.</p>"
    )
