/** Times, durations, sizes and numbers as people read them, in the browser's own language. */

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const clockExact = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const longDay = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const shortDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const number = new Intl.NumberFormat();
const BYTES = ['B', 'KB', 'MB', 'GB', 'TB'];

/** @param {Date | string} t */
export const time = t => clock.format(new Date(t));
/** @param {Date | string} t */
export const exact = t => clockExact.format(new Date(t));
/** @param {Date | string} t */
export const dayName = t => longDay.format(new Date(t));
/** @param {Date | string} t */
export const dayShort = t => shortDay.format(new Date(t));
/** @param {number} n */
export const count = n => number.format(n);
/** @param {number} share in 0..1 */
export const percent = share => `${Math.round(share * 100)} %`;
/** @param {number} n @param {string} one @param {string} many */
export const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/** @param {number} s */
export function duration(s) {
	if (s < 60) return `${Math.round(s)} s`;
	if (s < 3600) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
	if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
	return `${Math.floor(s / 86400)} d ${Math.round((s % 86400) / 3600)} h`;
}

/** @param {number} n */
export function bytes(n) {
	const step = n < 1 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(n) / 3));
	return `${(n / 1000 ** step).toFixed(step > 2 ? 1 : 0)}\u00a0${BYTES[step]}`;
}

/** A day as the address of a view has it, in local time. @param {Date} date */
export function dayKey(date) {
	const two = n => String(n).padStart(2, '0');
	return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The local midnight that a day begins with. @param {string} key @param {number} [days] later */
export function dayStart(key, days = 0) {
	const [year, month, day] = key.split('-').map(Number);
	return new Date(year, month - 1, day + days);
}
