/** What H.264 and H.265 pictures are made of: their units, and the description that a decoder wants first. */

import { joined } from './ts.js';

/** Types of units, by codec: parameter sets in the order of the description, the delimiter, and key pictures. */
const KINDS = {
	h264: { type: byte => byte & 0x1f, sets: [7, 8], delimiter: 9, key: [5, 5] },
	hevc: { type: byte => (byte >> 1) & 0x3f, sets: [32, 33, 34], delimiter: 35, key: [16, 23] },
};

/**
 * A picture ready for MP4; `sets` are its parameter sets by type.
 * @typedef {{key: boolean, data: Uint8Array, sets: Map<number, Uint8Array>}} Picture
 */

/**
 * Turns an Annex B picture into length-prefixed units, parameter sets and delimiters left out.
 * @param {string} codec
 * @param {Uint8Array} data
 * @returns {Picture}
 */
export function picture(codec, data) {
	const kind = KINDS[codec];
	const sets = new Map();
	const parts = [];
	let key = false;
	for (const unit of units(data)) {
		const type = kind.type(unit[0]);
		if (kind.sets.includes(type)) sets.set(type, unit);
		else if (type !== kind.delimiter) parts.push(u32(unit.length), unit);
		key ||= type >= kind.key[0] && type <= kind.key[1];
	}
	return { key, data: joined(parts), sets };
}

/**
 * What a decoder is told before the first picture; null while parameter sets are missing.
 * @param {string} codec
 * @param {Map<number, Uint8Array>} sets
 * @returns {{codec: string, entry: string, box: string, record: Uint8Array} | null}
 */
export function description(codec, sets) {
	const kind = KINDS[codec];
	const found = kind.sets.map(type => sets.get(type));
	if (found.some(set => set === undefined)) return null;
	return codec === 'h264' ? avc(found) : hevc(found);
}

function avc([sps, pps]) {
	const record = joined([
		Uint8Array.of(1, sps[1], sps[2], sps[3], 0xff, 0xe1),
		u16(sps.length),
		sps,
		Uint8Array.of(1),
		u16(pps.length),
		pps,
	]);
	return { codec: `avc1.${[...sps.subarray(1, 4)].map(hex2).join('')}`, entry: 'avc1', box: 'avcC', record };
}

function hevc(sets) {
	// After the unit's header and one byte: profile, 4 bytes of compatibility, 6 of constraints, level.
	const profile = unescaped(sets[1]).subarray(3, 15);
	const ten = (profile[0] & 0x1f) === 2 ? 2 : 0; // Main 10 has two bits more
	const arrays = sets.map((set, i) => joined([Uint8Array.of(0x80 | (32 + i), 0, 1), u16(set.length), set]));
	const record = joined([
		Uint8Array.of(1),
		profile,
		Uint8Array.of(0xf0, 0, 0xfc, 0xfd, 0xf8 | ten, 0xf8 | ten, 0, 0, 0x0f, 3),
		...arrays,
	]);
	return { codec: hevcName(profile), entry: 'hvc1', box: 'hvcC', record };
}

function hevcName(profile) {
	let compatible = 0;
	for (let bit = 0; bit < 32; bit++) {
		if (profile[1 + (bit >> 3)] & (0x80 >> (bit & 7))) compatible += 2 ** bit;
	}
	const constraints = [...profile.subarray(5, 11)];
	while (constraints.length > 1 && constraints.at(-1) === 0) constraints.pop();
	const space = ['', 'A', 'B', 'C'][profile[0] >> 6];
	const tier = profile[0] & 0x20 ? 'H' : 'L';
	const more = constraints.map(byte => byte.toString(16).toUpperCase()).join('.');
	return `hvc1.${space}${profile[0] & 0x1f}.${compatible.toString(16).toUpperCase()}.${tier}${profile[11]}.${more}`;
}

/** The units of an Annex B picture, without their start codes. */
function units(data) {
	const found = [];
	let start = -1;
	let zeros = 0;
	for (let i = 0; i < data.length; i++) {
		if (data[i] === 0) {
			zeros++;
		} else {
			if (data[i] === 1 && zeros >= 2) {
				if (start >= 0) found.push(data.subarray(start, i - zeros));
				start = i + 1;
			}
			zeros = 0;
		}
	}
	if (start >= 0) found.push(data.subarray(start, data.length - zeros));
	return found.filter(unit => unit.length > 0);
}

/** A unit without the bytes that keep start codes out of it. */
function unescaped(unit) {
	return Uint8Array.from(unit.filter((byte, i) => !(byte === 3 && i > 1 && unit[i - 1] === 0 && unit[i - 2] === 0)));
}

/** @param {number} n */
export const u16 = n => Uint8Array.of(n >> 8, n);
/** @param {number} n */
export const u32 = n => Uint8Array.of(n >>> 24, n >>> 16, n >>> 8, n);
const hex2 = n => n.toString(16).padStart(2, '0');
