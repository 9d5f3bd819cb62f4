// svg.mjs - line charts as SVG: one x per measured point (logarithmic), y from 0 or logarithmic, a marker and a colour
// for each style, dashes for a second series of the same style, a legend in the order of the last values. Not here: what is drawn (report.mjs).

const width = 860;
const height = 440;
const plot = { left: 70, right: 540, top: 50, bottom: 380 };
/** Okabe and Ito's colours, told apart by colour-blind eyes too; markers say the same again. */
const colors = ["#000000", "#d55e00", "#8a8a00", "#009e73", "#0072b2", "#cc79a7", "#e69f00", "#56b4e9"];
const markers = [
    (x, y) => `<circle cx="${x}" cy="${y}" r="4"/>`,
    (x, y) => `<rect x="${x - 4}" y="${y - 4}" width="8" height="8"/>`,
    (x, y) => `<path d="M${x} ${y - 5}l5 9h-10z"/>`,
    (x, y) => `<path d="M${x} ${y - 6}l5 6l-5 6l-5 -6z"/>`,
];

export const escapeText = (text) => String(text).replace(/[<>&"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/** 1, 2 or 5 times a power of ten: the largest that is not above `value`. */
function roundDown(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    return [5, 2, 1].map((factor) => factor * power).find((step) => step <= value * 1.000001);
}

function linearTicks(top) {
    const step = roundDown(top / 4);
    return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) => i * step);
}

/** 1, 2, 5, 10, … from the last that is not above `bottom` to the first that is not below `top`. */
function logTicks(bottom, top) {
    const ticks = [roundDown(bottom)];
    while (ticks.at(-1) < top * 0.999999) {
        ticks.push(roundDown(ticks.at(-1) * 2.6));
    }
    return ticks;
}

const number = (value) => String(Number(value.toPrecision(3)));
const round = (value) => Math.round(value * 10) / 10;

/** A function from values to pixels, and the values to write at the axis. */
function yAxis(values, isLog) {
    const top = Math.max(...values, 1e-9);
    if (isLog) {
        const ticks = logTicks(Math.max(Math.min(...values), top / 1e4), top);
        const low = Math.log10(ticks[0]);
        const range = Math.log10(ticks.at(-1)) - low || 1;
        const at = (value) => (Math.log10(Math.max(value, ticks[0])) - low) / range;
        return { ticks, y: (value) => round(plot.bottom - at(value) * (plot.bottom - plot.top)) };
    }
    const scaled = top * 1.08;
    return {
        ticks: linearTicks(scaled),
        y: (value) => round(plot.bottom - (Math.max(value, 0) / scaled) * (plot.bottom - plot.top)),
    };
}

function xAxis(xs) {
    const low = Math.log10(xs[0]);
    const range = Math.log10(xs.at(-1)) - low || 1;
    return (x) => round(plot.left + ((Math.log10(x) - low) / range) * (plot.right - plot.left));
}

/** `series` is [{name, style, isDashed, points: [[x, y]…]}…] with positive x; `style` is a small number. */
export function lineChart({ title, xLabel, yLabel, series, isLog = false, formatX = number }) {
    const shown = series.filter(({ points }) => points.length > 0);
    const xs = [...new Set(shown.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
    const text = (x, y, content, more = "") =>
        `<text x="${x}" y="${y}" ${more}>${escapeText(content)}</text>`;
    const lines = [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
        `<title>${escapeText(title)}</title>`,
        `<rect width="${width}" height="${height}" fill="#fff"/>`,
        text(plot.left, 26, title, 'font-size="16"'),
        text((plot.left + plot.right) / 2, height - 16, xLabel, 'text-anchor="middle"'),
        text(0, 0, yLabel, 'text-anchor="middle" transform="translate(18 215) rotate(-90)"'),
    ];
    if (xs.length > 0) {
        const x = xAxis(xs);
        const { ticks, y } = yAxis(
            shown.flatMap(({ points }) => points.map(([, value]) => value)),
            isLog,
        );
        for (const tick of ticks) {
            lines.push(`<path d="M${plot.left} ${y(tick)}H${plot.right}" stroke="#ddd"/>`);
            lines.push(text(plot.left - 8, y(tick) + 4, number(tick), 'text-anchor="end"'));
        }
        for (const value of xs) {
            lines.push(`<path d="M${x(value)} ${plot.bottom}v5" stroke="#000"/>`);
            lines.push(text(x(value), plot.bottom + 20, formatX(value), 'text-anchor="middle"'));
        }
        lines.push(`<path d="M${plot.left} ${plot.bottom}H${plot.right}" stroke="#000"/>`);
        const styled = shown.map((one) => ({
            ...one,
            color: colors[one.style % colors.length],
            marker: markers[one.style % markers.length],
            dashes: one.isDashed === true ? 'stroke-dasharray="6 4" ' : "",
        }));
        for (const { points, color, marker, dashes } of styled) {
            const path = points.map(([px, py], i) => `${i === 0 ? "M" : "L"}${x(px)} ${y(py)}`).join("");
            lines.push(`<path d="${path}" fill="none" ${dashes}stroke="${color}" stroke-width="2"/>`);
            lines.push(`<g fill="${color}">${points.map(([px, py]) => marker(x(px), y(py))).join("")}</g>`);
        }
        const last = ({ points }) => points.at(-1)[1];
        styled
            .sort((a, b) => last(b) - last(a))
            .forEach(({ name, color, marker, dashes, points }, i) => {
                const top = plot.top + 10 + i * 24;
                const line = `M${plot.right + 18} ${top - 4}h32`;
                lines.push(`<path d="${line}" ${dashes}stroke="${color}" stroke-width="2"/>`);
                lines.push(`<g fill="${color}">${marker(plot.right + 34, top - 4)}</g>`);
                lines.push(text(plot.right + 58, top, `${name}, ${number(points.at(-1)[1])}`));
            });
    }
    return `${lines.join("\n")}\n</svg>\n`;
}
