/** What was measured for one ledger. */
export interface Growth {
  readonly records: number;
  readonly tools: number;
  /** What the seconds are. */
  readonly seconds: 'by the clock' | 'of processor time';
  /** By the operation's name. */
  readonly results: Record<string, { readonly seconds: number; readonly requests: number }>;
}

const COLOURS = ['#1b6ca8', '#c0392b', '#2e8b57', '#8e44ad', '#b9770e', '#444444'];
const WIDTH = 420;
const HEIGHT = 260;
const LEFT = 60;
const TOP = 40;

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const round = (value: number): string => value.toFixed(1);

/** A chart of one figure against the records; their axis is logarithmic, the other linear from 0. */
function chart(points: readonly Growth[], figure: 'seconds' | 'requests', top: number): string {
  const names = Object.keys(points[0]?.results ?? {});
  const values = points.flatMap(({ results }) => names.map((name) => results[name]?.[figure] ?? 0));
  const most = Math.max(...values, figure === 'seconds' ? 1 : 10) * 1.1;
  const logs = points.map(({ records }) => Math.log10(records));
  const [first, last] = [Math.min(...logs), Math.max(...logs)];
  const x = (records: number): number => LEFT + ((Math.log10(records) - first) / (last - first || 1)) * WIDTH;
  const y = (value: number): number => top + HEIGHT - (value / most) * HEIGHT;
  const lines = names.map((name, i) => {
    const path = points.map(({ records, results }) => `${round(x(records))},${round(y(results[name]?.[figure] ?? 0))}`);
    return `<polyline fill="none" stroke="${COLOURS[i % COLOURS.length]}" stroke-width="2" points="${path.join(' ')}"/>`;
  });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(part * most);
    const text = (part * most).toFixed(figure === 'seconds' ? 2 : 0);
    return `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${round(at)}" y2="${round(at)}" stroke="#ddd"/><text x="${LEFT - 6}" y="${round(at + 4)}" text-anchor="end">${text}</text>`;
  });
  const marks = points.map(
    ({ records, tools }) =>
      `<text x="${round(x(records))}" y="${top + HEIGHT + 18}" text-anchor="middle">${records}</text><text x="${round(x(records))}" y="${top + HEIGHT + 32}" text-anchor="middle" fill="#777">${tools}</text>`,
  );
  return [
    `<text x="${LEFT}" y="${top - 12}" font-weight="bold">${figure === 'seconds' ? `seconds ${points[0]?.seconds ?? ''}` : figure}</text>`,
    ...ticks,
    ...marks,
    ...lines,
  ].join('\n');
}

/** The same points give the same picture. */
export function plot(points: readonly Growth[]): string {
  const names = Object.keys(points[0]?.results ?? {});
  const second = TOP + HEIGHT + 90;
  const legend = names.map(
    (name, i) =>
      `<rect x="${LEFT + WIDTH + 24}" y="${TOP + i * 22}" width="14" height="4" fill="${COLOURS[i % COLOURS.length]}"/><text x="${LEFT + WIDTH + 46}" y="${TOP + i * 22 + 7}">${escape(name)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${second + HEIGHT + 60}" font-family="sans-serif" font-size="12">
<title>Seconds and requests over records (below: tools) in the ledger</title>
<rect width="100%" height="100%" fill="white"/>
${chart(points, 'seconds', TOP)}
${chart(points, 'requests', second)}
${legend.join('\n')}
</svg>
`;
}
