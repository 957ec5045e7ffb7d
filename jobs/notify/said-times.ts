/** What people and platforms write for a time zone and for a time of day: whatever can only mean one thing is taken. */
import { DateTime, IANAZone } from 'luxon';
import { WINDOWS_TO_IANA_MAP } from 'windows-iana';

/** By the name of Windows in small letters: the zone it stands for where no country is named. */
const WINDOWS: ReadonlyMap<string, string> = new Map(
  WINDOWS_TO_IANA_MAP.filter(({ territory }) => territory === '001').map(({ windowsName, iana }) => [
    windowsName.toLowerCase(),
    iana[0],
  ]),
);

/** Hours east of UTC, as Moodle has them ("5.5", "-3.0") and as people write them ("UTC+5:30"). */
const OFFSET = /^(?:UTC|GMT)? ?([+-]?)(\d{1,2})(?::([0-5]\d)|\.(\d{1,2}))?$/i;
const FURTHEST_MINUTES = 14 * 60;

const TIMES_OF_DAY = ['H:mm', 'H:mm:ss', 'H:mm:ss.SSS', 'H.mm', "H'h'mm", 'h:mm a', 'h:mm:ss a', 'h a'];

/**
 * The zone that is meant, as `IANAZone` takes it: a name of IANA or an offset such as +05:30. Undefined: nobody can tell, as with 99,
 * by which Moodle means the zone of its server.
 */
export function timeZoneOf(said: string): string | undefined {
  const name = textOf(said);
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

/** The time of day that is meant, as HH:MM; undefined: nobody can tell. 24:00 is the midnight that a day ends with. */
export function timeOfDayOf(said: string): string | undefined {
  const text = textOf(said);
  for (const format of TIMES_OF_DAY) {
    const time = DateTime.fromFormat(text, format, { zone: 'utc', locale: 'en-US' });
    if (time.isValid) return time.toFormat('HH:mm');
  }
  return undefined;
}

/** Without blanks around; digits and colons of full width are those of ASCII. */
const textOf = (said: string): string => said.normalize('NFKC').trim();
