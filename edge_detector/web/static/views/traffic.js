/** How much happens: visits, and who went in and out, by hour or day. */

import { h, fill } from '../dom.js';
import { api } from '../api.js';
import { chart } from '../chart.js';
import { count, dayKey, dayShort, dayStart, time } from '../format.js';
import { link, placeChoices, segments, table } from '../controls.js';
import { tellRefusal } from '../store.js';

/** Days shown, and by what. @type {Record<string, {label: string, days: number, bucket: 'hour' | 'day'}>} */
const RANGES = {
	day: { label: 'Today', days: 1, bucket: 'hour' },
	week: { label: '7 days', days: 7, bucket: 'day' },
	month: { label: '30 days', days: 30, bucket: 'day' },
};

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function trafficView({ query, store, signal }) {
	const range = RANGES[query.get('range') ?? ''] ? String(query.get('range')) : 'day';
	const asked = {
		range,
		camera: query.get('camera') ?? '',
		zone: query.get('zone') ?? '',
		line: query.get('line') ?? '',
	};
	const choose = change => {
		location.hash = link('traffic', { ...asked, ...change });
	};
	const body = h('div.traffic-body');
	const show = async () => {
		const [traffic, inside] = await Promise.all([load(asked), api.occupancy()]);
		if (!signal.aborted) draw(body, traffic, here(inside, asked, show), asked, store);
	};
	await show();
	store.after(['visit_started', 'line_crossed', 'occupancy_changed'], signal, show);
	const sized = new ResizeObserver(() => redraw(body));
	sized.observe(body);
	signal.addEventListener('abort', () => sized.disconnect(), { once: true });
	const head = h(
		'header.head',
		h('h1', 'Traffic'),
		h(
			'div.choices',
			segments(
				'Time',
				Object.entries(RANGES).map(([name, { label }]) => [name, label]),
				range,
				value => choose({ range: value }),
			),
			placeChoices(store, query, choose, { lines: true }),
		),
	);
	return { title: 'Traffic', element: h('div.traffic', head, body) };
}

function load({ range, camera, zone, line }) {
	const { days, bucket } = RANGES[range];
	const today = dayKey(new Date());
	const from = dayStart(today, 1 - days).toISOString();
	return api.traffic({ camera, zone, line, bucket, from, to: dayStart(today, 1).toISOString() });
}

/** What is shown, to be drawn again at another width. @type {WeakMap<HTMLElement, () => void>} */
const drawings = new WeakMap();

const redraw = body => drawings.get(body)?.();

function draw(body, traffic, inside, asked, store) {
	const outlines = [...store.outlines.values()].filter(outline => !asked.camera || outline.camera === asked.camera);
	const lines = outlines.some(outline => outline.lines.length) || traffic.total.in + traffic.total.out > 0;
	const counted = lines && !asked.zone;
	const seen = !asked.line;
	const frames = [seen && frame('Visits', 'visits'), counted && frame('In and out', 'crossings')];
	const rows = traffic.buckets.map(bucket => [
		when(bucket.start, traffic.bucket, true),
		...(seen ? [bucket.visits] : []),
		...(counted ? [bucket.in, bucket.out] : []),
	]);
	const heads = ['From', ...(seen ? ['Visits'] : []), ...(counted ? ['In', 'Out'] : [])];
	fill(
		body,
		h(
			'div.sums',
			seen && sum('Visits', traffic.total.visits),
			counted && [sum('In', traffic.total.in), sum('Out', traffic.total.out), inside],
		),
		frames,
		h('details.table', { open: body.querySelector('details')?.open }, h('summary', 'As a table'), table('Traffic', heads, rows)),
	);
	const paint = () => {
		for (const place of body.querySelectorAll('[data-chart]')) {
			const kind = place.dataset.chart;
			fill(
				place,
				chart(
					traffic.buckets.map(bucket => bar(bucket, traffic.bucket, kind === 'visits')),
					{
						width: Math.max(280, place.clientWidth),
						down: kind === 'crossings',
						label:
							kind === 'visits'
								? `Visits, ${count(traffic.total.visits)} in all`
								: `${count(traffic.total.in)} in and ${count(traffic.total.out)} out`,
					},
				),
			);
		}
	};
	drawings.set(body, paint);
	paint();
}

/** Who is inside by what was counted, and the word of who knows better. */
function here(inside, { camera }, show) {
	const cameras = inside.filter(one => one.count && (!camera || one.camera === camera));
	const people = cameras.reduce((sum, one) => sum + one.count, 0);
	const reset = () =>
		confirm('Is nobody inside? The count begins anew.') &&
		Promise.all(cameras.map(one => api.resetOccupancy(one.camera)))
			.then(show)
			.then(() => document.getElementById('main')?.focus())
			.catch(tellRefusal);
	return [
		sum('Inside now', people),
		people > 0 && h('button.chip', { 'aria-label': 'Set to 0 inside', onclick: reset }, 'Set to 0'),
	];
}

function frame(title, kind) {
	const key = kind === 'crossings' && h('p.key', h('span.mark.up'), 'In', h('span.mark.down'), 'Out');
	return h('section.card', h('header.card-head', h('h2', title), key), h('div', { 'data-chart': kind }));
}

function sum(label, n) {
	return h('p.sum', h('span.sum-label', label), h('span.sum-value', count(n)));
}

function bar(bucket, size, visits) {
	const full = when(bucket.start, size, true);
	const label = when(bucket.start, size, false);
	return visits
		? { label, full: `${full}: ${bucket.visits} visits`, up: bucket.visits }
		: { label, full: `${full}: ${bucket.in} in, ${bucket.out} out`, up: bucket.in, down: bucket.out };
}

function when(start, size, whole) {
	if (size === 'day') return dayShort(start);
	return whole ? `${dayShort(start)}, ${time(start)}` : time(start);
}
