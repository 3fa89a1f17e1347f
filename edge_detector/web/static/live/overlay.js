/** Draws over a picture: zones, lines and people, in the picture's own pixels on the screen. */

import { s } from '../dom.js';
import { percent } from '../format.js';
import { centre, inward, middle } from '../zones/geometry.js';

/** @typedef {{width: number, height: number}} Size */
/** @typedef {import('../zones/drawing.js').Shape} Shape */

const ARROW = 26;
const LABEL_HEIGHT = 20;
/** Half of a letter, about. */
const GLYPH_HALF = 3.4;

/** @param {import('../api.js').Point} point @param {Size} size @returns {[number, number]} */
export const onScreen = ([x, y], { width, height }) => [x * width, y * height];

const path = points => points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

/**
 * A zone or a line with its name.
 * @param {Shape} shape
 * @param {Size} size
 * @param {{lit?: boolean, text?: string, selected?: boolean, wrong?: boolean}} [look]
 */
export function drawShape(shape, size, { lit = false, text = shape.name, selected = false, wrong = false } = {}) {
	const points = shape.points.map(point => onScreen(point, size));
	const marks = {
		class: `shape ${shape.type} ${shape.kind}`,
		'data-key': shape.key,
		'data-lit': lit,
		'data-id': shape.id,
	};
	const parts = shape.type === 'zone' ? [s('polygon', { points: path(points) })] : lineParts(points);
	const anchor = shape.type === 'zone' ? onScreen(centre(shape.points), size) : behind(points, text);
	return s('g', { ...marks, 'data-selected': selected, 'data-wrong': wrong }, parts, text && label(anchor, text, size));
}

/** Where a line's name stands: across from its arrow. */
function behind([a, b], text) {
	const [[x, y], [dx, dy]] = [middle(a, b), inward(a, b)];
	return [x - dx * (text.length * GLYPH_HALF + 18), y - dy * 18];
}

function lineParts([a, b]) {
	const [x, y] = middle(a, b);
	const [dx, dy] = inward(a, b);
	const tip = [x + dx * ARROW, y + dy * ARROW];
	const back = side => [tip[0] - dx * 9 + dy * 7 * side, tip[1] - dy * 9 - dx * 7 * side];
	const arrow = `M${x},${y}L${tip}M${back(1)}L${tip}L${back(-1)}`;
	return [
		s('line.reach', { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }),
		s('line', { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }),
		s('path.arrow', { d: arrow }),
		s('text.way', { x: tip[0] + dx * 10, y: tip[1] + dy * 10 }, 'in'),
	];
}

function label([x, y], text, { width, height }) {
	const wide = text.length * 2 * GLYPH_HALF + 16;
	const left = Math.min(Math.max(x - wide / 2, 4), Math.max(4, width - wide - 4));
	const top = Math.min(Math.max(y - LABEL_HEIGHT / 2, 4), Math.max(4, height - LABEL_HEIGHT - 4));
	return s(
		'g.tag',
		s('rect', { x: left, y: top, width: wide, height: LABEL_HEIGHT, rx: 10 }),
		s('text', { x: left + wide / 2, y: top + 14 }, text),
	);
}

/** @param {import('../store.js').Person} person @param {Size} size */
export function drawPerson({ id, box: [x1, y1, x2, y2], score }, size) {
	const [left, top] = onScreen([x1, y1], size);
	const [right, bottom] = onScreen([x2, y2], size);
	return s(
		'g.person',
		{ 'data-person': id },
		s('rect', { x: left, y: top, width: right - left, height: bottom - top, rx: 6 }),
		s('circle', { cx: (left + right) / 2, cy: bottom, r: 4 }),
		s('text', { x: left + 7, y: Math.max(top, 0) + 16 }, percent(score)),
	);
}

/**
 * Something that stands still.
 * @param {import('../api.js').Spot} spot
 * @param {number} i
 * @param {Size} size
 */
export function drawSpot({ box: [x1, y1, x2, y2], suppressed }, i, size) {
	const [x, y] = onScreen([x1, y1], size);
	const [right, bottom] = onScreen([x2, y2], size);
	return s(
		'g.spot-box',
		{ 'data-off': suppressed },
		s('rect', { x, y, width: right - x, height: bottom - y, rx: 6 }),
		s('text', { x: x + 7, y: y + 16 }, i + 1),
	);
}
