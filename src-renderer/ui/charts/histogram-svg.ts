/** The histogram as an SVG file of its own: heading, range, legend with counts, bars, axis. Lengths in px, times in µs. */
import type { Histogram } from '../../../src-main/contract/query.ts';
import { dayParts, formatCount, formatZone, plural, type Zone } from '../../format.ts';
import { stateLook } from '../../state-look.ts';
import { axisTicks, barOpacity, barPaths, bucketTotals, countsWithin, stackedSeries } from './histogram-layout.ts';

export const CHART_WIDTH = 1000;
const PAD = 24;
const PLOT = { top: 92, height: 200 };
export const CHART_HEIGHT = PLOT.top + PLOT.height + 44;
/** Width of a letter at 12 px, about: legends are laid out without measuring. */
const LETTER = 6.8;
/** Room for a label of the axis at the right end. */
const AXIS_LABEL = 60;
const FONT = `font-family="Inter, 'Segoe UI', system-ui, 'Helvetica Neue', Arial, sans-serif"`;

type Picture = {
  /** what the time is called: "Started" */
  label: string;
  zone: Zone;
  /** a colour of the theme, `var(--failed)`, as a colour that stands by itself */
  color: (css: string) => string;
};

export function histogramSvg(data: Histogram, { label, zone, color }: Picture): string {
  const series = stackedSeries(data);
  const buckets = Math.max(1, ...series.map(({ counts }) => counts.length));
  const end = data.from + buckets * data.step;
  const width = CHART_WIDTH - 2 * PAD;
  const counts = countsWithin(series, 0, buckets - 1);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const most = Math.max(0, ...bucketTotals(series, buckets));
  const ground = PLOT.top + PLOT.height;
  const text = (x: number, y: number, words: string, { size = 12, ink = 'var(--ink-mute)', more = '' } = {}) =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${color(ink)}"${more}>${escaped(words)}</text>`;
  const parts = [
    `<rect width="${CHART_WIDTH}" height="${CHART_HEIGHT}" fill="${color('var(--raised)')}"/>`,
    text(PAD, 34, `${plural(total, 'run')} over time: ${label}`, {
      size: 16,
      ink: 'var(--ink)',
      more: ' font-weight="600"',
    }),
    text(PAD, 54, rangeOf(data.from, end, zone)),
  ];
  let x = PAD;
  for (const { state, count } of counts) {
    const look = stateLook(state);
    const words = `${look.label} ${formatCount(count)}`;
    parts.push(
      `<rect x="${x}" y="67" width="9" height="9" rx="2" fill="${color(look.color)}" fill-opacity="${barOpacity(state)}"/>`,
      text(x + 14, 76, words, { ink: 'var(--ink)' }),
    );
    x = Math.round(x + 14 + words.length * LETTER + 18);
  }
  const right = ' text-anchor="end"';
  if (data.missing > 0)
    parts.push(text(CHART_WIDTH - PAD, 54, `${formatCount(data.missing)} more without this time`, { more: right }));
  if (most > 0) parts.push(text(CHART_WIDTH - PAD, 76, `highest bar: ${plural(most, 'run')}`, { more: right }));
  barPaths(series, buckets, width, PLOT.height).forEach((path, i) => {
    const { state } = series[i];
    if (path !== '')
      parts.push(
        `<path transform="translate(${PAD} ${PLOT.top})" d="${path}" fill="${color(stateLook(state).color)}" fill-opacity="${barOpacity(state)}"/>`,
      );
  });
  const line = color('var(--line-strong)');
  parts.push(`<path d="M${PAD} ${ground + 0.5}h${width}" stroke="${line}"/>`);
  for (const tick of axisTicks(data.from, end, width, zone)) {
    if (tick.at > end - (AXIS_LABEL / width) * (end - data.from)) continue;
    const place = Math.round((PAD + ((tick.at - data.from) / (end - data.from)) * width) * 10) / 10;
    parts.push(
      `<path d="M${place} ${ground}v4" stroke="${line}"/>`,
      text(place, ground + 18, tick.label, { size: 11 }),
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${CHART_WIDTH}" height="${CHART_HEIGHT}" viewBox="0 0 ${CHART_WIDTH} ${CHART_HEIGHT}" ${FONT}>\n${parts.join('\n')}\n</svg>\n`;
}

/** `Mon 23 Nov 2026 02:10 – Tue 24 Nov 2026 02:10, UTC+1`: a picture is looked at in another year, and elsewhere. */
function rangeOf(from: number, to: number, zone: Zone): string {
  const moment = (micros: number) => {
    const { weekday, day, month, year, hm } = dayParts(micros, zone);
    return `${weekday} ${day} ${month} ${year} ${hm}`;
  };
  return `${moment(from)} – ${moment(to)}, ${formatZone(to, zone)}`;
}

const special: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (words: string): string => words.replace(/[&<>]/g, (c) => special[c]);
