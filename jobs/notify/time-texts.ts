/** Reads time zones and times of day as people and platforms write them. Every text with only one meaning is accepted. */
import { DateTime, IANAZone } from 'luxon';
import { WINDOWS_TO_IANA_MAP } from 'windows-iana';

/** The IANA zone for each Windows name in lower case: the one without a country. */
const WINDOWS: ReadonlyMap<string, string> = new Map(
  WINDOWS_TO_IANA_MAP.filter(({ territory }) => territory === '001').map(({ windowsName, iana }) => [
    windowsName.toLowerCase(),
    iana[0],
  ]),
);

/** Hours east of UTC, as Moodle writes them ("5.5", "-3.0") and as people do ("UTC+5:30"). */
const OFFSET = /^(?:UTC|GMT)? ?([+-]?)(\d{1,2})(?::([0-5]\d)|\.(\d{1,2}))?$/i;
const FURTHEST_MINUTES = 14 * 60;

const TIMES_OF_DAY = ['H:mm', 'H:mm:ss', 'H:mm:ss.SSS', 'H.mm', "H'h'mm", 'h:mm a', 'h:mm:ss a', 'h a'];

/**
 * The zone in a form that `IANAZone` accepts: an IANA name or an offset such as +05:30. Undefined if the meaning is unknown, as for 99,
 * which in Moodle means the server's zone.
 */
export function timeZoneOf(written: string): string | undefined {
  const name = textOf(written);
  return IANAZone.isValidZone(name) ? name : (WINDOWS.get(name.toLowerCase()) ?? offsetOf(name));
}

function offsetOf(name: string): string | undefined {
  const [, sign, hours, minutes, fraction] = OFFSET.exec(name) ?? [];
  if (hours === undefined) return undefined;
  const all = 60 * Number(hours) + (fraction === undefined ? Number(minutes ?? 0) : 60 * Number(`0.${fraction}`));
  if (!Number.isInteger(all) || all > FURTHEST_MINUTES) return undefined;
  const digits = [Math.floor(all / 60), all % 60].map((part) => String(part).padStart(2, '0'));
  return `${sign === '-' ? '-' : '+'}${digits.join(':')}`;
}

/** The time of day as HH:MM; undefined if the meaning is unknown. 24:00 is the midnight at the end of a day. */
export function timeOfDayOf(written: string): string | undefined {
  const text = textOf(written);
  for (const format of TIMES_OF_DAY) {
    const time = DateTime.fromFormat(text, format, { zone: 'utc', locale: 'en-US' });
    if (time.isValid) return time.toFormat('HH:mm');
  }
  return undefined;
}

/** Trims the text, and converts full-width digits and colons to ASCII. */
const textOf = (written: string): string => written.normalize('NFKC').trim();
