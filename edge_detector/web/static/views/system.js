/** How the edge is: detector, delivery, machine, cameras, and the end of its log. */

import { h, fill } from '../dom.js';
import { api } from '../api.js';
import { bytes, count, duration, exact, plural } from '../format.js';

const LOG_LINES = 200;
const AGAIN_MS = 5000;

/** @param {import('../app.js').Visit} context @returns {Promise<import('../app.js').View>} */
export async function systemView({ store, signal }) {
  const cards = h('div', { class: 'cards' });
  const show = () => fill(cards, store.health ? cardsOf(store.health) : h('p', { class: 'quiet' }, 'The edge has just started.'), camerasCard(store));
  store.on('health', signal, show);
  store.on('camera', signal, show);
  show();
  const log = h('section', { class: 'card log' });
  await follow(log, signal);
  return { title: 'Health', element: h('div', { class: 'system' }, h('header', { class: 'head' }, h('h1', {}, 'Health'), h('p', { class: 'quiet' }, `Porchlight ${store.version}`)), cards, log) };
}

/** @param {any} health */
function cardsOf({ detector, outbox, cpu_percent: cpu, memory_bytes: memory, temperature_c: temperature, disk_free_bytes: disk, uptime_s: uptime }) {
  return [
    card('Detector', detector.inference_ms ? `${Math.round(detector.inference_ms)} ms` : 'Idle', 'a picture', [['Model', detector.model], ['Runs on', detector.backend]]),
    card('Delivery', outbox.pending ? count(outbox.pending) : 'Up to date', outbox.pending ? 'waiting' : '', [
      ['Archived', count(outbox.stored)], ['Failed', count(outbox.failed)], ['Oldest waits', outbox.pending && duration(outbox.oldest_s)], ['Trouble', outbox.last_error],
    ], outbox.failed || outbox.last_error),
    card('Disk', bytes(disk), 'free', [['Memory used', bytes(memory)]], disk < 1e9),
    card('Machine', `${Math.round(cpu)} %`, 'of the processor', [['Temperature', temperature === null ? null : `${Math.round(temperature)} °C`], ['Runs for', duration(uptime)]], temperature > 80),
  ];
}

/** @param {string} title @param {string} figure @param {string} unit @param {[string, any][]} rows @param {any} [bad] */
function card(title, figure, unit, rows, bad) {
  return h('section', { class: 'card', 'data-bad': String(Boolean(bad)) }, h('h2', {}, title),
    h('p', { class: 'figure' }, h('span', { class: 'figure-value' }, figure), ' ', h('span', { class: 'quiet' }, unit)), list(rows));
}

/** @param {[string, any][]} rows */
function list(rows) {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== 0 && value !== '');
  return h('dl', { class: 'facts' }, known.map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}

/** @param {import('../store.js').Store} store */
function camerasCard(store) {
  const cameras = [...store.cameras.values()];
  const online = cameras.filter((camera) => camera.online).length;
  return h('section', { class: 'card wide', 'data-bad': String(online < cameras.length) }, h('h2', {}, 'Cameras'),
    h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Cameras' }, h('table', { class: 'figures' },
      h('caption', { class: 'unseen' }, `${online} of ${plural(cameras.length, 'camera', 'cameras')} online`),
      h('thead', {}, h('tr', {}, ['Camera', 'State', 'Picture', 'Looked at', 'Inference'].map((head) => h('th', { scope: 'col' }, head)))),
      h('tbody', {}, cameras.map(({ name, online: on, width, height, state }) => h('tr', {}, h('th', { scope: 'row' }, name),
        [on ? 'Online' : 'Offline', width ? `${width} × ${height}` : '–', `${state.fps.toFixed(1)} a second`, `${Math.round(state.inference_ms)} ms`].map((cell) => h('td', {}, cell))))))));
}

/** Shows the end of the log, again and again. @param {HTMLElement} place @param {AbortSignal} signal */
async function follow(place, signal) {
  const lines = h('ol', { class: 'lines', tabIndex: 0, 'aria-label': 'Log' });
  fill(place, h('h2', {}, 'Log'), lines);
  let shown = '';
  const show = async () => {
    const { lines: told } = await api.log(LOG_LINES);
    const last = JSON.stringify(told.at(-1) ?? '');
    if (signal.aborted || last === shown) return;
    shown = last;
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
    fill(lines, told.map(({ ts, level, logger, message }) => h('li', { 'data-level': level.toLowerCase() },
      h('time', { dateTime: ts }, exact(ts)), h('span', { class: 'level' }, level.toLowerCase()), h('span', {}, message), h('span', { class: 'logger' }, logger))));
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  };
  await show();
  requestAnimationFrame(() => { lines.scrollTop = lines.scrollHeight; });
  const timer = setInterval(() => !document.hidden && show().catch(() => {}), AGAIN_MS);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
