// budgets.mjs - what Cleat is to cost, as ratios within one run. They are printed as met or missed; nothing fails.

/** One row of the report: budget of a metric against a peer's, or (without `against`) against a fixed value. */
const budgets = [
    { text: "TCP echo, 50 connections", row: ["echo", 50, "cpu"], against: "c", limit: 2 },
    { text: "TCP echo, 50 connections", row: ["echo", 50, "cpu"], against: "node", limit: 1 },
    { text: "TCP echo by pipeTo, 50 connections", row: ["pipe", 50, "cpu"], against: "c", limit: 1.3 },
    { text: "UDP echo", row: ["udp", null, "cpu"], against: "c", limit: 2 },
    { text: "UDP echo", row: ["udp", null, "cpu"], against: "node", limit: 0.5 },
    { text: "accept, echo, close", row: ["accept", null, "cpu"], against: "c", limit: 2.5 },
    { text: "hello world, wall time", row: ["hello", null, "wall"], against: "qjs", limit: 2 },
    { text: "hello world, peak memory in KiB", row: ["hello", null, "peak"], limit: 3 * 1024 },
    { text: "bytes per idle connection", row: ["idle", 4000, "connection"], limit: 3 * 1024 },
    { text: "bytes per idle TLS connection", row: ["tls-idle", 1000, "connection"], limit: 20 * 1024 },
];
const flatFrom = 50;
const flatLimit = 0.15;

const sameRow = (result, [scenario, point, metric]) =>
    result.scenario === scenario && result.point === point && result.metric === metric;

/** The largest distance of the cost with more connections from the cost with 50. */
function flatness(results, peer) {
    const cost = (result) => result.peers[peer.name]?.median;
    const echo = results.filter(({ scenario, metric }) => scenario === "echo" && metric === "cpu");
    const base = echo.find(({ point }) => point === flatFrom);
    const costs = echo
        .filter((result) => result.point > flatFrom)
        .map(cost)
        .filter((value) => value !== undefined);
    return base === undefined || cost(base) === undefined || costs.length === 0
        ? undefined
        : Math.max(...costs.map((value) => Math.abs(value / cost(base) - 1)));
}

/**
 * [{peer, text, value, lowest, highest, limit, isMet}…] for every budget that the results have figures for; `lowest` and
 * `highest` are those of single rounds.
 */
export function judge(results, peers) {
    const verdicts = [];
    for (const peer of peers.filter(({ isCleat }) => isCleat === true)) {
        for (const { text, row, against, limit } of budgets) {
            const result = results.find((one) => sameRow(one, row));
            const own = result?.peers[peer.name];
            if (own === undefined || (against !== undefined && result.peers[against] === undefined)) {
                continue;
            }
            const all = against === undefined ? numbers(own) : ratios(own, result.peers[against]);
            if (all.length === 0) {
                continue; // no round in which both have a figure
            }
            const value = median(all);
            const other = peers.find(({ name }) => name === against);
            verdicts.push({
                peer: peer.name,
                text: other === undefined ? text : `${text}, against ${other.title}`,
                value,
                lowest: Math.min(...all),
                highest: Math.max(...all),
                limit,
                isMet: value <= limit,
            });
        }
        const value = flatness(results, peer);
        if (value !== undefined) {
            verdicts.push({
                peer: peer.name,
                text: "TCP echo: change of cost from 50 to 1,000 connections",
                value,
                lowest: value,
                highest: value,
                limit: flatLimit,
                isMet: value <= flatLimit,
            });
        }
    }
    return verdicts;
}

export function median(list) {
    const sorted = [...list].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const numbers = ({ samples }) => samples.filter((sample) => sample !== null);

/** The ratios of the same rounds: what disturbs a round disturbs both. */
function ratios(own, other) {
    return own.samples.flatMap((sample, round) =>
        sample === null || !(other.samples[round] > 0) ? [] : [sample / other.samples[round]],
    );
}

export function ratio(own, other) {
    const list = ratios(own, other);
    return list.length > 0 ? median(list) : NaN;
}
