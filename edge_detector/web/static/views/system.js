/** How the edge is: detector, delivery, machine, cameras, and the end of its log. */

import { h, fill } from '../dom.js';
import { facts, table } from '../controls.js';
import { api } from '../api.js';
import { bytes, count, duration, exact, plural } from '../format.js';

const LOG_LINES = 200;
const AGAIN_MS = 5000;

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function systemView({ store, signal }) {
	const cards = h('div.cards');
	const show = () =>
		fill(cards, store.health ? cardsOf(store.health) : h('p.quiet', 'The edge has just started.'), camerasCard(store));
	store.on('health', signal, show);
	store.on('camera', signal, show);
	show();
	const log = h('section.card.log');
	await follow(log, signal);
	return {
		title: 'Health',
		element: h(
			'div.system',
			h('header.head', h('h1', 'Health'), h('p.quiet', `Porchlight ${store.version}`)),
			cards,
			log,
		),
	};
}

function cardsOf({
	detector,
	outbox,
	cpu_percent: cpu,
	memory_bytes: memory,
	temperature_c: temperature,
	throttled,
	disk_free_bytes: disk,
	uptime_s: uptime,
}) {
	return [
		card('Detector', ...(detector.inference_ms ? [`${Math.round(detector.inference_ms)} ms`, 'a picture'] : ['Idle', '']), [
			['Model', detector.model],
			['Runs on', detector.backend],
		]),
		card(
			'Delivery',
			outbox.pending ? count(outbox.pending) : 'Up to date',
			outbox.pending ? 'waiting' : '',
			[
				['Archived', count(outbox.stored)],
				['Failed', count(outbox.failed)],
				['Oldest waits', outbox.pending && duration(outbox.oldest_s)],
				['Trouble', outbox.last_error],
			],
			outbox.failed || outbox.last_error,
		),
		card('Disk', bytes(disk), 'free', [['Memory used', bytes(memory)]], disk < 1e9),
		card(
			'Machine',
			`${Math.round(cpu)} %`,
			'of the processor',
			[
				['Temperature', temperature === null ? null : `${Math.round(temperature)} °C`],
				['Held back', throttled],
				['Runs for', duration(uptime)],
			],
			throttled || temperature > 80,
		),
	];
}

function card(title, figure, unit, rows, bad) {
	return h(
		'section.card',
		{ 'data-bad': String(Boolean(bad)) },
		h('h2', title),
		h('p.figure', h('span.figure-value', figure), ' ', h('span.quiet', unit)),
		facts(rows),
	);
}

function camerasCard(store) {
	const cameras = [...store.cameras.values()];
	const online = cameras.filter(camera => camera.online).length;
	return h(
		'section.card.wide',
		{ 'data-bad': String(online < cameras.length) },
		h('h2', 'Cameras'),
		table(
			`${online} of ${plural(cameras.length, 'camera', 'cameras')} online`,
			['Camera', 'State', 'Picture', 'Looked at', 'Inference'],
			cameras.map(({ name, online: on, width, height, state }) => [
				name,
				on ? 'Online' : 'Offline',
				width ? `${width} × ${height}` : '–',
				`${state.fps.toFixed(1)} a second`,
				`${Math.round(state.inference_ms)} ms`,
			]),
		),
	);
}

/** Shows the end of the log, again and again. */
async function follow(place, signal) {
	const lines = h('ol.lines', { tabIndex: 0, 'aria-label': 'Log' });
	fill(place, h('h2', 'Log'), lines);
	let shown = '';
	const show = async () => {
		const { lines: told } = await api.log(LOG_LINES);
		const last = JSON.stringify(told.at(-1) ?? '');
		if (signal.aborted || last === shown) return;
		shown = last;
		const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
		fill(
			lines,
			told.map(({ ts, level, logger, message }) =>
				h(
					'li',
					{ 'data-level': level.toLowerCase() },
					h('time', { dateTime: ts }, exact(ts)),
					h('span.level', level.toLowerCase()),
					h('span', message),
					h('span.logger', logger),
				),
			),
		);
		if (atEnd) lines.scrollTop = lines.scrollHeight;
	};
	await show();
	requestAnimationFrame(() => {
		lines.scrollTop = lines.scrollHeight;
	});
	const timer = setInterval(() => !document.hidden && show().catch(() => {}), AGAIN_MS);
	signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
