/** Shows a camera live: its own stream where the browser can play it, single pictures where it cannot. */

import { h } from '../dom.js';
import { LiveBuffer, Unplayable, canFeed } from './buffer.js';
import { TsDemuxer } from './ts.js';

/** Before a stream that ended is asked for again. */
const RETRY_MS = 1500;
/** A still picture where no stream is to be had. */
const STILL_MS = 2000;
/** A browser opens six connections to one host: these many for streams leave room for all the rest. */
const STREAMS = 4;
/** Streams that break this often before they show anything give way to pictures. */
const TRIES = 3;

let streaming = 0;

/**
 * @typedef {'waiting' | 'stream' | 'pictures' | 'stills' | 'offline'} Mode
 */

export class Player {
	/**
	 * @param {HTMLElement} stage where the picture goes
	 * @param {{live: string, mjpeg: string, still: string, size: {width: number, height: number}, label: string}} camera
	 * @param {(mode: Mode) => void} onMode
	 */
	constructor(stage, camera, onMode = () => {}) {
		this.stage = stage;
		this.camera = camera;
		this.onMode = onMode;
		/** @type {AbortController | null} */
		this.stopper = null;
		/** @type {LiveBuffer | null} */
		this.buffer = null;
		this.broken = 0;
		this.playable = canFeed();
		this.picture = h('img.picture', { alt: camera.label, hidden: true });
		this.video = h('video.picture', {
			muted: true,
			autoplay: true,
			playsInline: true,
			hidden: true,
			'aria-label': camera.label,
		});
		this.video.muted = true;
		this.video.addEventListener('playing', () => this.show(this.video, 'stream'));
		stage.prepend(this.picture, this.video);
	}

	/** Seconds that the picture is behind the camera. */
	get lag() {
		return this.mode === 'stream' ? (this.buffer?.lag ?? 0) : 0;
	}

	start() {
		if (this.stopper) return;
		this.stopper = new AbortController();
		this.run(this.stopper.signal).catch(error => {
			if (error.name !== 'AbortError') throw error;
		});
	}

	stop() {
		this.stopper?.abort();
		this.stopper = null;
	}

	/** @param {AbortSignal} signal */
	async run(signal) {
		await this.still(signal);
		while (!signal.aborted) {
			if (streaming >= STREAMS) {
				await this.still(signal);
				await pause(STILL_MS, signal);
				continue;
			}
			streaming += 1;
			try {
				if (this.playable) await this.stream(signal);
				else await this.pictures(signal);
			} catch (error) {
				if (signal.aborted) return;
				this.failed(error);
			} finally {
				streaming -= 1;
				this.buffer?.close();
				this.buffer = null;
			}
			await pause(RETRY_MS, signal);
		}
	}

	/** @param {Error} error */
	failed(error) {
		this.broken += 1;
		if (error instanceof Unplayable || this.broken >= TRIES) this.playable = false;
		if (error instanceof Offline) this.tell('offline');
	}

	/** @param {AbortSignal} signal */
	async stream(signal) {
		const answer = await opened(this.camera.live, signal);
		const buffer = new LiveBuffer(this.video, this.camera.size);
		this.buffer = buffer;
		await buffer.opened;
		const demuxer = new TsDemuxer(unit => buffer.add(unit));
		const reader = answer.body.getReader();
		for (;;) {
			const { value, done } = await reader.read();
			if (done) return;
			demuxer.push(value);
			if (buffer.failed || this.video.error) throw new Error('the browser cannot decode the stream');
		}
	}

	/** The pictures that are analysed, one after the other, until the camera goes. @param {AbortSignal} signal */
	async pictures(signal) {
		await (await opened(this.camera.still, signal)).blob();
		const { picture } = this;
		const ended = new Promise((resolve, reject) => {
			picture.addEventListener('error', resolve, { once: true });
			signal.addEventListener('abort', reject, { once: true });
		});
		picture.addEventListener('load', () => this.show(picture, 'pictures'), { once: true });
		picture.src = stamped(this.camera.mjpeg);
		await ended.finally(() => picture.removeAttribute('src'));
	}

	/** One picture of now. @param {AbortSignal} signal */
	async still(signal) {
		const { picture } = this;
		const settled = new Promise(resolve => {
			picture.addEventListener('load', () => resolve(true), { once: true });
			picture.addEventListener('error', () => resolve(false), { once: true });
			signal.addEventListener('abort', () => resolve(false), { once: true });
		});
		picture.src = stamped(this.camera.still);
		if (await settled) this.show(picture, 'stills');
	}

	/** @param {HTMLElement} shown @param {Mode} mode */
	show(shown, mode) {
		if (mode === 'stream') this.broken = 0;
		this.picture.hidden = shown !== this.picture;
		this.video.hidden = shown !== this.video;
		this.tell(mode);
	}

	/** @param {Mode} mode */
	tell(mode) {
		this.mode = mode;
		this.stage.dataset.mode = mode;
		this.onMode(mode);
	}
}

class Offline extends Error {}

async function opened(address, signal) {
	const answer = await fetch(address, { signal });
	if (answer.ok) return answer;
	await answer.body?.cancel();
	throw new Offline(String(answer.status));
}

/** A new address for the same, so that no old picture is shown. */
const stamped = address => `${address}?t=${Date.now()}`;

function pause(ms, signal) {
	return new Promise(resolve => {
		const timer = setTimeout(resolve, ms);
		signal.addEventListener(
			'abort',
			() => {
				clearTimeout(timer);
				resolve(undefined);
			},
			{ once: true },
		);
	});
}
