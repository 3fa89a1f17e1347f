/** Takes an MPEG transport stream apart as it comes: one video track, picture by picture. */

const PACKET = 188;
const SYNC = 0x47;
const PAT_PID = 0;
/** Ticks of the stream's clock in a second. */
export const CLOCK_HZ = 90000;
/** The clock has 33 bits and begins again after 26 hours. */
const WRAP = 2 ** 33;
/** Stream types of ISO 13818-1. */
const CODECS = new Map([
	[0x1b, 'h264'],
	[0x24, 'hevc'],
]);

/**
 * One encoded picture in Annex B form; times and duration in ticks of the clock.
 * @typedef {{codec: string, pts: number, dts: number, duration: number, data: Uint8Array}} Unit
 */

export class TsDemuxer {
	/** @param {(unit: Unit) => void} onUnit */
	constructor(onUnit) {
		this.onUnit = onUnit;
		this.rest = new Uint8Array(0);
		this.pmtPid = -1;
		this.videoPid = -1;
		this.codec = '';
		this.lastDts = 0;
		/** @type {{pts: number, dts: number} | null} */
		this.stamp = null;
		/** @type {Uint8Array[]} */
		this.parts = [];
	}

	/** Takes the next bytes, cut anywhere. @param {Uint8Array} chunk */
	push(chunk) {
		const data = this.rest.length ? joined([this.rest, chunk]) : chunk;
		let at = 0;
		for (; at + PACKET <= data.length; at += PACKET) {
			this.packet(data.subarray(at, at + PACKET));
		}
		this.rest = data.slice(at);
	}

	/** @param {Uint8Array} p */
	packet(p) {
		if (p[0] !== SYNC) throw new Error('this is no transport stream');
		const starts = (p[1] & 0x40) !== 0;
		const pid = ((p[1] & 0x1f) << 8) | p[2];
		const filled = (p[3] >> 4) & 3;
		if (!(filled & 1)) return;
		const payload = p.subarray(filled & 2 ? 5 + p[4] : 4);
		if (pid === PAT_PID && starts) this.pmtPid = pmtPid(payload);
		else if (pid === this.pmtPid && starts) this.program(payload);
		else if (pid === this.videoPid) this.video(payload, starts);
	}

	/** @param {Uint8Array} payload */
	program(payload) {
		const section = payload.subarray(1 + payload[0]);
		const end = 3 + (((section[1] & 0x0f) << 8) | section[2]) - 4;
		let at = 12 + (((section[10] & 0x0f) << 8) | section[11]);
		while (at < end) {
			const codec = CODECS.get(section[at]);
			if (codec) {
				this.codec = codec;
				this.videoPid = ((section[at + 1] & 0x1f) << 8) | section[at + 2];
				return;
			}
			at += 5 + (((section[at + 3] & 0x0f) << 8) | section[at + 4]);
		}
		throw new Error('the stream has no video that is known here');
	}

	/** @param {Uint8Array} payload @param {boolean} starts */
	video(payload, starts) {
		if (!starts) {
			if (this.stamp) this.parts.push(payload.slice());
			return;
		}
		const next = this.unwrapped(stamps(payload));
		if (this.stamp) this.emit(next.dts - this.stamp.dts);
		this.stamp = next;
		this.lastDts = next.dts;
		this.parts = [payload.slice(9 + payload[8])];
	}

	/** Times that go on after the clock has begun again. @param {{pts: number, dts: number}} given */
	unwrapped({ pts, dts }) {
		const turns = Math.round((this.lastDts - dts) / WRAP) * WRAP;
		return { dts: dts + turns, pts: pts + turns + (pts + WRAP / 2 < dts ? WRAP : 0) };
	}

	/** @param {number} duration */
	emit(duration) {
		const { pts, dts } = this.stamp;
		this.onUnit({ codec: this.codec, pts, dts, duration: Math.max(1, duration), data: joined(this.parts) });
	}
}

function pmtPid(payload) {
	const section = payload.subarray(1 + payload[0]);
	return ((section[10] & 0x1f) << 8) | section[11];
}

function stamps(pes) {
	if (!(pes[7] & 0x80)) throw new Error('a picture has no time');
	const pts = stamp(pes, 9);
	return { pts, dts: pes[7] & 0x40 ? stamp(pes, 14) : pts };
}

function stamp(pes, at) {
	return (
		((pes[at] >> 1) & 7) * 2 ** 30 +
		(pes[at + 1] << 22) +
		((pes[at + 2] >> 1) << 15) +
		(pes[at + 3] << 7) +
		(pes[at + 4] >> 1)
	);
}

/** @param {Uint8Array[]} parts @returns {Uint8Array} */
export function joined(parts) {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
