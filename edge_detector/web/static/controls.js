/** Parts that several views share: choices, lists of facts, tables, addresses within the page. */

import { h } from './dom.js';

/**
 * The address of a view with these parts of its query; empty ones are left out.
 * @param {string} path
 * @param {Record<string, string | undefined>} query
 */
export function link(path, query) {
	const kept = Object.entries(query).filter(([, value]) => value);
	const text = new URLSearchParams(kept).toString();
	return `#/${path}${text ? `?${text}` : ''}`;
}

/**
 * One of a few, side by side.
 * @param {string} legend
 * @param {[string, string][]} options value and text
 * @param {string} chosen
 * @param {(value: string) => void} choose
 * @param {boolean} [shown] whether the legend is to be seen
 */
export function segments(legend, options, chosen, choose, shown = false) {
	const name = `choice-${legend.toLowerCase().replaceAll(' ', '-')}`;
	const choice = ([value, text]) =>
		h(
			'label.segment',
			h('input', {
				type: 'radio',
				name,
				value,
				checked: value === chosen,
				'data-focus': `${name}-${value}`,
				onchange: () => choose(value),
			}),
			h('span', text),
		);
	return h('fieldset.field', h(shown ? 'legend' : 'legend.unseen', legend), h('div.segments', options.map(choice)));
}

/** What is known, without what is not. @param {[string, any][]} rows */
export function facts(rows) {
	const known = rows.filter(([, value]) => value || value === '0');
	return h(
		'dl.facts',
		known.map(([term, value]) => h('div', h('dt', term), h('dd', value))),
	);
}

/**
 * A table in a frame that scrolls.
 * @param {string} caption
 * @param {string[]} heads
 * @param {(string | number)[][]} rows the first cell of each heads it
 */
export function table(caption, heads, rows) {
	return h(
		'div.scroll',
		{ tabIndex: 0, role: 'region', 'aria-label': caption },
		h(
			'table.figures',
			h('caption.unseen', caption),
			h(
				'thead',
				h(
					'tr',
					heads.map(head => h('th', { scope: 'col' }, head)),
				),
			),
			h(
				'tbody',
				rows.map(([first, ...cells]) =>
					h(
						'tr',
						h('th', { scope: 'row' }, first),
						cells.map(cell => h('td', cell)),
					),
				),
			),
		),
	);
}

/**
 * @param {string} label
 * @param {[string, string][]} options value and text; the first is what nothing chosen means
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function select(label, options, chosen, choose) {
	const field = h(
		'select',
		{ 'aria-label': label, onchange: () => choose(field.value) },
		options.map(([value, text]) => h('option', { value, selected: value === chosen }, text)),
	);
	return field;
}

/**
 * Camera, and then what is drawn on it.
 * @param {import('./store.js').Store} store
 * @param {URLSearchParams} query
 * @param {(change: Record<string, string>) => void} choose
 * @param {{lines?: boolean}} [look]
 */
export function placeChoices(store, query, choose, { lines = false } = {}) {
	const cameras = [...store.cameras.values()];
	const camera = query.get('camera') ?? (cameras.length === 1 ? cameras[0].id : '');
	const outline = store.outlines.get(camera);
	const zones = (outline?.zones ?? []).filter(zone => zone.kind !== 'ignore');
	const named = one => [one.id, one.name || one.id];
	const fields = [];
	if (cameras.length > 1) {
		fields.push(
			select('Camera', [['', 'All cameras'], ...cameras.map(named)], camera, value =>
				choose({ camera: value, zone: '', line: '' }),
			),
		);
	}
	if (zones.length) {
		fields.push(
			select('Zone', [['', 'Any zone'], ...zones.map(named)], query.get('zone') ?? '', zone =>
				choose({ camera, zone, line: '' }),
			),
		);
	}
	if (lines && outline?.lines.length) {
		fields.push(
			select('Line', [['', 'All lines'], ...outline.lines.map(named)], query.get('line') ?? '', line =>
				choose({ camera, line, zone: '' }),
			),
		);
	}
	return fields;
}
