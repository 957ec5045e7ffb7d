/** The time zones of a `select`, the common ones first. */
import { browserZone, currentZone } from '../app/format.js';

/** @param {string} chosen @returns {readonly import('./fields.js').Group[]} */
export function zoneGroups(chosen) {
  const usual = [...new Set([chosen, currentZone(), browserZone(), 'UTC'])].filter(Boolean);
  const others = Intl.supportedValuesOf('timeZone').filter((zone) => !usual.includes(zone));
  return [
    { group: 'Common', options: usual.map(optionOf) },
    { group: 'All', options: others.map(optionOf) },
  ];
}

/** @param {string} zone */
const optionOf = (zone) => ({ value: zone, text: zone.replaceAll('_', ' ') });
