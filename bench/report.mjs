// report.mjs - the results as Markdown tables and as charts. What they are made of is described at `measureAll`
// (run.mjs); statistics are in budgets.mjs.
import { ratio } from "./budgets.mjs";
import { lineChart } from "./svg.mjs";

/** Three digits, more where a number has more before the point. */
export function format(value) {
    if (!Number.isFinite(value)) {
        return "–";
    }
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return value.toFixed(digits);
}

function table(rows) {
    const [head, ...body] = rows;
    return [head, head.map((_, i) => (i === 0 ? "---" : "---:")), ...body]
        .map((cells) => `| ${cells.join(" | ")} |`)
        .join("\n");
}

function resultTable(report, isShown, isMain) {
    const columns = report.peers.filter(({ name }) => report.results.some(({ peers }) => name in peers));
    const rows = report.results
        .filter((result) => result.inTable && result.isMain === isMain && isShown(result))
        .map((result) => [
            [result.title, result.pointLabel].filter(Boolean).join(", ") + `: ${result.unit}`,
            ...columns.map(({ name }) => {
                const own = result.peers[name];
                const reference = result.peers[result.reference];
                if (own === undefined) {
                    return "";
                }
                const value = format(own.median);
                return name === result.reference || reference === undefined
                    ? value
                    : `${value} (${format(ratio(own, reference))}×)`;
            }),
        ]);
    return rows.length === 0 ? undefined : table([["", ...columns.map(({ title }) => title)], ...rows]);
}

/** Finer than the results: what is near its budget is to be seen. */
const fine = (value) => (value < 10 ? value.toFixed(3) : format(value));

function budgetTable({ budgets, peers }) {
    const title = (name) => peers.find((peer) => peer.name === name).title;
    return table([
        ["budget", "", "measured", "in single rounds", "at most", ""],
        ...budgets.map(({ peer, text, value, lowest, highest, limit, isMet }) => [
            text,
            title(peer),
            fine(value),
            `${fine(lowest)} to ${fine(highest)}`,
            format(limit),
            isMet ? "met" : "missed",
        ]),
    ]);
}

export function markdown(report) {
    const { machine, options, binaries, failures } = report;
    const parts = [
        `# Benchmark\n\n${report.date}, ${machine.cpu} (${machine.cpus} CPUs), Linux ${machine.kernel}, Node ${machine.node}; ` +
            `${options.rounds} rounds, medians; in brackets the ratio to plain C (hello world: to qjs).`,
        resultTable(report, () => true, true),
    ];
    const wall = resultTable(report, () => true, false);
    if (wall !== undefined) {
        parts.push("## Wall time\n\nGenerator and server together, on a machine that others use too.", wall);
    }
    if (binaries.length > 0) {
        parts.push(
            "## Stripped binaries",
            table([["", "bytes"], ...binaries.map(({ name, bytes }) => [name, String(bytes)])]),
        );
    }
    if (report.budgets.length > 0) {
        parts.push("## Budgets", budgetTable(report));
    }
    if (failures.length > 0) {
        parts.push(
            "## What failed",
            failures.map(({ scenario, peer, message }) => `- ${scenario}, ${peer}: ${message}`).join("\n"),
        );
    }
    return `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
}

const bytes = (size) => (size < 1024 ? `${size} B` : `${size / 1024} KiB`);
/** A chart joins the series of one or two scenarios; `suffix` tells those of the second apart. */
const charts = [
    {
        file: "connections.svg",
        title: "TCP echo, 64 B: CPU per round trip",
        xLabel: "connections",
        scenarios: [
            ["echo", ""],
            ["pipe", ", pipeTo"],
        ],
        metric: "cpu",
    },
    {
        file: "message-size.svg",
        title: "TCP echo, 50 connections: CPU per round trip",
        xLabel: "message size",
        formatX: bytes,
        isLog: true,
        scenarios: [
            ["size", ""],
            ["pipe-size", ", pipeTo"],
        ],
        metric: "cpu",
    },
    {
        file: "tls.svg",
        title: "TLS echo, 50 connections: CPU per round trip",
        xLabel: "message size",
        formatX: bytes,
        isLog: true,
        scenarios: [["tls-echo", ""]],
        metric: "cpu",
    },
    {
        file: "timers.svg",
        title: "Timers that wait at the same time: CPU per timer",
        xLabel: "timers",
        scenarios: [["timers", ""]],
        metric: "cpu",
    },
    {
        file: "timers-memory.svg",
        title: "Timers that wait at the same time: memory per timer",
        xLabel: "timers",
        isLog: true,
        scenarios: [["timers", ""]],
        metric: "memory",
    },
];

/** The charts that there are figures for: [{file, svg}…]. */
export function plots(report) {
    return charts.flatMap(({ file, scenarios, metric, ...rest }) => {
        let unit = "";
        const series = scenarios.flatMap(([scenario, suffix]) => {
            const results = report.results.filter(
                (one) => one.scenario === scenario && one.metric === metric,
            );
            unit = results[0]?.unit ?? unit;
            return report.peers
                .filter(({ name }) => suffix === "" || name !== "c") // plain C has one way to echo
                .map(({ name, title }) => ({
                    name: `${title}${suffix}`,
                    style: report.peers.findIndex((peer) => peer.name === name),
                    isDashed: suffix !== "",
                    points: results
                        .filter(({ peers }) => name in peers)
                        .map(({ point, peers }) => [point, peers[name].median]),
                }));
        });
        return series.some(({ points }) => points.length > 0)
            ? [{ file, svg: lineChart({ ...rest, yLabel: unit, series }) }]
            : [];
    });
}
