/** A live picture of one camera with what is drawn over it; streams only while somebody can see it. */

import { h, s } from '../dom.js';
import { liveAddresses } from '../api.js';
import { shapesOf } from '../zones/drawing.js';
import { Player } from './player.js';
import { drawPerson, drawShape } from './overlay.js';

/** @typedef {import('../store.js').Person} Person */

const SHAPE = 16 / 9;
/** Pixels that have room for names alone. */
const NARROW = 480;
/** A crossed line glows this long. */
const GLOW_MS = 1600;
/** So long after the camera saw them the edge tells of people; the picture must not be held up for it. */
const ANALYSIS_S = 0.15;

export class Stage {
	/**
	 * @param {import('../api.js').Camera} camera
	 * @param {import('../store.js').Store} store
	 * @param {AbortSignal} signal
	 */
	constructor(camera, store, signal) {
		this.camera = camera;
		this.store = store;
		this.size = { width: 0, height: 0 };
		/** @type {Map<string, number>} */
		this.glowing = new Map();
		/** @type {Person[]} */
		this.people = store.people.get(camera.id) ?? [];
		this.shapes = this.outlined();
		this.overlay = s('svg.overlay', { 'aria-hidden': 'true' });
		this.veil = h('p.veil', camera.online ? '' : 'This camera delivers no pictures now');
		this.element = h('div.stage', this.overlay, this.veil);
		this.element.style.aspectRatio = String(camera.width && camera.height ? camera.width / camera.height : SHAPE);
		this.player = new Player(this.element, liveAddresses(camera), mode => this.modeIs(mode));
		this.watch(signal);
	}

	/** @param {AbortSignal} signal */
	watch(signal) {
		const { id } = this.camera;
		const sized = new ResizeObserver(() => this.measure());
		let visible = false;
		const follow = () => (visible && !document.hidden ? this.player.start() : this.player.stop());
		const seen = new IntersectionObserver(([entry]) => {
			visible = entry.isIntersecting;
			follow();
		});
		sized.observe(this.element);
		seen.observe(this.element);
		document.addEventListener('visibilitychange', follow, { signal });
		this.store.on('people', signal, camera => camera === id && this.see(this.store.people.get(id) ?? []));
		this.store.on('camera', signal, camera => camera === id && this.renew());
		this.store.on('outline', signal, camera => {
			if (camera !== id) return;
			this.shapes = this.outlined();
			this.draw();
		});
		this.store.on('fact', signal, fact => fact.type === 'line_crossed' && fact.camera === id && this.glow(fact.line));
		signal.addEventListener(
			'abort',
			() => {
				sized.disconnect();
				seen.disconnect();
				this.player.stop();
			},
			{ once: true },
		);
	}

	outlined() {
		const outline = this.store.outlines.get(this.camera.id);
		return outline ? shapesOf(outline) : [];
	}

	/** @param {import('./player.js').Mode} mode */
	modeIs(mode) {
		this.veil.textContent = mode === 'offline' ? 'This camera delivers no pictures now' : '';
	}

	measure() {
		this.size = { width: this.element.clientWidth, height: this.element.clientHeight };
		this.overlay.setAttribute('viewBox', `0 0 ${this.size.width} ${this.size.height}`);
		this.draw();
	}

	renew() {
		this.camera = this.store.cameras.get(this.camera.id) ?? this.camera;
		this.draw();
	}

	/** Shows people when the picture shows them, which may lag. @param {Person[]} people */
	see(people) {
		setTimeout(
			() => {
				this.people = people;
				this.draw();
			},
			Math.max(0, this.player.lag - ANALYSIS_S) * 1000,
		);
	}

	/** @param {string} line */
	glow(line) {
		this.glowing.set(line, Date.now() + GLOW_MS);
		this.draw();
		setTimeout(() => this.draw(), GLOW_MS + 20);
	}

	draw() {
		this.overlay.replaceChildren(
			...this.shapes.map(shape => this.drawn(shape)),
			...this.people.map(person => drawPerson(person, this.size)),
		);
	}

	/** A name and a figure, as far as there is room. @param {import('../zones/drawing.js').Shape} shape @param {string} figure */
	named(shape, figure) {
		return figure && this.size.width > NARROW ? `${shape.name} · ${figure}` : shape.name;
	}

	/** @param {import('../zones/drawing.js').Shape} shape */
	drawn(shape) {
		const { state } = this.camera;
		if (shape.type === 'line') {
			const passed = state.lines?.[shape.id] ?? { in: 0, out: 0 };
			const lit = (this.glowing.get(shape.id) ?? 0) > Date.now();
			return drawShape(shape, this.size, { lit, text: this.named(shape, `${passed.in} in ${passed.out} out`) });
		}
		const there = state.zones?.[shape.id]?.count ?? 0;
		return drawShape(shape, this.size, { lit: there > 0, text: this.named(shape, there ? String(there) : '') });
	}
}
