/** What happens now: every camera live, who is there, and the latest visits. */

import { h, icon, fill } from '../dom.js';
import { api } from '../api.js';
import { dayKey, dayStart, plural, time } from '../format.js';
import { Stage } from '../live/stage.js';
import { visitRow } from './visit_list.js';

const LATEST = 8;

/** @param {import('../app.js').Visit} context @returns {import('../app.js').View} */
export function liveView({ parts, store, signal }) {
  const all = [...store.cameras.values()];
  const cameras = parts[0] && store.cameras.has(parts[0]) ? all.filter((camera) => camera.id === parts[0]) : all;
  const title = h('h1', { class: 'now' });
  const tally = h('p', { class: 'quiet' });
  const head = () => fill(title, h('span', { class: 'lamp', 'data-lit': String(anybody(store, cameras)) }), sentence(store, cameras));
  store.on('camera', signal, head);
  head();
  const tiles = h('div', { class: 'tiles', 'data-count': cameras.length }, cameras.map((camera) => tile(camera, store, signal, all.length > 1)));
  const back = cameras.length < all.length && h('a', { class: 'back', href: '#/live' }, icon('back'), 'All cameras');
  const side = h('aside', { class: 'latest', 'aria-labelledby': 'latest' });
  latest(side, tally, store, signal, parts[0]);
  return {
    title: 'Live',
    element: h('div', { class: 'live' }, h('header', { class: 'head' }, h('div', {}, back, title, tally)), tiles, side),
  };
}

/** @param {import('../store.js').Store} store @param {import('../api.js').Camera[]} cameras */
const here = (store, cameras) => cameras.map(({ id }) => store.cameras.get(id)).filter((camera) => camera?.state.person);

/** @param {import('../store.js').Store} store @param {import('../api.js').Camera[]} cameras */
const anybody = (store, cameras) => here(store, cameras).length > 0;

/** @param {import('../store.js').Store} store @param {import('../api.js').Camera[]} cameras */
function sentence(store, cameras) {
  const there = here(store, cameras);
  if (!there.length) return cameras.length === 1 ? `Nobody at ${cameras[0].name}` : 'Nobody is there';
  const names = there.map((camera) => camera?.name).join(' and ');
  const people = there.reduce((sum, camera) => sum + (camera?.state.count ?? 0), 0);
  return `${people > 1 ? plural(people, 'person', 'people') : 'Somebody'} at ${names}`;
}

/** @param {import('../api.js').Camera} camera @param {import('../store.js').Store} store @param {AbortSignal} signal @param {boolean} linked */
function tile(camera, store, signal, linked) {
  const stage = new Stage(camera, store, signal);
  const now = h('p', { class: 'tile-now' });
  const element = h('article', { class: 'tile', 'aria-label': camera.name });
  const tell = () => {
    const { online, state } = store.cameras.get(camera.id) ?? camera;
    element.dataset.lit = String(state.person);
    fill(now, h('span', { class: 'lamp', 'data-lit': String(state.person) }), words(online, state));
  };
  store.on('camera', signal, (id) => id === camera.id && tell());
  tell();
  const name = linked ? h('a', { href: `#/live/${camera.id}` }, camera.name) : camera.name;
  return fill(element, stage.element, h('footer', { class: 'tile-foot' },
    h('div', {}, h('h2', {}, name), now),
    h('div', { class: 'tile-links' },
      h('a', { class: 'chip', href: `#/zones/${camera.id}` }, icon('zone'), 'Zones and lines'))));
}

/** @param {boolean} online @param {import('../api.js').State} state */
function words(online, state) {
  if (!online) return 'No pictures';
  if (!state.person) return 'Nobody';
  return `${plural(state.count, 'person', 'people')}${state.since ? `, since ${time(state.since)}` : ''}`;
}

/** @param {HTMLElement} side @param {HTMLElement} tally @param {import('../store.js').Store} store @param {AbortSignal} signal @param {string} [camera] */
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
    fill(side, h('h2', { id: 'latest' }, 'Latest visits'),
      visits.length ? h('ol', { class: 'visits' }, visits.map((visit) => h('li', {}, visitRow(visit, store, `#/visits/${visit.visit_id}`))))
        : h('p', { class: 'quiet' }, 'Nobody has come yet. Whoever does appears here.'));
  };
  store.on('fact', signal, ({ type }) => ['visit_started', 'visit_ended', 'clip_saved', 'line_crossed'].includes(type) && show());
  await show();
}
