/** What may change while the edge runs, and how this page looks. */

import { h, fill } from '../dom.js';
import { segments } from '../controls.js';
import { Refused, api } from '../api.js';
import { percent } from '../format.js';

/** @type {[string, string, string][]} */
const SWITCHES = [
	['armed', 'Armed', 'Look for people. Off: the camera is live, and nothing is kept.'],
	['record', 'Record', 'Keep a clip of each visit.'],
	['upload', 'Upload', 'Bring clips and pictures to the archive.'],
];
/** @type {[string, string, number, (n: number) => string][]} */
const FIGURES = [
	['confidence', 'How sure the detector must be', 0.01, percent],
	['max_clip_s', 'Longest clip', 1, n => `${n} s`],
	['min_clip_gap_s', 'Between two clips', 5, n => `${n} s`],
];
/** @type {[string, string][]} */
const THEMES = [
	['auto', 'As the device'],
	['light', 'Light'],
	['dark', 'Dark'],
];

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function settingsView({ store, signal }) {
	const all = await api.settings();
	const cards = all.map(settings => cameraCard(settings, store, signal));
	return {
		title: 'Settings',
		element: h('div.settings', h('header.head', h('h1', 'Settings')), h('div.cards.two', cards, pageCard())),
	};
}

function cameraCard(given, store, signal) {
	const { camera } = given;
	const said = h('p.save-state', { role: 'status' });
	const fields = h('div.fields');
	const change = async part => {
		try {
			draw((await api.change(camera, part)).body.settings);
			say(said, 'Saved, and in force');
		} catch (error) {
			if (!(error instanceof Refused)) throw error;
			say(said, error.message, true);
			draw(given.settings);
		}
	};
	const draw = settings => {
		given.settings = settings;
		fill(
			fields,
			SWITCHES.map(([name, label, about]) =>
				toggle(`${camera}-${name}`, label, about, settings[name], on => change({ [name]: on })),
			),
			FIGURES.map(([name, label, step, words]) =>
				slider(`${camera}-${name}`, label, settings[name], step, given.bounds[name], words, n => change({ [name]: n })),
			),
		);
	};
	draw(given.settings);
	const differs = settings => Object.entries(given.settings).some(([name, value]) => settings[name] !== value);
	store.on('fact', signal, ({ type, ...fact }) => {
		if (type === 'settings_changed' && fact.camera === camera && differs(fact.settings)) draw(fact.settings);
	});
	return h(
		'section.card',
		h('header.card-head', h('h2', store.cameras.get(camera)?.name ?? camera), said),
		fields,
		orders(camera, said),
	);
}

function say(place, text, wrong = false) {
	place.dataset.wrong = String(wrong);
	place.textContent = text;
}

function toggle(id, label, about, on, change) {
	const input = h('input', {
		type: 'checkbox',
		role: 'switch',
		id,
		'data-focus': id,
		checked: on,
		'aria-describedby': `${id}-about`,
		onchange: () => change(input.checked),
	});
	return h(
		'div.toggle',
		h('div', h('label', { htmlFor: id }, label), h('p.quiet', { id: `${id}-about` }, about)),
		input,
	);
}

function slider(id, label, value, step, [min, max], words, change) {
	const shown = h('output', { htmlFor: id }, words(value));
	const input = h('input', {
		type: 'range',
		id,
		'data-focus': id,
		min,
		max,
		step,
		value,
		'aria-valuetext': words(value),
		onchange: () => change(Number(input.value)),
	});
	input.addEventListener('input', () => {
		shown.textContent = words(Number(input.value));
		input.ariaValueText = shown.textContent;
	});
	return h('div.slider', h('div', h('label', { htmlFor: id }, label), shown), input);
}

function orders(camera, said) {
	const button = (action, label, done) =>
		h(
			'button.chip',
			{
				onclick: () =>
					api.order(camera, action).then(
						() => say(said, done),
						error => say(said, error.message, true),
					),
			},
			label,
		);
	return h(
		'div.orders',
		button('snapshot', 'Take a picture', 'The picture is on its way'),
		button('test_clip', 'Record a test clip', 'Recording'),
	);
}

function pageCard() {
	const choose = theme => {
		localStorage.setItem('porchlight-theme', theme);
		dispatchEvent(new Event('porchlight-theme'));
	};
	return h(
		'section.card',
		h('h2', 'This page'),
		segments('Look', THEMES, document.documentElement.dataset.choice ?? 'auto', choose, true),
		h('p', h('a', { href: 'api/v1/docs' }, 'The API, call by call')),
		h('form', { method: 'post', action: 'logout' }, h('button.chip', 'Log out of this browser')),
	);
}
