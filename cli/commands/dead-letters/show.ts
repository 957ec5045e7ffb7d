/** `tributary dead-letters show`: the rejected record, the reason, and its bytes. */

import { type DeadLetter, deadLettersOf, stateOf } from '../../../app/dead-letters/letters.ts';
import { type RejectedRecord, rejectedRecord } from '../../../app/dead-letters/rejected.ts';
import type { Resolution } from '../../../app/dead-letters/resolution.ts';
import { shown } from '../../../app/text/shown-record.ts';
import { isoOf } from '../../../app/text/time-text.ts';
import type { Headers, LogRecord } from '../../../topics/log/transport.ts';
import { type Context, print, printJson, type Run } from '../../context.ts';
import { usage } from '../../errors.ts';
import { unknownText } from './chosen.ts';

const BYTES_SHOWN = 4096;

export const run: Run<{ readonly id: string; readonly json: boolean }> = async (context, { id, json }) => {
  const { transport } = context.wired.stores;
  const deadLetters = await deadLettersOf(context.wired, new Set([id]), context.signal);
  if (deadLetters.length === 0) throw usage(unknownText(id, null));
  for (const deadLetter of deadLetters) {
    const rejected = await rejectedRecord(transport, deadLetter);
    if (json) await printJson(context, await asJson(context, deadLetter, rejected));
    else await printDeadLetter(context, deadLetter, rejected);
  }
  return undefined;
};

async function printDeadLetter(context: Context, deadLetter: DeadLetter, rejected: RejectedRecord): Promise<void> {
  const { record, cutFrom, rows = [], unshown, unnamed } = rejected;
  const { data, problem } = await shown(context.wired.stores.codec, deadLetter.topic, deadLetter.topic.name, record);
  const lines = [
    ['code', deadLetter.code],
    ['message', deadLetter.message],
    ['job', deadLetter.job],
    ['position', deadLetter.id],
    ['produced at', isoOf(record.timestamp)],
    ['rejected at', isoOf(deadLetter.rejectedAt)],
    ...deadLetter.resolutions.map((resolution) => [resolution.how, resolvedText(resolution)]),
    ...(cutFrom === undefined ? [] : [['cut', cutText(record, cutFrom)]]),
    ...rows.map((key) => ['rejected by the row', key.join('/')]),
    ...unshown.map((key) => ['views not written of the row', key.join('/')]),
    ...(unnamed === 0 ? [] : [['rows', `${unnamed}, too many to be named`]]),
    ['key', record.key === null ? 'none' : Buffer.from(record.key).toString()],
    ...Object.entries(readable(record.headers)).map(([name, value]) => [`header ${name}`, value]),
  ];
  for (const [name, value] of lines) await print(context, `${name}: ${value}`);
  if (problem === undefined) await print(context, `data: ${JSON.stringify(data, null, 2)}`);
  else await print(context, `value:\n${valueText(record.value)}`);
  await print(context, '');
}

const resolvedText = ({ at, by, why }: Resolution): string =>
  `${isoOf(at)}${by === '' ? '' : ` by ${by}`}${why === '' ? '' : `: ${why}`}`;

/** The resolutions of a letter, as JSON. */
export const resolutionsJson = (deadLetter: DeadLetter) => ({
  state: stateOf(deadLetter),
  resolutions: deadLetter.resolutions.map(({ how, at, by, why }) => ({
    how,
    at: isoOf(at),
    by: by === '' ? null : by,
    why: why === '' ? null : why,
  })),
});

async function asJson(
  { wired }: Context,
  deadLetter: DeadLetter,
  { record, cutFrom, rows, unshown, unnamed }: RejectedRecord,
) {
  const { id, job, code, message, rejectedAt, topic } = deadLetter;
  const { data } = await shown(wired.stores.codec, topic, topic.name, record);
  return {
    id,
    job,
    code,
    message,
    ...resolutionsJson(deadLetter),
    rejectedAt: isoOf(rejectedAt),
    timestamp: isoOf(record.timestamp),
    cutFrom: cutFrom ?? null,
    rows: rows ?? null,
    unshown,
    unnamed,
    key: record.key === null ? null : Buffer.from(record.key).toString(),
    headers: readable(record.headers),
    data: data ?? null,
    valueBase64: record.value === null ? null : Buffer.from(record.value).toString('base64'),
  };
}

/** The log keeps the whole record as long as any other record. */
const cutText = (record: LogRecord, from: number): string =>
  `${record.value?.length ?? 0} of ${from} bytes of the value are left; the log no longer has the record`;

function readable(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === 'string' ? value : `base64 ${Buffer.from(value).toString('base64')}`,
    ]),
  );
}

/** Text as it is; other bytes as a hex dump. */
function valueText(value: Uint8Array | null): string {
  if (value === null) return '(none)';
  const part = Buffer.from(value.subarray(0, BYTES_SHOWN));
  const more = value.length > part.length ? `\n… ${value.length} bytes in all` : '';
  const text = part.toString();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
  const isText = value.length > 0 && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/.test(text);
  return (isText ? text : hexOf(part)) + more;
}

/** Sixteen bytes per line: their position, as hex digits, and as characters. */
export function hexOf(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = bytes.subarray(at, at + 16);
    const hex = [...row].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = [...row].map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${characters}`);
  }
  return lines.length === 0 ? '(empty)' : lines.join('\n');
}
