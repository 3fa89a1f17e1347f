/** Points, polygons and lines on the picture: the same rules as the edge's own. All in 0..1 of the picture. */

/** @typedef {import('../api.js').Point} Point */
/** @typedef {[number, number, number, number]} Box */

export const MIN_POINTS = 3;
export const MAX_POINTS = 64;
/** A shorter line has no sides to speak of. */
export const MIN_LINE_LENGTH = 0.02;
const ON_EDGE = 1e-9;

/** Where a person stands: the middle of the box's lower edge. @param {Box} box @returns {Point} */
export const foot = ([x1, , x2, y2]) => [(x1 + x2) / 2, y2];

/** @param {number} n */
export const clamp = n => Math.min(1, Math.max(0, n));

/** Fine enough for a camera of 10,000 pixels. @param {number} n */
export const rounded = n => Math.round(clamp(n) * 10000) / 10000;

/** @param {Point} a @param {Point} b */
export const distance = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);

/** @param {Point} a @param {Point} b @returns {Point} */
export const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** The middle of all points. @param {Point[]} points @returns {Point} */
export const centre = points => [
	points.reduce((sum, [x]) => sum + x, 0) / points.length,
	points.reduce((sum, [, y]) => sum + y, 0) / points.length,
];

const edges = points => points.map((point, i) => [point, points[(i + 1) % points.length]]);

/** Twice the triangle's area, positive when a, b, c turn clockwise on the picture. */
const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

function onSegment(p, a, b) {
	const between =
		Math.min(a[0], b[0]) <= p[0] &&
		p[0] <= Math.max(a[0], b[0]) &&
		Math.min(a[1], b[1]) <= p[1] &&
		p[1] <= Math.max(a[1], b[1]);
	return between && Math.abs(turn(a, b, p)) <= ON_EDGE;
}

function meet(a, b, c, d) {
	if (onSegment(c, a, b) || onSegment(d, a, b) || onSegment(a, c, d) || onSegment(b, c, d)) return true;
	return turn(a, b, c) > 0 !== turn(a, b, d) > 0 && turn(c, d, a) > 0 !== turn(c, d, b) > 0;
}

/** Whether two edges meet anywhere but in the corner that neighbours share. @param {Point[]} points */
export function crossesItself(points) {
	const all = edges(points);
	const last = all.length - 1;
	return all.some(([a, b], i) =>
		all.slice(i + 1).some(([c, d], k) => {
			const j = i + 1 + k;
			if (j === i + 1) return distance(a, b) === 0 || onSegment(d, a, b) || onSegment(a, c, d);
			if (i === 0 && j === last) return onSegment(c, a, b) || onSegment(b, c, d);
			return meet(a, b, c, d);
		}),
	);
}

/** Whether the point is inside or on the edge. @param {Point[]} points @param {Point} p */
export function holds(points, p) {
	const [x, y] = p;
	let inside = false;
	for (const [a, b] of edges(points)) {
		if (onSegment(p, a, b)) return true;
		if (a[1] > y !== b[1] > y && x < a[0] + ((y - a[1]) * (b[0] - a[0])) / (b[1] - a[1])) inside = !inside;
	}
	return inside;
}

/**
 * The way inside across a line, one long: on the right hand of who goes along it.
 * @param {[number, number]} a in pixels
 * @param {[number, number]} b in pixels
 * @returns {[number, number]}
 */
export function inward(a, b) {
	const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
	return [-(b[1] - a[1]) / length, (b[0] - a[0]) / length];
}
