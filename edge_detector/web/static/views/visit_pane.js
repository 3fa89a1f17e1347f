/** One visit: its clip or picture, what is known of it, and the way to its neighbours. */

import { h, icon } from '../dom.js';
import { facts, segments } from '../controls.js';
import { clipAddress, snapshotAddress } from '../api.js';
import { bytes, dayName, duration, exact, percent, plural } from '../format.js';

/** @typedef {import('../store.js').Store} Store */

/** @typedef {import('../api.js').Visit} Visit */

/** @param {Visit} visit @param {Store} store @param {{list: string, later: string, earlier: string}} steps */
export function visitPane(visit, store, steps, autoplay) {
	const name = store.cameras.get(visit.camera)?.name ?? visit.camera;
	return [
		h(
			'header.pane-head',
			h('a.back', { href: steps.list }, icon('back'), 'All visits'),
			h('div.steps', step(steps.later, 'back', 'Later visit'), step(steps.earlier, 'next', 'Earlier visit')),
		),
		media(visit, name, autoplay),
		h('h2.pane-title', `${plural(visit.max_people, 'person', 'people')} at ${name}`),
		h('p.quiet', `${dayName(visit.started_at)}, ${exact(visit.started_at)}`),
		known(visit, store),
	];
}

function step(href, name, label) {
	return href
		? h('a.round', { href, 'aria-label': label, title: label }, icon(name))
		: h('span.round', { 'aria-hidden': 'true' }, icon(name));
}

function media(visit, name, autoplay) {
	const frame = h('div.media');
	const clips = visit.clips.filter(clip => clip.state !== 'failed');
	if (!clips.length) {
		frame.append(
			visit.snapshot
				? h('img', { src: snapshotAddress(visit.visit_id), alt: `The best picture of this visit at ${name}` })
				: h('p.empty', visit.ended_at ? 'No clip was kept of this visit' : 'The clip is being recorded'),
		);
		return frame;
	}
	const note = h('p.quiet', { hidden: true });
	const video = h('video', {
		controls: true,
		playsInline: true,
		autoplay,
		preload: 'metadata',
		src: clipAddress(visit.visit_id, clips[0].n),
		poster: visit.snapshot ? snapshotAddress(visit.visit_id) : '',
		'aria-label': `Clip of the visit at ${name}`,
	});
	video.muted = true;
	video.addEventListener('error', () => {
		note.hidden = false;
		note.textContent = `This clip cannot be played here. ${clips[0].uri ? `It lies in the archive: ${clips[0].uri}` : ''}`;
	});
	frame.append(video);
	return [frame, note, clips.length > 1 && clipPicker(visit, clips, video)];
}

function clipPicker(visit, clips, video) {
	const play = n => {
		video.src = clipAddress(visit.visit_id, n);
		video.play();
	};
	return segments(
		'Clip',
		clips.map((clip, i) => [String(clip.n), `Clip ${i + 1}`]),
		String(clips[0].n),
		n => play(Number(n)),
	);
}

function known(visit, store) {
	const zones = visit.zones.map(zone => store.nameOf(visit.camera, zone)).join(', ');
	const size = visit.clips.reduce((sum, clip) => sum + clip.bytes, 0);
	const stored = visit.clips.filter(clip => clip.state === 'stored').length;
	return facts([
		['Stayed', visit.ended_at ? duration(visit.duration_s) : 'Still there'],
		['Sure to', percent(visit.max_confidence)],
		['Zones', zones],
		[
			'Archive',
			visit.clips.length > 0 && `${stored} of ${plural(visit.clips.length, 'clip', 'clips')}, ${bytes(size)}`,
		],
		[
			'Save',
			visit.clips.length > 0 &&
				h(
					'a',
					{ href: clipAddress(visit.visit_id, visit.clips[0].n), download: `${visit.camera}-${visit.visit_id}.mp4` },
					'Download the clip',
				),
		],
	]);
}
