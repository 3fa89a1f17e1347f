/** The live picture as a drawing board: points and shapes moved by mouse, finger or keys, new ones drawn. */

import { h, s } from '../dom.js';
import { Stage } from '../live/stage.js';
import { drawPerson, drawShape, drawSpot, onScreen } from '../live/overlay.js';
import { clamp, distance, foot, holds, middle } from './geometry.js';

/** @typedef {import('../api.js').Point} Point */

/** A smaller move than this, in pixels, is a tap. */
const TAP = 6;
/** A tap this near to the first point closes the zone. */
const NEAR = 16;
/** Two taps within this on a point remove it. */
const DOUBLE_TAP_MS = 400;
/** What an arrow key moves, in 0..1 of the picture; the larger one with the shift key. */
const STEP = 0.005;
const BIG_STEP = 0.05;
/** What a new shape is when it is made without a pointer. @type {Record<'zone' | 'line', Point[]>} */
export const DEFAULTS = {
	zone: [
		[0.35, 0.55],
		[0.65, 0.55],
		[0.65, 0.9],
		[0.35, 0.9],
	],
	line: [
		[0.3, 0.7],
		[0.7, 0.7],
	],
};
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas extends Stage {
	/**
	 * @param {import('../api.js').Camera} camera
	 * @param {import('../store.js').Store} store
	 * @param {AbortSignal} signal
	 * @param {import('./drawing.js').Drawing} drawing
	 * @param {() => void} onChange something was drawn or selected
	 */
	constructor(camera, store, signal, drawing, onChange) {
		super(camera, store, signal);
		this.drawing = drawing;
		/** Things that stand still. @type {import('../api.js').Spot[]} */
		this.spots = [];
		this.onChange = onChange;
		/** What is being drawn: a zone, a line, or nothing. @type {'zone' | 'line' | ''} */
		this.tool = '';
		/** Points of the new shape so far. @type {Point[]} */
		this.draft = [];
		/** @type {Point | null} */
		this.pointer = null;
		/** The point that was tapped last. @type {{index: number, at: number} | null} */
		this.tapped = null;
		/** What the pointer holds. @type {{kind: string, index: number, from: Point, points: Point[], moved: boolean} | null} */
		this.held = null;
		this.overlay.removeAttribute('aria-hidden');
		this.overlay.setAttribute('role', 'group');
		this.overlay.setAttribute('aria-label', `Zones and lines on the picture of ${camera.name}`);
		this.overlay.classList.add('board');
		const on = (type, act) => this.overlay.addEventListener(type, act);
		on('pointerdown', event => this.down(event));
		on('pointermove', event => this.move(event));
		on('pointerup', event => this.up(event));
		on('pointercancel', () => {
			this.held = null;
		});
		on('dblclick', () => this.tool === 'zone' && this.close());
		on('keydown', event => this.key(event));
		document.addEventListener('keydown', event => this.tool && this.draftKey(event), { signal });
		this.element.append(h('p.hint', { 'data-hint': '' }));
	}

	/** @param {PointerEvent} event @returns {Point} */
	at(event) {
		const place = this.overlay.getBoundingClientRect();
		return [clamp((event.clientX - place.left) / place.width), clamp((event.clientY - place.top) / place.height)];
	}

	/** How far apart on the screen. @param {Point} a @param {Point} b */
	pixels(a, b) {
		return distance(onScreen(a, this.size), onScreen(b, this.size));
	}

	/** @param {'zone' | 'line' | ''} tool */
	use(tool) {
		this.tool = tool;
		this.draft = [];
		this.pointer = null;
		if (tool) this.drawing.selected = 0;
		this.changed();
	}

	changed() {
		this.draw();
		this.onChange();
	}

	// --- pointer -------------------------------------------------------------------------------------------------------

	/** @param {PointerEvent} event */
	down(event) {
		if (event.button !== 0) return;
		const point = this.at(event);
		this.overlay.setPointerCapture(event.pointerId);
		if (this.tool) {
			event.preventDefault();
			this.held = { kind: 'draft', index: 0, from: point, points: [], moved: false };
			return;
		}
		const marks = event.target.closest('[data-handle], .shape');
		const { handle, index, key } = marks?.dataset ?? {};
		this.held = null;
		if (!marks) this.drawing.selected = 0;
		else if (handle === 'point') this.hold('point', Number(index), point);
		else if (handle === 'middle' && this.drawing.insertPoint(Number(index), point))
			this.hold('point', Number(index) + 1, point);
		else if (key) {
			this.drawing.selected = Number(key);
			this.hold('shape', 0, point);
		}
		this.drawing.settle();
		this.changed();
		if (this.held?.kind === 'point') this.focusPoint(this.held.index);
		event.preventDefault(); // keeps the focus where it was put
	}

	/** @param {string} kind @param {number} index @param {Point} from */
	hold(kind, index, from) {
		this.held = { kind, index, from, points: this.drawing.current?.points ?? [], moved: false };
	}

	/** @param {PointerEvent} event */
	move(event) {
		const point = this.at(event);
		this.pointer = point;
		const { held } = this;
		if (held) held.moved ||= this.pixels(held.from, point) > TAP;
		if (held?.moved && held.kind === 'point') this.drawing.movePoint(held.index, point);
		if (held?.moved && held.kind === 'shape') {
			this.drawing.moveShape(held.points, point[0] - held.from[0], point[1] - held.from[1]);
		}
		if (held?.moved && held.kind !== 'draft') this.changed();
		else if (this.tool) this.draw();
	}

	/** @param {PointerEvent} event */
	up(event) {
		const { held } = this;
		this.held = null;
		if (held?.kind === 'draft') this.drew(held.from, this.at(event), held.moved);
		else if (held?.kind === 'point' && !held.moved) this.tap(held.index);
		else if (held) this.drawing.settle();
	}

	/** A tap puts a point, a pull makes the whole shape. @param {Point} from @param {Point} to @param {boolean} pulled */
	drew(from, to, pulled) {
		if (this.tool === 'line') {
			if (pulled && !this.draft.length) this.finish([from, to]);
			else if (this.draft.length) this.finish([this.draft[0], to]);
			else this.draft = [to];
		} else if (pulled && !this.draft.length) {
			this.finish([from, [to[0], from[1]], to, [from[0], to[1]]]);
		} else if (this.draft.length >= 3 && this.pixels(this.draft[0], to) < NEAR) {
			this.finish(this.draft);
		} else if (!this.draft.length || this.pixels(this.draft[this.draft.length - 1], to) > TAP) {
			this.draft = [...this.draft, to];
		}
		this.changed();
	}

	/** @param {number} index */
	tap(index) {
		const twice = this.tapped?.index === index && Date.now() - this.tapped.at < DOUBLE_TAP_MS;
		this.tapped = twice ? null : { index, at: Date.now() };
		if (twice) this.removePoint('point', index);
	}

	/** Closes the zone that is being drawn, if it is one. */
	close() {
		if (this.draft.length >= 3) this.finish(this.draft);
		this.changed();
	}

	/** @param {Point[]} points */
	finish(points) {
		const type = this.tool || 'zone';
		this.tool = '';
		this.draft = [];
		this.drawing.add(type, points);
	}

	// --- keys ----------------------------------------------------------------------------------------------------------

	/** @param {KeyboardEvent} event */
	draftKey(event) {
		if (event.key === 'Escape') this.use('');
		else if (event.key === 'Enter' && this.tool === 'zone' && this.draft.length) this.close();
		else if (event.key === 'Backspace' && this.draft.length) {
			this.draft = this.draft.slice(0, -1);
			this.changed();
		} else return;
		event.preventDefault();
	}

	/** @param {KeyboardEvent} event */
	key(event) {
		const { handle, index: text } = event.target.dataset;
		const index = Number(text);
		const shape = this.drawing.current;
		const way = ARROWS[event.key];
		if (!handle || !shape) return;
		if (way) this.nudge(handle, index, way, event.shiftKey ? BIG_STEP : STEP);
		else if (event.key === 'Delete' || event.key === 'Backspace') this.removePoint(handle, index);
		else if ((event.key === 'Enter' || event.key === ' ') && handle === 'middle') this.split(index);
		else return;
		event.preventDefault();
		event.stopPropagation();
	}

	/** @param {string} handle @param {number} index @param {[number, number]} way @param {number} step */
	nudge(handle, index, [dx, dy], step) {
		const [x, y] = this.drawing.current?.points[index] ?? [0, 0];
		if (handle !== 'point') return;
		this.drawing.movePoint(index, [x + dx * step, y + dy * step]);
		this.changed();
	}

	/** @param {string} handle @param {number} index */
	removePoint(handle, index) {
		if (handle !== 'point') return;
		this.drawing.removePoint(index);
		this.changed();
		const left = this.drawing.current?.points.length ?? 0;
		if (left) this.focusPoint(Math.min(index, left - 1));
	}

	/** @param {number} index */
	split(index) {
		const points = this.drawing.current?.points ?? [];
		if (!this.drawing.insertPoint(index, middle(points[index], points[(index + 1) % points.length]))) return;
		this.changed();
		this.focusPoint(index + 1);
	}

	/** @param {number} index */
	focusPoint(index) {
		this.overlay.querySelector(`[data-handle="point"][data-index="${index}"]`)?.focus();
	}

	// --- drawing -------------------------------------------------------------------------------------------------------

	draw() {
		if (!this.drawing) return; // the base draws first while it is made
		const focused = document.activeElement?.dataset ?? {};
		const wrong = new Set(this.drawing.faults.map(fault => fault.key));
		const shapes = this.drawing.shapes.map(shape =>
			drawShape(shape, this.size, {
				lit: this.isLit(shape),
				selected: shape.key === this.drawing.selected,
				wrong: wrong.has(shape.key),
			}),
		);
		this.overlay.dataset.tool = this.tool;
		this.overlay.replaceChildren(
			...shapes,
			...this.spots.map((spot, i) => drawSpot(spot, i, this.size)),
			...this.people.map(person => drawPerson(person, this.size)),
			...this.handles(),
			...this.drafted(),
		);
		if (focused.handle) this.refocus(focused);
		this.hint();
	}

	/** @param {DOMStringMap} focused */
	refocus({ handle, index }) {
		this.overlay.querySelector(`[data-handle="${handle}"][data-index="${index}"]`)?.focus();
	}

	/** Whether somebody stands in it, also before it is saved. @param {import('./drawing.js').Shape} shape */
	isLit(shape) {
		if (shape.type === 'line') return (this.glowing.get(shape.id) ?? 0) > Date.now();
		return this.people.some(person => holds(shape.points, foot(person.box)));
	}

	handles() {
		const shape = this.drawing.current;
		if (!shape || this.tool) return [];
		const { points } = shape;
		const middles =
			shape.type === 'line'
				? []
				: points.map((point, i) =>
						this.handle(
							'middle',
							i,
							middle(point, points[(i + 1) % points.length]),
							`Add a point behind point ${i + 1} of ${shape.name}`,
						),
					);
		const corners = points.map((point, i) =>
			this.handle(
				'point',
				i,
				point,
				`Point ${i + 1} of ${points.length} of ${shape.name}, ${Math.round(point[0] * 100)} % across, ${Math.round(point[1] * 100)} % down`,
			),
		);
		return [...middles, ...corners];
	}

	/** @param {string} kind @param {number} index @param {Point} point @param {string} label */
	handle(kind, index, point, label) {
		const [x, y] = onScreen(point, this.size);
		const named = { 'data-handle': kind, 'data-index': index, tabindex: 0, role: 'button', 'aria-label': label };
		return s(
			'g',
			{ class: `handle ${kind}`, ...named },
			s('circle.grip', { cx: x, cy: y, r: 16 }),
			s('circle.knob', { cx: x, cy: y, r: kind === 'point' ? 7 : 4.5 }),
		);
	}

	drafted() {
		if (!this.tool) return [];
		const from = this.held?.kind === 'draft' && this.held.moved ? this.held.from : null;
		const to = this.pointer;
		/** @type {Point[]} */
		let points = to && this.draft.length ? [...this.draft, to] : this.draft;
		if (from && to && !this.draft.length)
			points = this.tool === 'line' ? [from, to] : [from, [to[0], from[1]], to, [from[0], to[1]], from];
		const text = points.map(point => onScreen(point, this.size).join(',')).join(' ');
		return [
			s('polyline.draft', { points: text }),
			...this.draft.map((point, i) => {
				const [x, y] = onScreen(point, this.size);
				return s('circle', {
					class: i === 0 && this.draft.length >= 3 ? 'draft-point close' : 'draft-point',
					cx: x,
					cy: y,
					r: 6,
				});
			}),
		];
	}

	hint() {
		const hint = this.element.querySelector('[data-hint]');
		const told = {
			'': '',
			zone: this.draft.length
				? 'Go on around the zone; tap the first point to close it'
				: 'Tap the corners one by one, or pull a rectangle',
			line: this.draft.length ? 'Tap where the line ends' : 'Pull the line from one end to the other',
		};
		if (hint && hint.textContent !== told[this.tool]) hint.textContent = told[this.tool];
	}
}
