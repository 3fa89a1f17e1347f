/** What can be said of one zone or line beside its points. */

import { h, icon } from '../dom.js';
import { segments } from '../controls.js';

/** @typedef {import('./drawing.js').Shape} Shape */
/** @typedef {import('./drawing.js').Fault} Fault */

const KINDS = [
	['count', 'Count', 'Tells who is in it.'],
	['required', 'Required', 'Only who was in here makes a visit.'],
	['ignore', 'Ignore', 'Nothing in here is looked at: a street, a tree.'],
];

/**
 * @param {Shape} shape
 * @param {Fault[]} faults of this shape
 * @param {{edit: (part: Partial<Shape>, step?: string) => void, flip: () => void, remove: () => void}} acts
 */
export function shapeForm(shape, faults, acts) {
	return h(
		'div.shape-form',
		nameField(shape, faults, acts.edit),
		shape.type === 'zone' ? kindField(shape, acts.edit) : wayField(acts.flip),
		faults.filter(fault => fault.field !== 'name').map(fault => h('p.fault', { role: 'alert' }, fault.message)),
		h('button.plain.danger', { onclick: acts.remove }, icon('bin'), `Remove this ${shape.type}`),
	);
}

function nameField(shape, faults, edit) {
	const fault = faults.find(({ field }) => field === 'name');
	const id = `name-${shape.key}`;
	const input = h('input', {
		type: 'text',
		id,
		value: shape.name,
		maxLength: 80,
		autocomplete: 'off',
		'data-focus': id,
		'aria-invalid': fault ? 'true' : null,
		'aria-describedby': fault ? `${id}-fault` : null,
		oninput: () => edit({ name: input.value }, 'name'),
	});
	return h(
		'div.field',
		h('label', { htmlFor: id }, 'Name'),
		input,
		fault && h('p.fault', { id: `${id}-fault` }, fault.message),
	);
}

function kindField(shape, edit) {
	return [
		segments(
			'What it is for',
			KINDS.map(([kind, label]) => [kind, label]),
			shape.kind,
			kind => edit({ kind }),
			true,
		),
		h('p.quiet', KINDS.find(([kind]) => kind === shape.kind)?.[2]),
	];
}

function wayField(flip) {
	return h(
		'div.field',
		h('p.quiet', 'The arrow points inside: who goes its way is counted in, who comes back is counted out.'),
		h('button.chip', { 'data-focus': 'flip', onclick: flip }, icon('flip'), 'Turn the arrow around'),
	);
}
