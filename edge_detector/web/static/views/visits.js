/** Who was there: the visits of a day, and each one's clip. */

import { h, icon, fill, s } from '../dom.js';
import { api } from '../api.js';
import { dayKey, dayName, dayStart, plural, time } from '../format.js';
import { link, placeChoices } from '../controls.js';
import { visitRow } from './visit_list.js';
import { visitPane } from './visit_pane.js';

const PAGE = 200;
const DAY_MS = 86_400_000;
/** Room for the list and a visit beside each other. */
const wide = matchMedia('(min-width: 821px)');

/** @typedef {import('../api.js').Visit} Visit */

/** @param {Visit} context @returns {Promise<import('../app.js').View>} */
export async function visitsView({ parts, query, store, signal }) {
	const open = parts[0] ? await api.visit(parts[0]) : null;
	const day = query.get('day') ?? dayKey(open ? new Date(open.started_at) : new Date());
	const list = new VisitList(store, day, query, open, signal);
	await list.load();
	return {
		title: open ? `Visit at ${time(open.started_at)}` : `Visits on ${dayName(dayStart(day))}`,
		element: list.element,
	};
}

class VisitList {
	/**
	 * @param {import('../store.js').Store} store
	 * @param {string} day
	 * @param {URLSearchParams} query
	 * @param {Visit | null} open
	 * @param {AbortSignal} signal
	 */
	constructor(store, day, query, open, signal) {
		this.store = store;
		this.day = day;
		this.query = query;
		this.open = open;
		/** Whether the owner chose it, rather than it being the first. */
		this.chosen = open !== null;
		this.signal = signal;
		/** @type {Visit[]} */
		this.visits = [];
		this.list = h('div.visit-list');
		this.ribbon = h('div.ribbon-frame');
		this.pane = h('section.pane', { 'aria-label': 'Visit' });
		this.element = h(
			'div.visits-view',
			{ 'data-open': String(open !== null) },
			h('div.visits-side', this.head(), this.ribbon, this.list),
			this.pane,
		);
		document.addEventListener('keydown', event => this.key(event), { signal });
		store.after(['visit_started', 'visit_ended', 'clip_saved', 'file_stored'], signal, () => this.load());
	}

	/** What the list is filtered by, as the address has it. */
	get filter() {
		const [camera, zone] = [this.query.get('camera') ?? '', this.query.get('zone') ?? ''];
		return { day: this.query.get('day') ?? (this.open ? this.day : ''), camera, zone };
	}

	/** @param {string} [id] */
	address(id) {
		return link(id ? `visits/${id}` : 'visits', this.filter);
	}

	head() {
		const { day, filter } = this;
		const today = dayKey(new Date());
		const to = days => link('visits', { ...filter, day: dayKey(dayStart(day, days)) });
		const pick = h('input', {
			type: 'date',
			value: day,
			max: today,
			'aria-label': 'Day',
			onchange: () => pick.value && this.go({ day: pick.value }),
		});
		const later =
			day < today
				? h('a.round', { href: to(1), 'aria-label': 'Next day' }, icon('next'))
				: h('span.round', { 'aria-hidden': 'true' }, icon('next'));
		return h(
			'header.head',
			h('div', h('h1', day === today ? 'Today' : dayName(dayStart(day)))),
			h(
				'div.choices',
				h('a.round', { href: to(-1), 'aria-label': 'Day before' }, icon('back')),
				pick,
				later,
				placeChoices(this.store, this.query, change => this.go(change)),
			),
		);
	}

	/** @param {Record<string, string>} change */
	go(change) {
		location.hash = link('visits', { ...this.filter, ...change });
	}

	async load() {
		const { camera, zone } = this.filter;
		const found = [];
		let cursor = null;
		do {
			const page = await api.visits({
				camera,
				zone,
				cursor,
				limit: PAGE,
				from: dayStart(this.day).toISOString(),
				to: dayStart(this.day, 1).toISOString(),
			});
			found.push(...page.visits);
			cursor = page.next;
		} while (cursor && !this.signal.aborted);
		if (this.signal.aborted) return;
		this.visits = found;
		const first = wide.matches ? found[0] : undefined;
		const id = this.open?.visit_id ?? first?.visit_id;
		this.show(found.find(visit => visit.visit_id === id) ?? this.open);
	}

	/** @param {Visit | null} open */
	show(open) {
		fill(
			this.ribbon,
			ribbon(this.visits, this.day, open, visit => this.address(visit.visit_id)),
		);
		fill(this.list, this.visits.length ? this.hours(open) : this.nobody());
		const before = this.open;
		this.open = open;
		const same = this.pane.childElementCount && JSON.stringify(open) === JSON.stringify(before);
		if (same || (open?.visit_id === before?.visit_id && isPlaying(this.pane))) return;
		fill(this.pane, open && visitPane(open, this.store, this.steps(open), this.chosen));
	}

	/** @param {Visit | null} open */
	hours(open) {
		const groups = new Map();
		for (const visit of this.visits) {
			const hour = new Date(visit.started_at).getHours();
			groups.set(hour, [...(groups.get(hour) ?? []), visit]);
		}
		return [...groups].map(([hour, visits]) =>
			h(
				'section',
				{ 'aria-label': `From ${hour}:00` },
				h('h2.hour', `${String(hour).padStart(2, '0')}:00`),
				h(
					'ol.visits',
					visits.map(visit =>
						h(
							'li',
							visitRow(visit, this.store, this.address(visit.visit_id), {
								current: visit.visit_id === open?.visit_id,
								camera: this.store.cameras.size > 1,
							}),
						),
					),
				),
			),
		);
	}

	nobody() {
		const any = this.filter.camera || this.filter.zone;
		return h(
			'div.empty',
			h('h2', 'Nobody came'),
			h('p', any ? 'At least not here: choose another camera or zone.' : 'Not on this day.'),
		);
	}

	/** The visits before and after in the list. @param {Visit} open */
	steps(open) {
		const index = this.visits.findIndex(visit => visit.visit_id === open.visit_id);
		const at = i => (this.visits[i] ? this.address(this.visits[i].visit_id) : '');
		return { list: this.address(), later: index > 0 ? at(index - 1) : '', earlier: index >= 0 ? at(index + 1) : '' };
	}

	/** j or down: the next in the list, k or up: the one before. @param {KeyboardEvent} event */
	key(event) {
		const { target } = event;
		if (
			event.ctrlKey ||
			event.metaKey ||
			event.altKey ||
			(target instanceof HTMLElement && target.matches('input, select, textarea, video'))
		)
			return;
		const way = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key] ?? 0;
		if (event.key === 'Escape' && this.chosen) location.hash = this.address();
		if (!way || !this.visits.length) return;
		const index = this.visits.findIndex(visit => visit.visit_id === this.open?.visit_id);
		const next = this.visits[index < 0 ? 0 : Math.min(this.visits.length - 1, Math.max(0, index + way))];
		event.preventDefault();
		location.replace(this.address(next.visit_id));
	}
}

/** Whether a video in there is being watched. */
function isPlaying(place) {
	const video = place.querySelector('video');
	return video !== null && video.currentTime > 0 && !video.ended;
}

/** The day as a band from midnight to midnight, every visit a light in it. */
function ribbon(visits, day, open, address) {
	const begin = dayStart(day).getTime();
	const place = t => ((new Date(t).getTime() - begin) / DAY_MS) * 1000;
	return [
		s(
			'svg.ribbon',
			{ viewBox: '0 0 1000 36', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
			visits.map(visit =>
				s(
					'a',
					{ href: address(visit), tabindex: -1, 'data-current': visit.visit_id === open?.visit_id },
					s('rect.light', {
						x: place(visit.started_at) - 2,
						y: 0,
						width: Math.max(4, visit.duration_s / 86.4),
						height: 36,
					}),
				),
			),
		),
		h(
			'p.ribbon-hours',
			{ 'aria-hidden': 'true' },
			[0, 6, 12, 18, 24].map(hour => h('span', `${String(hour).padStart(2, '0')}:00`)),
		),
	];
}
