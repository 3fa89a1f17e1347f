/** The page's frame: one view at a time, picked by the address behind `#`. */

import { h, icon, fill } from './dom.js';
import { Store } from './store.js';
import { plural } from './format.js';
import { liveView } from './views/live.js';
import { zonesView } from './views/zones.js';
import { visitsView } from './views/visits.js';
import { trafficView } from './views/traffic.js';
import { systemView } from './views/system.js';
import { settingsView } from './views/settings.js';

/**
 * What a view is given: `parts` and `query` of its address, the store, and a signal for when it is left.
 * @typedef {{parts: string[], query: URLSearchParams, store: Store, signal: AbortSignal}} Visit
 * @typedef {{title: string, element: HTMLElement}} View
 */

/** @type {Record<string, (context: Visit) => View | Promise<View>>} */
const VIEWS = {
	live: liveView,
	zones: zonesView,
	visits: visitsView,
	traffic: trafficView,
	system: systemView,
	settings: settingsView,
};
const TABS = [
	['live', 'Live'],
	['visits', 'Visits'],
	['traffic', 'Traffic'],
	['system', 'Health'],
	['settings', 'Settings'],
];

const store = new Store();
const main = document.getElementById('main');
const nav = document.getElementById('nav');
let leaving = new AbortController();
let shown = '';

/** The address behind `#`: parts and query. */
function place() {
	const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
	const parts = path.split('/').filter(Boolean).map(decodeURIComponent);
	return { name: parts[0] ?? 'live', parts: parts.slice(1), query: new URLSearchParams(query) };
}

async function show() {
	if (location.hash && !location.hash.startsWith('#/')) return; // a link within the view, such as the skip link
	const { name, parts, query } = place();
	leaving.abort();
	leaving = new AbortController();
	const { signal } = leaving;
	let view;
	try {
		view = await (VIEWS[name] ?? VIEWS.live)({ parts, query, store, signal });
	} catch (error) {
		view = trouble(error);
	}
	if (signal.aborted) return;
	const focused = focusKey();
	fill(main, view.element);
	document.title = `${view.title} · Porchlight`;
	for (const tab of nav.querySelectorAll('a')) {
		const here = tab.dataset.view === (name === 'zones' ? 'live' : name);
		if (here) tab.setAttribute('aria-current', 'page');
		else tab.removeAttribute('aria-current');
	}
	// Whoever steps through one view stays where they are.
	if (shown === name) refocus(focused);
	else if (shown) {
		main.focus({ preventScroll: true });
		scrollTo(0, 0);
	}
	shown = name;
}

/** Where the focus is that `fill` does not put back by itself. */
function focusKey() {
	const active = document.activeElement;
	if (!(active instanceof HTMLElement) || active === main || !main.contains(active)) return '';
	return active.closest('.visit') ? 'visit' : (active.getAttribute('aria-label') ?? 'main');
}

/** Puts the focus where it was before the view was drawn anew. */
function refocus(key) {
	if (!key || main.contains(document.activeElement)) return;
	const same = [...main.querySelectorAll('[aria-label]')].find(one => one.getAttribute('aria-label') === key);
	const place = key === 'visit' ? main.querySelector('.visit[aria-current]') : same;
	(place?.checkVisibility() ? place : main).focus({ preventScroll: true });
}

function trouble(error) {
	console.error(error);
	const again = h('button.primary', { onclick: show }, 'Try again');
	return {
		title: 'Trouble',
		element: h('section.empty', h('h1', 'This did not work'), h('p', error.message), again),
	};
}

/** Tells who is there to those who do not see it. */
function announce() {
	const announcer = document.getElementById('announcer');
	const counts = new Map();
	store.addEventListener('camera', event => {
		const camera = store.cameras.get(event.detail);
		if (!camera) return;
		const { count } = camera.state;
		if (counts.has(camera.id) && counts.get(camera.id) !== count) {
			fill(announcer, `${camera.name}: ${count ? plural(count, 'person', 'people') : 'nobody'}`);
		}
		counts.set(camera.id, count);
	});
}

function watchLink() {
	const state = document.getElementById('link-state');
	const tell = () => {
		state.dataset.linked = String(store.linked);
		fill(state, h('span.dot'), store.linked ? 'Connected' : 'Connecting');
	};
	store.addEventListener('link', tell);
	tell();
}

async function begin() {
	fill(
		nav,
		TABS.map(([name, label]) => h('a', { href: `#/${name}`, 'data-view': name }, icon(name), h('span', label))),
	);
	watchLink();
	announce();
	try {
		await store.open();
	} catch (error) {
		fill(main, trouble(error).element);
		main.querySelector('button')?.addEventListener('click', () => location.reload());
		return;
	}
	addEventListener('hashchange', show);
	await show();
}

begin();
