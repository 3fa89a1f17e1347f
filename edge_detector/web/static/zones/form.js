/** What can be said of one zone or line beside its points. */

import { h, icon } from '../dom.js';

const KINDS = [
  ['count', 'Count', 'Tells who is in it.'],
  ['required', 'Required', 'Only who was in here makes a visit.'],
  ['ignore', 'Ignore', 'Nothing in here is looked at: a street, a tree.'],
];

/**
 * @param {import('./drawing.js').Shape} shape
 * @param {import('./drawing.js').Fault[]} faults of this shape
 * @param {{edit: (part: Partial<import('./drawing.js').Shape>, step?: string) => void, flip: () => void, remove: () => void}} acts
 */
export function shapeForm(shape, faults, acts) {
  return h('div', { class: 'shape-form' }, nameField(shape, faults, acts.edit),
    shape.type === 'zone' ? kindField(shape, acts.edit) : wayField(acts.flip),
    faults.filter((fault) => fault.field !== 'name').map((fault) => h('p', { class: 'fault', role: 'alert' }, fault.message)),
    h('button', { type: 'button', class: 'plain danger', onclick: acts.remove }, icon('bin'), `Remove this ${shape.type}`));
}

/** @param {import('./drawing.js').Shape} shape @param {import('./drawing.js').Fault[]} faults @param {(part: any, step?: string) => void} edit */
function nameField(shape, faults, edit) {
  const fault = faults.find(({ field }) => field === 'name');
  const id = `name-${shape.key}`;
  const input = h('input', {
    type: 'text', id, value: shape.name, maxLength: 80, autocomplete: 'off', 'data-focus': id, 'aria-invalid': fault ? 'true' : null,
    'aria-describedby': fault ? `${id}-fault` : null, oninput: () => edit({ name: input.value }, 'name'),
  });
  return h('div', { class: 'field' }, h('label', { htmlFor: id }, 'Name'), input,
    fault && h('p', { class: 'fault', id: `${id}-fault` }, fault.message));
}

/** @param {import('./drawing.js').Shape} shape @param {(part: any) => void} edit */
function kindField(shape, edit) {
  const kinds = KINDS.map(([kind, label]) => h('label', { class: 'segment' }, h('input', {
    type: 'radio', name: `kind-${shape.key}`, value: kind, checked: kind === shape.kind, 'data-focus': `kind-${kind}`,
    onchange: () => edit({ kind }),
  }), h('span', {}, label)));
  return h('fieldset', { class: 'field' }, h('legend', {}, 'What it is for'), h('div', { class: 'segments' }, kinds),
    h('p', { class: 'quiet' }, KINDS.find(([kind]) => kind === shape.kind)?.[2]));
}

/** @param {() => void} flip */
function wayField(flip) {
  return h('div', { class: 'field' },
    h('p', { class: 'quiet' }, 'The arrow points inside: who goes its way is counted in, who comes back is counted out.'),
    h('button', { type: 'button', class: 'chip', 'data-focus': 'flip', onclick: flip }, icon('flip'), 'Turn the arrow around'));
}
