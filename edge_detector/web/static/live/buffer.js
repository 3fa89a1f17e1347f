/** One live stream in a browser's MediaSource: pictures go in, the video stays close to now. */

import { description, picture } from './nal.js';
import { fragment, opening } from './fmp4.js';

/** Further behind than this, the video jumps. */
const JUMP_S = 2;
/** Further behind than this it hurries, nearer than that it dawdles: who has run dry waits for long. */
const HURRY_S = 0.8;
const DAWDLE_S = 0.25;
const HASTE = 0.07;
/** So much is kept before now, for the browser's own sake. */
const KEEP_S = 12;
/** Where the video begins behind the newest picture. */
const CUSHION_S = 0.45;

/** The browser's MediaSource; an iPhone has only the managed one. */
const Source = window.ManagedMediaSource ?? window.MediaSource;

/** Whether the browser can be fed at all; what codec it takes is known when the stream begins. */
export const canFeed = () => Source !== undefined;

/** The browser cannot show this kind of stream, however often it is asked. */
export class Unplayable extends Error {}

export class LiveBuffer {
	/** @param {HTMLVideoElement} video @param {{width: number, height: number}} size */
	constructor(video, size) {
		this.video = video;
		this.size = size;
		this.source = new Source();
		this.number = 0;
		/** @type {SourceBuffer | null} */
		this.buffer = null;
		/** @type {Uint8Array[]} */
		this.waiting = [];
		this.sets = new Map();
		this.failed = false;
		this.opened = new Promise(resolve => this.source.addEventListener('sourceopen', resolve, { once: true }));
		video.disableRemotePlayback = true; // the managed source wants it
		this.address = URL.createObjectURL(this.source);
		video.src = this.address;
	}

	/** @param {import('./ts.js').Unit} unit */
	add(unit) {
		const shown = picture(unit.codec, unit.data);
		const changed = [...shown.sets].some(([type, set]) => !same(this.sets.get(type), set));
		for (const [type, set] of shown.sets) this.sets.set(type, set.slice());
		if (changed || !this.buffer) this.describe(unit.codec);
		if (!this.buffer || shown.data.length === 0) return;
		this.number += 1;
		this.waiting.push(fragment(this.number, unit, shown));
		this.feed();
	}

	/** @param {string} codec */
	describe(codec) {
		const told = description(codec, this.sets);
		if (!told) return;
		const type = `video/mp4; codecs="${told.codec}"`;
		if (!Source.isTypeSupported(type)) throw new Unplayable(type);
		if (!this.buffer) {
			this.buffer = this.source.addSourceBuffer(type);
			this.buffer.addEventListener('updateend', () => this.updated());
			this.buffer.addEventListener('error', () => {
				this.failed = true;
			});
		} else {
			this.buffer.changeType?.(type);
		}
		this.waiting.push(opening(told, this.size.width || 1280, this.size.height || 720));
	}

	feed() {
		const { buffer } = this;
		if (!buffer || buffer.updating || this.source.readyState !== 'open') return;
		const next = this.waiting.shift();
		if (!next) return;
		try {
			buffer.appendBuffer(next);
		} catch (error) {
			if (error.name !== 'QuotaExceededError') throw error;
			this.waiting.unshift(next);
			this.trim(1);
		}
	}

	updated() {
		this.follow();
		if (!this.trim(KEEP_S)) this.feed();
	}

	/** Seconds that the video is behind the newest picture. */
	get lag() {
		const { buffered, currentTime } = this.video;
		return buffered.length ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : 0;
	}

	follow() {
		const { video } = this;
		if (!video.buffered.length) return;
		const newest = video.buffered.end(video.buffered.length - 1);
		const oldest = video.buffered.start(video.buffered.length - 1);
		// A browser that has run dry wants seconds before it goes on by itself; it goes on at once where it is put.
		const stuck = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && this.lag > 1.5 * CUSHION_S;
		if (stuck || this.lag > JUMP_S || video.currentTime < oldest)
			video.currentTime = Math.max(oldest, newest - CUSHION_S);
		video.playbackRate = 1 + HASTE * (Number(this.lag > HURRY_S) - Number(this.lag < DAWDLE_S));
		if (video.paused) video.play().catch(() => {}); // the tab is hidden or the owner must tap first
	}

	/** Lets go of what was seen. @param {number} keep seconds before now */
	trim(keep) {
		const { buffer, video } = this;
		if (!buffer || buffer.updating || !video.buffered.length) return false;
		const end = video.currentTime - keep;
		if (end - video.buffered.start(0) < keep) return false;
		buffer.remove(0, end);
		return true;
	}

	close() {
		URL.revokeObjectURL(this.address);
		this.video.removeAttribute('src');
		this.video.load();
	}
}

const same = (a, b) => a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
