/** What happens now: every camera live, who is there, and the latest visits. */

import { h, icon, fill } from '../dom.js';
import { api } from '../api.js';
import { dayKey, dayStart, plural, time } from '../format.js';
import { Stage } from '../live/stage.js';
import { ignoreRefusal } from '../store.js';
import { visitRow } from './visit_list.js';

/** @typedef {import('../store.js').Store} Store */
/** @typedef {import('../api.js').Camera} Camera */

const LATEST = 8;
const listed = new Intl.ListFormat('en-GB');

/** @param {import('../app.js').Visit} context @returns {import('../app.js').View} */
export function liveView({ parts, store, signal }) {
	const all = [...store.cameras.values()];
	const cameras = parts[0] && store.cameras.has(parts[0]) ? all.filter(camera => camera.id === parts[0]) : all;
	const title = h('h1.now');
	const tally = h('p.quiet');
	const head = () =>
		fill(title, h('span.lamp', { 'data-lit': String(anybody(store, cameras)) }), sentence(store, cameras));
	store.on('camera', signal, head);
	head();
	const tiles = h(
		'div.tiles',
		cameras.map(camera => tile(camera, store, signal, all.length > 1)),
	);
	const back = cameras.length < all.length && h('a.back', { href: '#/live' }, icon('back'), 'All cameras');
	const side = h('aside.latest', { 'aria-labelledby': 'latest' });
	latest(side, tally, store, signal, parts[0]).catch(ignoreRefusal);
	return {
		title: 'Live',
		element: h('div.live', h('header.head', h('div', back, title, tally)), tiles, side),
	};
}

const here = (store, cameras) => cameras.map(({ id }) => store.cameras.get(id)).filter(camera => camera?.state.person);

const anybody = (store, cameras) => here(store, cameras).length > 0;

function sentence(store, cameras) {
	const there = here(store, cameras);
	if (!there.length && cameras.length !== 1) return 'Nobody is there';
	const { id, name } = cameras[0];
	if (!there.length) return `${store.cameras.get(id)?.online ? 'Nobody' : 'No pictures'} at ${name}`;
	const names = listed.format(there.map(camera => camera?.name ?? ''));
	const people = there.reduce((sum, camera) => sum + (camera?.state.count ?? 0), 0);
	return `${people > 1 ? plural(people, 'person', 'people') : 'Somebody'} at ${names}`;
}

function tile(camera, store, signal, linked) {
	const stage = new Stage(camera, store, signal);
	const now = h('p.tile-now');
	const counts = h('ul.counts', { 'aria-label': 'Zones and lines' });
	const element = h('article.tile', { 'aria-label': camera.name });
	const tell = () => {
		const { online, state } = store.cameras.get(camera.id) ?? camera;
		element.dataset.lit = String(state.person);
		fill(
			counts,
			countsOf(camera.id, state, store).map(text => h('li', text)),
		);
		fill(now, h('span.lamp', { 'data-lit': String(state.person) }), words(online, state));
	};
	store.on('camera', signal, id => id === camera.id && tell());
	store.on('outline', signal, tell);
	tell();
	const name = linked ? h('a', { href: `#/live/${camera.id}` }, camera.name) : camera.name;
	return fill(
		element,
		stage.element,
		h(
			'footer.tile-foot',
			h('div', h('h2', name), now),
			h('a.chip', { href: `#/zones/${camera.id}` }, icon('zone'), 'Zones'),
			counts,
		),
	);
}

/** Who is in which zone, and who went over which line. */
function countsOf(camera, state, store) {
	const zones = Object.entries(state.zones ?? {}).map(([id, { count }]) => `${store.nameOf(camera, id)} ${count}`);
	const lines = Object.entries(state.lines ?? {}).map(
		([id, passed]) => `${store.nameOf(camera, id)} ${passed.in} in, ${passed.out} out`,
	);
	return [...zones, ...lines];
}

function words(online, state) {
	if (!online) return 'No pictures';
	if (!state.person) return 'Nobody';
	if (!state.count) return 'Just gone';
	return `${plural(state.count, 'person', 'people')}${state.since ? `, since ${time(state.since)}` : ''}`;
}

async function latest(side, tally, store, signal, camera) {
	const show = async () => {
		const [{ visits }, today] = await Promise.all([
			api.visits({ camera, limit: LATEST }),
			api.traffic({ camera, from: dayStart(dayKey(new Date())).toISOString(), bucket: 'day' }),
		]);
		if (signal.aborted) return;
		const { total } = today;
		const crossed = total.in + total.out ? `, ${total.in} in and ${total.out} out` : '';
		fill(tally, `Today ${plural(total.visits, 'visit', 'visits')}${crossed}`);
		fill(
			side,
			h('h2', { id: 'latest' }, 'Latest visits'),
			visits.length
				? h(
						'ol.visits',
						visits.map(visit => h('li', visitRow(visit, store, `#/visits/${visit.visit_id}`))),
					)
				: h('p.quiet', 'Nobody has come yet. Whoever does appears here.'),
		);
	};
	store.after(['visit_started', 'visit_ended', 'clip_saved', 'line_crossed'], signal, show);
	await show();
}
