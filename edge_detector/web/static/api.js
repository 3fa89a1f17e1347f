/** Every call to the edge: addresses relative to this page, so that they hold behind any proxy. */

/**
 * @typedef {{
 *   online: boolean, person: boolean, count: number, confidence: number, visit_id: string | null, since: string | null,
 *   zones: Record<string, {person: boolean, count: number}>, lines: Record<string, {in: number, out: number}>,
 *   fps: number, inference_ms: number,
 * }} State
 * @typedef {{id: string, name: string, online: boolean, width: number, height: number, state: State}} Camera
 * @typedef {[number, number]} Point
 * @typedef {{id: string, number?: number, name: string, kind: string, points: Point[]}} Zone
 * @typedef {{id: string, number?: number, name: string, start: Point, end: Point}} Line
 * @typedef {{camera: string, name: string, origin: string, zones: Zone[], lines: Line[]}} Outline
 * @typedef {{n: number, started_at: string, duration_s: number, bytes: number, state: string, uri: string | null}} Clip
 * @typedef {{
 *   visit_id: string, camera: string, started_at: string, ended_at: string | null, duration_s: number,
 *   max_people: number, max_confidence: number, zones: string[], snapshot: boolean, clips: Clip[],
 * }} Visit
 * @typedef {{camera: string, settings: Record<string, any>, bounds: Record<string, [number, number]>}} CameraSettings
 * @typedef {{camera: string, id: string, box: number[], since: string, proposed: boolean, suppressed: boolean}} Spot
 * @typedef {{start: string, visits: number, in: number, out: number}} Bucket
 * @typedef {{total: {visits: number, in: number, out: number}, bucket: string, buckets: Bucket[]}} Traffic
 */

/** The edge said no; `faults` tell what is wrong where. */
export class Refused extends Error {
	/**
	 * @param {number} status
	 * @param {{code?: string, message?: string, uri?: string, faults?: {where: string, message: string}[]}} error
	 */
	constructor(status, error) {
		super(error.message ?? `The edge answered ${status}`);
		this.status = status;
		this.code = error.code ?? '';
		this.uri = error.uri ?? '';
		this.faults = error.faults ?? [];
	}
}

/**
 * The address of a call.
 * @param {string} path
 * @param {Record<string, string | number | null | undefined>} [query] empty values are left out
 */
export function address(path, query = {}) {
	const url = new URL(`api/v1/${path}`, document.baseURI);
	for (const [name, value] of Object.entries(query)) {
		if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, String(value));
	}
	return url.href;
}

async function ask(where, options) {
	let answer;
	try {
		answer = await fetch(where, options);
	} catch (error) {
		if (error.name === 'AbortError') throw error;
		throw new Refused(0, { code: 'unreachable', message: 'The edge does not answer' });
	}
	if (answer.status === 401) location.reload(); // the edge asks for its token then
	const body = (answer.headers.get('content-type') ?? '').includes('json') ? await answer.json() : null;
	if (!answer.ok) throw new Refused(answer.status, body?.error ?? {});
	return { body, etag: answer.headers.get('etag') ?? '' };
}

const get = async (path, query) => (await ask(address(path, query))).body;

function send(method, path, body, etag = '') {
	const headers = { 'Content-Type': 'application/json', ...(etag && { 'If-Match': etag }) };
	return ask(address(path), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export const api = {
	/** @returns {Promise<Camera[]>} */
	cameras: () => get('cameras'),
	/** @returns {Promise<any>} */
	health: () => get('health'),
	/** @param {Record<string, any>} query @returns {Promise<{visits: Visit[], next: string | null}>} */
	visits: query => get('visits', query),
	/** @param {string} id @returns {Promise<Visit>} */
	visit: id => get(`visits/${id}`),
	/** @returns {Promise<{cameras: Outline[]}>} */
	outlines: () => get('zones'),
	/** @param {string} camera @returns {Promise<{body: Outline, etag: string}>} */
	outline: camera => ask(address(`zones/${camera}`)),
	/** @param {string} camera @param {{zones: Zone[], lines: Line[]}} outline @param {string} etag */
	saveOutline: (camera, outline, etag) => send('PUT', `zones/${camera}`, outline, etag),
	/** @param {string} camera @param {string} etag */
	resetOutline: (camera, etag) => send('DELETE', `zones/${camera}`, undefined, etag),
	/** @param {Record<string, any>} query @returns {Promise<Traffic>} */
	traffic: query => get('traffic', { tz: Intl.DateTimeFormat().resolvedOptions().timeZone, ...query }),
	/** @returns {Promise<{camera: string, count: number, since: string | null}[]>} */
	occupancy: () => get('occupancy'),
	/** @param {string} camera */
	resetOccupancy: camera => send('POST', `occupancy/${camera}/reset`, { count: 0 }),
	/** @param {number} lines @returns {Promise<{lines: {ts: string, level: string, logger: string, message: string}[]}>} */
	log: lines => get('log', { lines }),
	/** @returns {Promise<Spot[]>} */
	spots: () => get('spots'),
	/** @param {string} camera @param {string} id @param {boolean} suppressed @returns {Promise<{body: Spot}>} */
	changeSpot: (camera, id, suppressed) => send('PUT', `spots/${camera}/${id}`, { suppressed }),
	/** @returns {Promise<CameraSettings[]>} */
	settings: () => get('settings'),
	/** @param {string} camera @param {Record<string, boolean | number>} change @returns {Promise<{body: CameraSettings}>} */
	change: (camera, change) => send('PATCH', `settings/${camera}`, change),
	/** @param {string} camera @param {'snapshot' | 'test_clip'} action */
	order: (camera, action) => send('POST', `cameras/${camera}/do`, { action }),
};

/** @param {string} id @param {number} n */
export const clipAddress = (id, n = 1) => address(`visits/${id}/clip.mp4`, { n: n > 1 ? n : '' });
/** @param {string} id */
export const snapshotAddress = id => address(`visits/${id}/snapshot.jpg`);
/** @param {Camera} camera */
export const liveAddresses = camera => ({
	live: address(`cameras/${camera.id}/live.ts`),
	mjpeg: address(`cameras/${camera.id}/live.mjpeg`),
	still: address(`cameras/${camera.id}/frame.jpg`),
	size: { width: camera.width, height: camera.height },
	label: `${camera.name}, live`,
});
