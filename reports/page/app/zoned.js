/** Converts between moments and local times of a zone, in the form of `datetime-local` fields: `2026-03-31T08:00`. */

/**
 * @param {number} at In ms since 1970.
 * @param {string} zone
 */
export function clockAt(at, zone) {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(at);
  const of = (/** @type {string} */ type) => parts.find((part) => part.type === type)?.value ?? '';
  return `${of('year').padStart(4, '0')}-${of('month')}-${of('day')}T${of('hour')}:${of('minute')}`;
}

/**
 * The moment of a local time. If clocks are set back and show it twice, the earlier one; if they skip it, later by as much as they are set
 * forward. Undefined if it is not a time.
 * @param {string} clock
 * @param {string} zone
 */
export function momentAt(clock, zone) {
  const wanted = Date.parse(`${clock}Z`);
  if (Number.isNaN(wanted)) return undefined;
  const offset = (/** @type {number} */ at) => Date.parse(`${clockAt(at, zone)}Z`) - Math.floor(at / 60_000) * 60_000;
  const DAY_MS = 86_400_000;
  const [before, after] = [wanted - offset(wanted - DAY_MS), wanted - offset(wanted + DAY_MS)];
  const shown = [before, after].filter((at) => Date.parse(`${clockAt(at, zone)}Z`) === wanted);
  return shown.length === 0 ? before : Math.min(...shown);
}
