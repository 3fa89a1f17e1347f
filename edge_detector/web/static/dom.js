/** Makes elements: text is always text, never markup. */

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | null | undefined | false} Child */

/** @typedef {(tag: string, ...rest: (Record<string, any> | Child | Child[])[]) => any} Maker */

/**
 * An HTML element, such as `h('p.quiet', { id: 'x' }, 'text')`; what it is given may be left out. `onclick` and the like
 * are listeners, `aria-*` and what is no property becomes an attribute.
 * @type {Maker}
 */
export const h = (tag, ...rest) => made(document.createElement(nameOf(tag)), tag, rest, true);

/** An SVG element, in the same way; all that it is given are attributes. @type {Maker} */
export const s = (tag, ...rest) => made(document.createElementNS(SVG, nameOf(tag)), tag, rest, false);

const nameOf = tag => tag.split('.')[0];

function made(element, tag, [first, ...rest], html) {
	const given = first?.constructor === Object;
	element.classList.add(...tag.split('.').slice(1));
	for (const [key, value] of Object.entries(given ? first : {})) {
		if (value === undefined || value === null) continue;
		if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
		else if (html && key in element && !key.includes('-')) Reflect.set(element, key, value);
		else if (value !== false) element.setAttribute(key, html && value === true ? '' : String(value));
	}
	return fill(element, ...(given ? rest : [first, ...rest]));
}

/**
 * Puts these in place of all children; who was at one that is named by `data-focus` is there again.
 * @template {Element} E
 * @param {E} element
 * @param {...(Child | Child[])} children
 * @returns {E}
 */
export function fill(element, ...children) {
	const focused = element.contains(document.activeElement) ? document.activeElement : null;
	const cursor = focused?.type === 'text' ? focused.selectionStart : null;
	element.replaceChildren(
		...children
			.flat(Infinity)
			.filter(child => child !== null && child !== undefined && child !== false)
			.map(child => (child instanceof Node ? child : String(child))),
	);
	const name = focused?.dataset.focus;
	const again = name && element.querySelector(`[data-focus="${name}"]`);
	if (again) again.focus({ preventScroll: true });
	if (again && cursor !== null) again.setSelectionRange(cursor, cursor);
	return element;
}

/** A symbol of the page's own set. @param {string} name */
export function icon(name) {
	return s('svg.icon', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, s('path', { d: SYMBOLS[name] }));
}

/** Drawn with strokes on a field of 24 by 24. @type {Record<string, string>} */
const SYMBOLS = {
	live: 'M3 7.5A1.5 1.5 0 0 1 4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5zM15 11l6-3.5v9L15 13z',
	visits: 'M6 20.5c0-3.6 2.7-6 6-6s6 2.4 6 6M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
	traffic: 'M4 20V11M9.3 20V5M14.6 20v-6M20 20V8',
	system: 'M3 12.5h4l2.5-7 4.5 13 2.5-6H21',
	settings:
		'M4 7h9M17 7h3M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM4 17h3M11 17h9M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
	zone: 'M5 8l9-4 6 7-4 8-10 1zM5 8h.01M14 4h.01M20 11h.01M16 19h.01M6 20h.01',
	line: 'M4 19L20 5M15 16l-3-3M15 16v-3M15 16h-3',
	play: 'M8 5.5v13l10.5-6.5z',
	back: 'M15 5l-7 7 7 7',
	next: 'M9 5l7 7-7 7',
	undo: 'M8 5L4 9l4 4M4 9h9.5a5.5 5.5 0 0 1 0 11H9',
	redo: 'M16 5l4 4-4 4M20 9h-9.5a5.5 5.5 0 0 0 0 11H15',
	flip: 'M7 4v14M7 4L4 7M7 4l3 3M17 20V6M17 20l-3-3M17 20l3-3',
	bin: 'M4 7h16M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5.5M13.5 11v5.5',
};
