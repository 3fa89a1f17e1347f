/** Things that look like people and never move: a coat, a statue; left out of account, and back. */

import { h, fill } from '../dom.js';
import { api } from '../api.js';
import { dayName, time } from '../format.js';
import { ignoreRefusal, tellRefusal } from '../store.js';

/**
 * The list of a camera's still things; empty and unseen while there are none.
 * @param {string} camera
 * @param {import('./canvas.js').Canvas} canvas shows where they are
 * @param {AbortSignal} signal
 */
export function spotList(camera, canvas, signal) {
	const list = h('ul');
	const element = h(
		'section.spots',
		{ hidden: true },
		h('h2', 'Stands still'),
		h('p.quiet', 'The detector takes these for people that never move.'),
		list,
	);
	const draw = spots => {
		canvas.spots = spots.filter(spot => spot.camera === camera && (spot.proposed || spot.suppressed));
		canvas.draw();
		element.hidden = !canvas.spots.length;
		fill(
			list,
			canvas.spots.map((spot, i) => h('li', item(spot, i, () => change(spot).catch(tellRefusal)))),
		);
	};
	// The camera hears of it a moment later, and tells when it did.
	const change = async ({ id, suppressed }) => {
		const { body } = await api.changeSpot(camera, id, !suppressed);
		draw(canvas.spots.map(spot => (spot.id === id ? body : spot)));
	};
	const show = async () => draw(await api.spots());
	canvas.store.after(['spots_changed'], signal, show);
	show().catch(ignoreRefusal);
	return element;
}

function item(spot, i, change) {
	return h(
		'div.spot',
		h(
			'div',
			h('p', `${i + 1}. ${spot.suppressed ? 'Left out of account' : 'Counts as a person'}`),
			h('p.quiet', `Since ${dayName(spot.since)}, ${time(spot.since)}`),
		),
		h(
			'button.chip',
			{ 'data-focus': `spot-${spot.id}`, onclick: change },
			spot.suppressed ? 'Count it' : 'Leave it out',
		),
	);
}
