/** A visit as a row with its picture, wherever visits are listed. */

import { h, icon } from '../dom.js';
import { snapshotAddress } from '../api.js';
import { duration, exact, plural, time } from '../format.js';

/** @typedef {import('../api.js').Visit} Visit */
/** @typedef {import('../store.js').Store} Store */

/**
 * @param {Visit} visit
 * @param {Store} store
 * @param {string} href
 * @param {{current?: boolean, camera?: boolean}} [look]
 */
export function visitRow(visit, store, href, { current = false, camera = true } = {}) {
	const name = store.cameras.get(visit.camera)?.name ?? visit.camera;
	const zones = visit.zones.map(zone => store.nameOf(visit.camera, zone)).join(', ');
	const what = [plural(visit.max_people, 'person', 'people'), visit.ended_at ? duration(visit.duration_s) : 'now'];
	return h(
		'a.visit',
		{ href, 'data-visit': visit.visit_id, 'aria-current': current ? 'true' : null },
		thumb(visit),
		h(
			'span.visit-facts',
			h(
				'span.visit-time',
				h('time', { dateTime: visit.started_at, title: exact(visit.started_at) }, time(visit.started_at)),
				camera && h('span.visit-camera', name),
			),
			h('span.visit-what', [...what, zones].filter(Boolean).join(' · ')),
			clipState(visit),
		),
	);
}

function thumb(visit) {
	const frame = h('span.thumb');
	if (!visit.snapshot) return frame;
	const picture = h('img', { src: snapshotAddress(visit.visit_id), alt: '', loading: 'lazy', decoding: 'async' });
	picture.addEventListener('error', () => picture.remove(), { once: true }); // it is in a bucket that the edge cannot read
	frame.append(picture);
	return frame;
}

function clipState(visit) {
	if (!visit.clips.length) return null;
	const [failed, waiting] = ['failed', 'waiting'].map(state => visit.clips.some(clip => clip.state === state));
	const clips = visit.clips.length > 1 ? `${visit.clips.length} clips` : 'Clip';
	const text = failed ? 'Clip lost' : `${clips}${waiting ? ', not archived yet' : ''}`;
	return h('span.visit-clip', { 'data-state': failed ? 'failed' : waiting ? 'waiting' : 'stored' }, icon('play'), text);
}
