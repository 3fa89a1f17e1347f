/** How much happens: visits, and who went in and out, by hour or day. */

import { h, fill } from '../dom.js';
import { api } from '../api.js';
import { chart, table } from '../chart.js';
import { count, dayKey, dayShort, dayStart, time } from '../format.js';
import { link, placeChoices } from './choices.js';

/** Days shown, and by what. @type {Record<string, {label: string, days: number, bucket: 'hour' | 'day'}>} */
const RANGES = {
  day: { label: 'Today', days: 1, bucket: 'hour' },
  week: { label: '7 days', days: 7, bucket: 'day' },
  month: { label: '30 days', days: 30, bucket: 'day' },
};
/** Facts come in bunches. */
const SETTLE_MS = 400;

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function trafficView({ query, store, signal }) {
  const range = RANGES[query.get('range') ?? ''] ? String(query.get('range')) : 'day';
  const asked = { range, camera: query.get('camera') ?? '', zone: query.get('zone') ?? '', line: query.get('line') ?? '' };
  const choose = (/** @type {Record<string, string>} */ change) => { location.hash = link('traffic', { ...asked, ...change }); };
  const body = h('div', { class: 'traffic-body' });
  const show = async () => {
    const [traffic, inside] = await Promise.all([load(asked), api.occupancy()]);
    if (!signal.aborted) draw(body, traffic, inside, asked, store);
  };
  await show();
  let timer = 0;
  store.on('fact', signal, ({ type }) => {
    if (!['visit_started', 'line_crossed', 'occupancy_changed'].includes(type)) return;
    clearTimeout(timer);
    timer = setTimeout(show, SETTLE_MS);
  });
  const sized = new ResizeObserver(() => redraw(body));
  sized.observe(body);
  signal.addEventListener('abort', () => sized.disconnect(), { once: true });
  const head = h('header', { class: 'head' }, h('h1', {}, 'Traffic'),
    h('div', { class: 'choices' }, rangePicker(range, choose), placeChoices(store, query, choose, { lines: true })));
  return { title: 'Traffic', element: h('div', { class: 'traffic' }, head, body) };
}

/** @param {{range: string, camera: string, zone: string, line: string}} asked */
function load({ range, camera, zone, line }) {
  const { days, bucket } = RANGES[range];
  const today = dayKey(new Date());
  const from = dayStart(today, 1 - days).toISOString();
  return api.traffic({ camera, zone, line, bucket, from, to: dayStart(today, 1).toISOString() });
}

/** @param {string} range @param {(change: Record<string, string>) => void} choose */
function rangePicker(range, choose) {
  const choices = Object.entries(RANGES).map(([name, { label }]) => h('label', { class: 'segment' },
    h('input', { type: 'radio', name: 'range', value: name, checked: name === range, onchange: () => choose({ range: name }) }), h('span', {}, label)));
  return h('fieldset', { class: 'bare' }, h('legend', { class: 'unseen' }, 'Time'), h('div', { class: 'segments' }, choices));
}

/** What is shown, to be drawn again at another width. @type {WeakMap<HTMLElement, () => void>} */
const drawings = new WeakMap();

/** @param {HTMLElement} body */
const redraw = (body) => drawings.get(body)?.();

/**
 * @param {HTMLElement} body
 * @param {import('../api.js').Traffic} traffic
 * @param {{camera: string, count: number}[]} inside
 * @param {{range: string, camera: string, zone: string, line: string}} asked
 * @param {import('../store.js').Store} store
 */
function draw(body, traffic, inside, asked, store) {
  const outlines = [...store.outlines.values()].filter((outline) => !asked.camera || outline.camera === asked.camera);
  const lines = outlines.some((outline) => outline.lines.length) || traffic.total.in + traffic.total.out > 0;
  const counted = lines && !asked.zone;
  const seen = !asked.line;
  const people = inside.filter((one) => !asked.camera || one.camera === asked.camera).reduce((sum, one) => sum + one.count, 0);
  const frames = [seen && frame('Visits', 'visits'), counted && frame('In and out', 'crossings')];
  const rows = traffic.buckets.map((bucket) => [when(bucket.start, traffic.bucket, true), ...(seen ? [bucket.visits] : []), ...(counted ? [bucket.in, bucket.out] : [])]);
  const heads = ['From', ...(seen ? ['Visits'] : []), ...(counted ? ['In', 'Out'] : [])];
  fill(body, h('div', { class: 'sums' }, seen && sum('Visits', traffic.total.visits), counted && [sum('In', traffic.total.in), sum('Out', traffic.total.out), sum('Inside now', people)]),
    frames, h('details', { class: 'table' }, h('summary', {}, 'As a table'), h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Table' }, table('Traffic', heads, rows))));
  const paint = () => {
    for (const place of body.querySelectorAll('[data-chart]')) {
      const kind = /** @type {HTMLElement} */ (place).dataset.chart;
      fill(place, chart(traffic.buckets.map((bucket) => bar(bucket, traffic.bucket, kind === 'visits')), {
        width: Math.max(280, place.clientWidth), down: kind === 'crossings',
        label: kind === 'visits' ? `Visits, ${count(traffic.total.visits)} in all` : `${count(traffic.total.in)} in and ${count(traffic.total.out)} out`,
      }));
    }
  };
  drawings.set(body, paint);
  paint();
}

/** @param {string} title @param {string} kind */
function frame(title, kind) {
  const key = kind === 'crossings' && h('p', { class: 'key' }, h('span', { class: 'mark up' }), 'In', h('span', { class: 'mark down' }), 'Out');
  return h('section', { class: 'card' }, h('header', { class: 'card-head' }, h('h2', {}, title), key), h('div', { 'data-chart': kind }));
}

/** @param {string} label @param {number} n */
function sum(label, n) {
  return h('p', { class: 'sum' }, h('span', { class: 'sum-label' }, label), h('span', { class: 'sum-value' }, count(n)));
}

/** @param {import('../api.js').Bucket} bucket @param {string} size @param {boolean} visits @returns {import('../chart.js').Bar} */
function bar(bucket, size, visits) {
  const full = when(bucket.start, size, true);
  const label = when(bucket.start, size, false);
  return visits ? { label, full: `${full}: ${bucket.visits} visits`, up: bucket.visits }
    : { label, full: `${full}: ${bucket.in} in, ${bucket.out} out`, up: bucket.in, down: bucket.out };
}

/** @param {string} start @param {string} size @param {boolean} whole */
function when(start, size, whole) {
  if (size === 'day') return dayShort(start);
  return whole ? `${dayShort(start)}, ${time(start)}` : time(start);
}
