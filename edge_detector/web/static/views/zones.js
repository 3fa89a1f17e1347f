/** The editor of a camera's zones and lines. */

import { h, icon, fill } from '../dom.js';
import { Refused, api } from '../api.js';
import { Drawing } from '../zones/drawing.js';
import { Canvas, DEFAULTS } from '../zones/canvas.js';
import { shapeForm } from '../zones/form.js';
import { spotList } from '../zones/spots.js';

/** @typedef {import('../zones/drawing.js').Fault} Fault */

/** What was drawn and not saved yet, by camera: kept while the page is open. @type {Map<string, {drawing: Drawing, etag: string}>} */
const drafts = new Map();

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function zonesView({ parts, store, signal }) {
	const camera = store.cameras.get(parts[0]);
	if (!camera) throw new Error(`There is no camera ${parts[0] ?? ''}`);
	const { body, etag } = await api.outline(camera.id);
	const kept = drafts.get(camera.id);
	const editor = new Editor(
		camera,
		store,
		signal,
		kept?.drawing.changed ? kept : { drawing: new Drawing(body), etag },
		body.origin,
	);
	return { title: `Zones of ${camera.name}`, element: editor.element };
}

class Editor {
	/**
	 * @param {import('../api.js').Camera} camera
	 * @param {import('../store.js').Store} store
	 * @param {AbortSignal} signal
	 * @param {{drawing: Drawing, etag: string}} draft
	 * @param {string} origin
	 */
	constructor(camera, store, signal, draft, origin) {
		this.camera = camera;
		this.draft = draft;
		this.origin = origin;
		this.drawing = draft.drawing;
		/** What the edge said is wrong. @type {Fault[]} */
		this.refused = [];
		drafts.set(camera.id, draft);
		this.canvas = new Canvas(camera, store, signal, this.drawing, () => this.show());
		this.panel = h('div.shapes');
		this.state = h('p.save-state', { role: 'status' });
		this.buttons = this.tools();
		this.spots = spotList(camera.id, this.canvas, signal);
		this.element = this.layout();
		document.addEventListener('keydown', event => this.shortcut(event), { signal });
		addEventListener('beforeunload', event => this.drawing.changed && event.preventDefault(), { signal });
		this.show();
	}

	layout() {
		const { undo, redo, zone, line, save } = this.buttons;
		const title = h(
			'div',
			h('a.back', { href: `#/live/${this.camera.id}` }, icon('back'), this.camera.name),
			h('h1', 'Zones and lines'),
		);
		const bar = h('div.tools', { role: 'toolbar', 'aria-label': 'Drawing' }, zone, line, h('span.gap'), undo, redo);
		return h(
			'div.editor',
			h('header.head', title, h('div.save', this.state, save)),
			h(
				'div.board-side',
				bar,
				this.canvas.element,
				h(
					'p.quiet.keys',
					'Keys: Tab goes from point to point, arrows move one (with Shift further), Delete or a double tap removes it.',
				),
			),
			h('div.shapes', this.panel, this.spots),
		);
	}

	tools() {
		const button = (name, label, act, wordless = false) =>
			h(
				'button',
				{
					class: wordless ? 'tool wordless' : 'tool',
					'aria-label': label,
					title: label,
					onclick: act,
				},
				icon(name),
				!wordless && h('span', label),
			);
		return {
			zone: button('zone', 'Add zone', event => this.start('zone', event)),
			line: button('line', 'Add line', event => this.start('line', event)),
			undo: button('undo', 'Undo', () => this.step(() => this.drawing.undo()), true),
			redo: button('redo', 'Redo', () => this.step(() => this.drawing.redo()), true),
			save: h('button.primary', { onclick: () => this.save() }, 'Save'),
		};
	}

	/** With a pointer one draws; keys get a shape to move. @param {'zone' | 'line'} type @param {MouseEvent} event */
	start(type, event) {
		if (event.detail > 0) {
			this.canvas.use(this.canvas.tool === type ? '' : type);
			return;
		}
		this.canvas.use('');
		this.drawing.add(type, DEFAULTS[type]);
		this.canvas.changed();
		this.canvas.focusPoint(0);
	}

	/** @param {() => void} act */
	step(act) {
		act();
		this.refused = [];
		this.canvas.changed();
	}

	/** @param {KeyboardEvent} event */
	shortcut(event) {
		if (!(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
		const key = event.key.toLowerCase();
		if (key === 'z' && !event.shiftKey) this.step(() => this.drawing.undo());
		else if (key === 'y' || key === 'z') this.step(() => this.drawing.redo());
		else if (key === 's') this.save();
		else return;
		event.preventDefault();
	}

	get faults() {
		return [...this.drawing.faults, ...this.refused];
	}

	show() {
		const { undo, redo, zone, line, save } = this.buttons;
		const { faults } = this;
		undo.disabled = !this.drawing.past.length;
		redo.disabled = !this.drawing.future.length;
		zone.setAttribute('aria-pressed', String(this.canvas.tool === 'zone'));
		line.setAttribute('aria-pressed', String(this.canvas.tool === 'line'));
		save.disabled = !this.drawing.changed || faults.length > 0;
		this.say(
			faults.length
				? `Not right yet: ${faults.length === 1 ? 'one thing' : `${faults.length} things`} to mend`
				: this.drawing.changed
					? 'Not saved yet'
					: (this.said ?? ''),
			faults.length > 0,
		);
		this.list(faults);
	}

	/** @param {string} text @param {boolean} wrong */
	say(text, wrong = false) {
		this.state.dataset.wrong = String(wrong);
		if (this.state.textContent !== text) this.state.textContent = text;
	}

	/** @param {Fault[]} faults */
	list(faults) {
		fill(
			this.panel,
			this.drawing.shapes.length
				? h(
						'ul',
						this.drawing.shapes.map(shape => h('li', this.item(shape, faults))),
					)
				: this.nothing(),
			this.origin === 'drawn' &&
				h('button.plain', { onclick: () => this.reset() }, 'Back to what the configuration says'),
		);
	}

	nothing() {
		return h(
			'div.empty',
			h('h2', 'Nothing is drawn here'),
			h('p', 'A zone tells who is where: on the mat, on the stairs. A line counts who goes in and who goes out.'),
		);
	}

	/** @param {import('../zones/drawing.js').Shape} shape @param {Fault[]} faults */
	item(shape, faults) {
		const own = faults.filter(fault => fault.key === shape.key);
		const selected = shape.key === this.drawing.selected;
		const head = h(
			'button.shape-head',
			{
				'aria-expanded': String(selected),
				'data-focus': `shape-${shape.key}`,
				'data-wrong': String(own.length > 0),
				onclick: () => this.select(selected ? 0 : shape.key),
			},
			h('span', { class: `swatch ${shape.type} ${shape.kind}` }),
			h('span.shape-name', shape.name || 'No name'),
			h('span.quiet', shape.type === 'line' ? 'Line' : KINDS[shape.kind]),
		);
		return [
			head,
			selected &&
				shapeForm(shape, own, {
					edit: (part, step) => this.step(() => this.drawing.edit(part, step)),
					flip: () => this.step(() => this.drawing.flip()),
					remove: () => this.step(() => this.drawing.remove()),
				}),
		];
	}

	/** @param {number} key */
	select(key) {
		this.canvas.tool = '';
		this.drawing.selected = key;
		this.canvas.changed();
	}

	async save() {
		if (this.buttons.save.disabled) return;
		this.say('Saving');
		try {
			this.took(await api.saveOutline(this.camera.id, this.drawing.outline, this.draft.etag), 'Saved, and in force');
		} catch (error) {
			this.trouble(error);
		}
	}

	async reset() {
		if (!confirm('Remove what was drawn here, and use the zones and lines of the configuration again?')) return;
		try {
			this.took(await api.resetOutline(this.camera.id, this.draft.etag), 'As configured');
		} catch (error) {
			this.trouble(error);
		}
	}

	/** @param {{body: import('../api.js').Outline, etag: string}} answer @param {string} said */
	took({ body, etag }, said) {
		const selected = this.drawing.outline[this.drawing.current?.type === 'line' ? 'lines' : 'zones'].find(
			one => one.name === this.drawing.current?.name,
		)?.id;
		this.drawing.renew(body, selected);
		this.draft.etag = etag;
		this.origin = body.origin;
		this.refused = [];
		this.said = said;
		this.canvas.changed();
	}

	/** @param {unknown} error */
	trouble(error) {
		if (!(error instanceof Refused)) throw error;
		this.refused = error.faults.map(fault => this.drawing.placed(fault)).filter(fault => fault !== null);
		this.show();
		if (error.status === 412) this.say('Somebody else has changed it meanwhile: reload the page to see', true);
		else if (!this.refused.length) this.say(error.message, true);
	}
}

/** @type {Record<string, string>} */
const KINDS = { count: 'Counts', required: 'Required', ignore: 'Ignored' };
