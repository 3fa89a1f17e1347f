/** One visit: its clip or picture, what is known of it, and the way to its neighbours. */

import { h, icon } from '../dom.js';
import { clipAddress, snapshotAddress } from '../api.js';
import { bytes, dayName, duration, exact, percent, plural } from '../format.js';

/** @typedef {import('../api.js').Visit} Visit */

/**
 * @param {Visit} visit
 * @param {import('../store.js').Store} store
 * @param {{list: string, later: string, earlier: string}} steps
 */
export function visitPane(visit, store, steps) {
  const name = store.cameras.get(visit.camera)?.name ?? visit.camera;
  return [
    h('header', { class: 'pane-head' }, h('a', { class: 'back', href: steps.list }, icon('back'), 'All visits'),
      h('div', { class: 'steps' }, step(steps.later, 'back', 'Later visit'), step(steps.earlier, 'next', 'Earlier visit'))),
    media(visit, name),
    h('h2', { class: 'pane-title' }, `${plural(visit.max_people, 'person', 'people')} at ${name}`),
    h('p', { class: 'quiet' }, `${dayName(visit.started_at)}, ${exact(visit.started_at)}`),
    facts(visit, store),
  ];
}

/** @param {string} href @param {string} name @param {string} label */
function step(href, name, label) {
  return href ? h('a', { class: 'round', href, 'aria-label': label, title: label }, icon(name)) : h('span', { class: 'round', 'aria-hidden': 'true' }, icon(name));
}

/** @param {Visit} visit @param {string} name */
function media(visit, name) {
  const frame = h('div', { class: 'media' });
  const clips = visit.clips.filter((clip) => clip.state !== 'failed');
  if (!clips.length) {
    frame.append(visit.snapshot ? h('img', { src: snapshotAddress(visit.visit_id), alt: `The best picture of this visit at ${name}` })
      : h('p', { class: 'empty' }, visit.ended_at ? 'No clip was kept of this visit' : 'The clip is being recorded'));
    return frame;
  }
  const note = h('p', { class: 'quiet', hidden: true });
  const video = h('video', {
    controls: true, playsInline: true, autoplay: true, preload: 'metadata', src: clipAddress(visit.visit_id, clips[0].n),
    poster: visit.snapshot ? snapshotAddress(visit.visit_id) : '', 'aria-label': `Clip of the visit at ${name}`,
  });
  video.muted = true;
  video.addEventListener('error', () => {
    note.hidden = false;
    note.textContent = `This clip cannot be played here. ${clips[0].uri ? `It lies in the archive: ${clips[0].uri}` : ''}`;
  });
  frame.append(video);
  return [frame, note, clips.length > 1 && clipPicker(visit, clips, video)];
}

/** @param {Visit} visit @param {import('../api.js').Clip[]} clips @param {HTMLVideoElement} video */
function clipPicker(visit, clips, video) {
  const play = (/** @type {number} */ n) => {
    video.src = clipAddress(visit.visit_id, n);
    video.play();
  };
  const choices = clips.map((clip, i) => h('label', { class: 'segment' },
    h('input', { type: 'radio', name: 'clip', checked: i === 0, onchange: () => play(clip.n) }), h('span', {}, `Clip ${i + 1}`)));
  return h('fieldset', { class: 'field' }, h('legend', { class: 'unseen' }, 'Clip'), h('div', { class: 'segments' }, choices));
}

/** @param {Visit} visit @param {import('../store.js').Store} store */
function facts(visit, store) {
  const zones = visit.zones.map((zone) => store.nameOf(visit.camera, zone)).join(', ');
  const size = visit.clips.reduce((sum, clip) => sum + clip.bytes, 0);
  const stored = visit.clips.filter((clip) => clip.state === 'stored').length;
  /** @type {[string, string | Node | false][]} */
  const known = [
    ['Stayed', visit.ended_at ? duration(visit.duration_s) : 'Still there'],
    ['Sure to', percent(visit.max_confidence)],
    ['Zones', zones],
    ['Archive', visit.clips.length > 0 && `${stored} of ${plural(visit.clips.length, 'clip', 'clips')}, ${bytes(size)}`],
    ['Save', visit.clips.length > 0 && h('a', { href: clipAddress(visit.visit_id, visit.clips[0].n), download: `${visit.camera}-${visit.visit_id}.mp4` }, 'Download the clip')],
  ];
  return h('dl', { class: 'facts' }, known.filter(([, value]) => value).map(([term, value]) => h('div', {}, h('dt', {}, term), h('dd', {}, value))));
}
