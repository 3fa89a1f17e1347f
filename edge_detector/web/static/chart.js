/** Bars over time as a small picture. */

import { s } from './dom.js';
import { count } from './format.js';

const HEIGHT = 220;
const TOP = 12;
const BOTTOM = 26;
const LEFT = 40;
/** A letter of a label, and the room between two, in pixels. */
const LETTER = 6.6;
const SPACE = 16;
/** A label stands at every so many bars: hours of a day come out even. */
const EVERY = [1, 2, 3, 4, 6, 8, 12];
const GAP = 0.28;

/** @typedef {{label: string, full: string, up: number, down?: number}} Bar */

/**
 * Bars that go up, and down where `down` is given.
 * @param {Bar[]} bars
 * @param {{width: number, label: string, down?: boolean}} look
 */
export function chart(bars, { width, label, down = false }) {
	const ups = ceiling(Math.max(0, ...bars.map(bar => bar.up)));
	const downs = down ? ceiling(Math.max(0, ...bars.map(bar => bar.down ?? 0))) : 0;
	const tall = HEIGHT - TOP - BOTTOM;
	const room = Math.max(0, ...bars.map(bar => bar.label.length)) * LETTER + SPACE;
	const unit = tall / (ups + downs);
	const zero = TOP + ups * unit;
	const step = (width - LEFT) / Math.max(1, bars.length);
	const every = EVERY.find(n => n * step >= room) ?? 24;
	const wide = Math.min(44, step * (1 - GAP));
	const marks = [ups, ups / 2, 0, ...(downs ? [-downs] : [])].filter(Number.isInteger);
	return s(
		'svg.chart',
		{ viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: 'img', 'aria-label': label },
		marks
			.map(mark => [
				s('line', {
					class: mark ? 'grid' : 'axis',
					x1: LEFT,
					x2: width,
					y1: zero - mark * unit,
					y2: zero - mark * unit,
				}),
				s('text.scale', { x: LEFT - 8, y: zero - mark * unit + 4 }, count(Math.abs(mark))),
			])
			.flat(),
		bars.map((bar, i) => {
			const x = LEFT + i * step + (step - wide) / 2;
			return s(
				'g.bars',
				s('title', bar.full),
				s('rect.hit', { x: LEFT + i * step, y: TOP, width: step, height: tall }),
				bar.up > 0 && s('path.up', { d: rounded(x, zero, wide, -bar.up * unit) }),
				(bar.down ?? 0) > 0 && s('path.down', { d: rounded(x, zero, wide, (bar.down ?? 0) * unit) }),
				i % every === 0 && s('text.when', { x: LEFT + (i + 0.5) * step, y: HEIGHT - 8 }, bar.label),
			);
		}),
	);
}

/** A bar from the axis with its far corners round. */
function rounded(x, y, width, height) {
	const r = Math.min(4, width / 2, Math.abs(height));
	const way = Math.sign(height);
	return (
		`M${x},${y}V${y + height - way * r}Q${x},${y + height} ${x + r},${y + height}H${x + width - r}` +
		`Q${x + width},${y + height} ${x + width},${y + height - way * r}V${y}Z`
	);
}

/** The next number that reads well. */
function ceiling(n) {
	if (n <= 4) return Math.max(2, n + (n % 2));
	const scale = 10 ** Math.floor(Math.log10(n));
	return [1, 2, 3, 4, 6, 8, 10].map(factor => factor * scale).find(top => top >= n) ?? n;
}
