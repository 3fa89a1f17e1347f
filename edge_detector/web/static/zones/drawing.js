/** What is being drawn, as values: every change is a step that can be undone. */

import { MAX_POINTS, MIN_LINE_LENGTH, MIN_POINTS, clamp, crossesItself, distance, rounded } from './geometry.js';

/** @typedef {import('../api.js').Outline} Outline */

/** @typedef {import('../api.js').Point} Point */
/**
 * A zone or a line; `key` stays the same for as long as the page is open.
 * @typedef {{key: number, type: 'zone' | 'line', id: string, name: string, kind: string, points: Point[]}} Shape
 * @typedef {{key: number, field: string, message: string}} Fault
 */

const MAX_NAME = 80;
const STEPS = 200;
let lastKey = 0;

export class Drawing {
	/** @param {Outline} outline */
	constructor(outline) {
		/** @type {Shape[]} */
		this.shapes = shapesOf(outline);
		this.saved = this.shapes;
		/** The key of what is selected; 0 for nothing. */
		this.selected = 0;
		/** @type {Shape[][]} */
		this.past = [];
		/** @type {Shape[][]} */
		this.future = [];
		this.step = '';
	}

	/** Begins anew with what the edge has now. @param {Outline} outline @param {string} [selected] an id */
	renew(outline, selected) {
		this.shapes = shapesOf(outline);
		this.saved = this.shapes;
		this.past = [];
		this.future = [];
		this.step = '';
		this.selected = this.shapes.find(shape => shape.id === selected)?.key ?? 0;
	}

	get changed() {
		return JSON.stringify(this.shapes) !== JSON.stringify(this.saved);
	}

	get current() {
		return this.shapes.find(shape => shape.key === this.selected);
	}

	/**
	 * Makes these the shapes; steps of the same name in a row are one step to undo.
	 * @param {Shape[]} shapes
	 * @param {string} [step]
	 */
	change(shapes, step = '') {
		if (!step || step !== this.step) {
			this.past = [...this.past.slice(-STEPS), this.shapes];
			this.future = [];
		}
		this.step = step;
		this.shapes = shapes;
	}

	/** The next change is a step of its own. */
	settle() {
		this.step = '';
	}

	undo() {
		const before = this.past.pop();
		if (!before) return;
		this.future.push(this.shapes);
		this.put(before);
	}

	redo() {
		const after = this.future.pop();
		if (!after) return;
		this.past.push(this.shapes);
		this.put(after);
	}

	/** @param {Shape[]} shapes */
	put(shapes) {
		this.shapes = shapes;
		this.step = '';
		if (!this.current) this.selected = 0;
	}

	/** Adds a shape and selects it. @param {'zone' | 'line'} type @param {Point[]} points */
	add(type, points) {
		const names = new Set(this.shapes.map(shape => shape.name));
		const word = type === 'zone' ? 'Zone' : 'Line';
		let n = 1;
		while (names.has(`${word} ${n}`)) n += 1;
		lastKey += 1;
		const shape = { key: lastKey, type, id: '', name: `${word} ${n}`, kind: 'count', points: points.map(rounding) };
		this.change([...this.shapes, shape]);
		this.selected = shape.key;
	}

	remove() {
		this.change(this.shapes.filter(shape => shape.key !== this.selected));
		this.selected = 0;
	}

	/** Changes the selected shape. @param {Partial<Shape>} parts @param {string} [step] */
	edit(parts, step) {
		const next = this.shapes.map(shape => (shape.key === this.selected ? { ...shape, ...parts } : shape));
		this.change(next, step && `${step} ${this.selected}`);
	}

	/** @param {number} index @param {Point} point */
	movePoint(index, point) {
		const points = this.current?.points.map((old, i) => (i === index ? rounding(point) : old));
		this.edit({ points }, `point ${index}`);
	}

	/** Puts a point behind another one. @param {number} index @param {Point} point */
	insertPoint(index, point) {
		const points = this.current?.points ?? [];
		if (points.length >= MAX_POINTS) return false;
		this.edit({ points: [...points.slice(0, index + 1), rounding(point), ...points.slice(index + 1)] });
		return true;
	}

	/** A zone that would be none without the point goes whole, as a line does. @param {number} index */
	removePoint(index) {
		const shape = this.current;
		if (!shape) return;
		if (shape.type === 'line' || shape.points.length <= MIN_POINTS) this.remove();
		else this.edit({ points: shape.points.filter((_, i) => i !== index) });
	}

	/** Moves the whole selected shape, as far as the picture goes. @param {Point[]} from @param {number} dx @param {number} dy */
	moveShape(from, dx, dy) {
		const [xs, ys] = [from.map(([x]) => x), from.map(([, y]) => y)];
		const x = Math.min(1 - Math.max(...xs), Math.max(-Math.min(...xs), dx));
		const y = Math.min(1 - Math.max(...ys), Math.max(-Math.min(...ys), dy));
		this.edit({ points: from.map(point => rounding([point[0] + x, point[1] + y])) }, 'move');
	}

	flip() {
		this.edit({ points: [...(this.current?.points ?? [])].reverse() });
	}

	/** What the edge would refuse. @returns {Fault[]} */
	get faults() {
		return this.shapes.flatMap(shape => faultsOf(shape));
	}

	/** As the edge takes it. */
	get outline() {
		const taken = new Set(this.shapes.map(shape => shape.id));
		const ids = new Map(this.shapes.map(shape => [shape.key, shape.id || newId(shape, taken)]));
		const named = shape => ({ id: ids.get(shape.key) ?? '', name: shape.name.trim() });
		return {
			zones: this.of('zone').map(shape => ({ ...named(shape), kind: shape.kind, points: shape.points })),
			lines: this.of('line').map(shape => ({ ...named(shape), start: shape.points[0], end: shape.points[1] })),
		};
	}

	/** @param {string} type */
	of(type) {
		return this.shapes.filter(shape => shape.type === type);
	}

	/**
	 * The shape and field that the edge speaks of: `zones.0.points.2`.
	 * @param {{where: string, message: string}} fault
	 * @returns {Fault | null}
	 */
	placed({ where, message }) {
		const [list, index, field] = where.split('.');
		const shape = this.of(list === 'lines' ? 'line' : 'zone')[Number(index)];
		return shape ? { key: shape.key, field: field === 'name' ? 'name' : 'points', message } : null;
	}
}

const rounding = ([x, y]) => [rounded(clamp(x)), rounded(clamp(y))];

/** @param {Outline} outline @returns {Shape[]} */
export function shapesOf({ zones, lines }) {
	const shape = (type, { id, name, kind = 'count' }, points) => {
		lastKey += 1;
		return { key: lastKey, type, id, name: name || id, kind, points };
	};
	return [
		...zones.map(zone => shape('zone', zone, zone.points)),
		...lines.map(line => shape('line', line, [line.start, line.end])),
	];
}

function faultsOf(shape) {
	const found = [];
	const add = (field, message) => found.push({ key: shape.key, field, message });
	if (!shape.name.trim()) add('name', 'Give it a name.');
	else if (shape.name.trim().length > MAX_NAME) add('name', `At most ${MAX_NAME} characters.`);
	if (shape.type === 'line') {
		if (distance(shape.points[0], shape.points[1]) < MIN_LINE_LENGTH) add('points', 'The line is too short.');
	} else if (shape.points.length < MIN_POINTS) {
		add('points', 'A zone needs three points.');
	} else if (crossesItself(shape.points)) {
		add('points', 'Edges cross or touch each other: pull the points apart.');
	}
	return found;
}

/** An id of the name's letters that no other shape has. */
function newId(shape, taken) {
	const plain = shape.name
		.normalize('NFKD')
		.replace(/\p{M}/gu, '')
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, '_')
		.replace(/^_+|_+$/g, '');
	const stem = plain.slice(0, 36) || shape.type;
	let id = stem;
	for (let n = 2; taken.has(id); n += 1) id = `${stem}_${n}`;
	taken.add(id);
	return id;
}
