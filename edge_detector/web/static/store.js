/** What is true now: told by the edge as it happens, and kept for every view. */

import { Refused, address, api } from './api.js';

/** @typedef {import('./api.js').Camera} Camera */

/** Between two tries to connect: at first, and at most. */
const RETRY_MS = 1000;
const RETRY_MOST_MS = 15000;
const SETTLE_MS = 400;
/** The edge had no time for us. */
const TOO_SLOW = 1013;

/** @typedef {{id: number, box: [number, number, number, number], score: number}} Person */

/** Tells `camera`, `people`, `outline` (the detail is the camera's id), `fact` (the message), `health` and `link`. */
export class Store extends EventTarget {
	constructor() {
		super();
		/** @type {Map<string, Camera>} */
		this.cameras = new Map();
		/** @type {Map<string, Person[]>} */
		this.people = new Map();
		/** @type {Map<string, import('./api.js').Outline>} */
		this.outlines = new Map();
		/** @type {any} */
		this.health = null;
		this.version = '';
		this.linked = false;
		this.wait = RETRY_MS;
	}

	/** Resolves when the first state is known. */
	async open() {
		const [cameras, outlines] = await Promise.all([api.cameras(), api.outlines()]);
		this.know(cameras);
		for (const outline of outlines.cameras) this.outlines.set(outline.camera, outline);
		this.connect();
	}

	/** @param {Camera[]} cameras */
	know(cameras) {
		this.cameras = new Map(cameras.map(camera => [camera.id, camera]));
	}

	connect() {
		const url = new URL(address('ws'));
		url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
		const socket = new WebSocket(url);
		socket.addEventListener('message', event => this.hear(JSON.parse(event.data)));
		socket.addEventListener('close', event => {
			this.link(false);
			setTimeout(() => this.connect(), event.code === TOO_SLOW ? 0 : this.wait);
			this.wait = Math.min(this.wait * 2, RETRY_MOST_MS);
		});
	}

	/** @param {any} message */
	hear(message) {
		switch (message.type) {
			case 'hello':
				this.version = message.version;
				this.wait = RETRY_MS;
				this.know(message.cameras);
				for (const id of this.cameras.keys()) this.tell('camera', id);
				this.healthy(message.health);
				this.link(true);
				break;
			case 'camera':
				this.cameras.set(message.id, message);
				this.tell('camera', message.id);
				break;
			case 'people':
				this.people.set(message.camera, message.people);
				this.tell('people', message.camera);
				break;
			case 'health':
				api.health().then(health => this.healthy(health), ignoreRefusal);
				break;
			case 'outline_changed':
				this.outlineChanged(message.camera);
				break;
			default:
				this.tell('fact', message);
		}
	}

	/** @param {any} health */
	healthy(health) {
		this.health = health;
		this.tell('health', health);
	}

	/** @param {string} camera */
	async outlineChanged(camera) {
		try {
			this.outlines.set(camera, (await api.outline(camera)).body);
		} catch (error) {
			ignoreRefusal(error);
		}
		this.tell('outline', camera);
	}

	/** @param {boolean} on */
	link(on) {
		if (this.linked === on) return;
		this.linked = on;
		this.tell('link', on);
	}

	/** @param {string} type @param {any} detail */
	tell(type, detail) {
		this.dispatchEvent(new CustomEvent(type, { detail }));
	}

	/**
	 * Listens until `signal` is aborted.
	 * @param {string} type
	 * @param {AbortSignal} signal
	 * @param {(detail: any) => void} listener
	 */
	on(type, signal, listener) {
		this.addEventListener(type, event => listener(event.detail), { signal });
	}

	/**
	 * Asks anew a moment after such facts, which come in bunches, and when the edge is back.
	 * @param {string[]} types
	 * @param {AbortSignal} signal
	 * @param {() => Promise<void>} ask
	 */
	after(types, signal, ask) {
		let timer = 0;
		const soon = () => {
			clearTimeout(timer);
			timer = setTimeout(() => signal.aborted || ask().catch(ignoreRefusal), SETTLE_MS);
		};
		this.on('fact', signal, ({ type }) => types.includes(type) && soon());
		this.on('link', signal, on => on && soon());
	}

	/** A camera's zone or line by its name, or its id when it has none. @param {string} camera @param {string} id */
	nameOf(camera, id) {
		const outline = this.outlines.get(camera);
		return [...(outline?.zones ?? []), ...(outline?.lines ?? [])].find(one => one.id === id)?.name || id;
	}
}

/** What the owner wanted and did not get is told. @param {unknown} error */
export function tellRefusal(error) {
	ignoreRefusal(error);
	alert(error.message);
}

/** What the edge cannot answer now is asked again later. @param {unknown} error */
export function ignoreRefusal(error) {
	if (!(error instanceof Refused)) throw error;
}
