/** Packs encoded pictures as fragmented MP4, the only form that a browser's MediaSource takes everywhere. */

import { CLOCK_HZ, joined } from './ts.js';
import { u16, u32 } from './nal.js';

const TRACK = 1;
/** Flags of a sample: depends on nothing, or on others and is no place to begin. */
const KEY = 0x02000000;
const DELTA = 0x01010000;
const MATRIX = joined([0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000].map(u32));

function box(name, ...parts) {
	const body = joined(parts);
	return joined([u32(8 + body.length), Uint8Array.from(name, c => c.charCodeAt(0)), body]);
}

/** A box with version and flags. */
const full = (name, version, flags, ...parts) => box(name, u32(version * 2 ** 24 + flags), ...parts);

const zeros = count => new Uint8Array(count);
const u64 = n => joined([u32(Math.floor(n / 2 ** 32)), u32(n >>> 0)]);

/**
 * What comes before the first picture.
 * @param {{entry: string, box: string, record: Uint8Array}} told
 * @param {number} width
 * @param {number} height
 */
export function opening(told, width, height) {
	const entry = box(
		told.entry,
		zeros(6),
		u16(1),
		zeros(16),
		u16(width),
		u16(height),
		u32(0x480000),
		u32(0x480000),
		zeros(4),
		u16(1),
		zeros(32),
		u16(24),
		u16(0xffff),
		box(told.box, told.record),
	);
	const table = box(
		'stbl',
		full('stsd', 0, 0, u32(1), entry),
		full('stts', 0, 0, u32(0)),
		full('stsc', 0, 0, u32(0)),
		full('stsz', 0, 0, zeros(8)),
		full('stco', 0, 0, u32(0)),
	);
	const home = box('dinf', full('dref', 0, 0, u32(1), full('url ', 0, 1)));
	const media = box(
		'mdia',
		full('mdhd', 0, 0, zeros(8), u32(CLOCK_HZ), u32(0), u16(0x55c4), u16(0)),
		full(
			'hdlr',
			0,
			0,
			zeros(4),
			Uint8Array.from('vide', c => c.charCodeAt(0)),
			zeros(13),
		),
		box('minf', full('vmhd', 0, 1, zeros(8)), home, table),
	);
	const header = full(
		'tkhd',
		0,
		3,
		zeros(8),
		u32(TRACK),
		zeros(20),
		zeros(4),
		MATRIX,
		u16(width),
		u16(0),
		u16(height),
		u16(0),
	);
	const movie = full(
		'mvhd',
		0,
		0,
		zeros(8),
		u32(CLOCK_HZ),
		u32(0),
		u32(0x10000),
		u16(0x100),
		zeros(10),
		MATRIX,
		zeros(24),
		u32(TRACK + 1),
	);
	const fragments = box('mvex', full('trex', 0, 0, u32(TRACK), u32(1), zeros(12)));
	return joined([
		box(
			'ftyp',
			Uint8Array.from('iso5\0\0\0\0iso5mp41', c => c.charCodeAt(0)),
		),
		box('moov', movie, box('trak', header, media), fragments),
	]);
}

/**
 * One picture.
 * @param {number} number counts from 1
 * @param {{pts: number, dts: number, duration: number}} unit
 * @param {{key: boolean, data: Uint8Array}} shown
 */
export function fragment(number, unit, shown) {
	// What a sample brings: offset of the data, then duration, size, flags and the offset from decoding to showing.
	const run = offset =>
		full(
			'trun',
			1,
			0x000f01,
			u32(1),
			u32(offset),
			u32(unit.duration),
			u32(shown.data.length),
			u32(shown.key ? KEY : DELTA),
			u32(unit.pts - unit.dts),
		);
	const moof = offset =>
		box(
			'moof',
			full('mfhd', 0, 0, u32(number)),
			box('traf', full('tfhd', 0, 0x020000, u32(TRACK)), full('tfdt', 1, 0, u64(unit.dts)), run(offset)),
		);
	return joined([moof(moof(0).length + 8), box('mdat', shown.data)]);
}
