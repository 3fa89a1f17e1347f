/** Choosing camera, zone and line, and moving by days: parts that several views share. */

import { h } from '../dom.js';

/**
 * The address of a view with these parts of its query; empty ones are left out.
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 */
export function link(path, query) {
  const kept = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(/** @type {[string, string][]} */ (kept)).toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}

/**
 * @param {string} label
 * @param {[string, string][]} options value and text; the first is what nothing chosen means
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function select(label, options, chosen, choose) {
  const field = h('select', { 'aria-label': label, onchange: () => choose(field.value) },
    options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)));
  return field;
}

/**
 * Camera, and then what is drawn on it.
 * @param {import('../store.js').Store} store
 * @param {URLSearchParams} query
 * @param {(change: Record<string, string>) => void} choose
 * @param {{lines?: boolean}} [look]
 */
export function placeChoices(store, query, choose, { lines = false } = {}) {
  const cameras = [...store.cameras.values()];
  const camera = query.get('camera') ?? (cameras.length === 1 ? cameras[0].id : '');
  const outline = store.outlines.get(camera);
  const zones = (outline?.zones ?? []).filter((zone) => zone.kind !== 'ignore');
  const named = (/** @type {{id: string, name: string}} */ one) => /** @type {[string, string]} */ ([one.id, one.name || one.id]);
  const fields = [];
  if (cameras.length > 1) {
    fields.push(select('Camera', [['', 'All cameras'], ...cameras.map(named)], camera, (value) => choose({ camera: value, zone: '', line: '' })));
  }
  if (zones.length) {
    fields.push(select('Zone', [['', 'Any zone'], ...zones.map(named)], query.get('zone') ?? '', (zone) => choose({ camera, zone, line: '' })));
  }
  if (lines && outline?.lines.length) {
    fields.push(select('Line', [['', 'All lines'], ...outline.lines.map(named)], query.get('line') ?? '', (line) => choose({ camera, line, zone: '' })));
  }
  return fields;
}
