/** `tributary dead-letters show`: what was rejected, why, and its bytes. */
import type { Headers, LogRecord } from '../../../topics/log/transport.ts';
import { type Context, print, printJson, type Run } from '../../context.ts';
import { isoOf, shown } from '../../output/record.ts';
import { type Letter, lettersOf, type RejectedRecord, rejectedRecord } from './letters.ts';

const BYTES_SHOWN = 4096;

export const run: Run<{ readonly id: string; readonly json: boolean }> = async (context, { id, json }) => {
  const { transport } = context.wired.stores;
  const letters = await lettersOf(context.wired, id, context.signal);
  for (const letter of letters) {
    const rejected = await rejectedRecord(transport, letter);
    if (json) await printJson(context, await asJson(context, letter, rejected));
    else await printLetter(context, letter, rejected);
  }
  return undefined;
};

async function printLetter(context: Context, letter: Letter, rejected: RejectedRecord): Promise<void> {
  const { record, cutFrom, rows = [], unshown, unnamed } = rejected;
  const { data, problem } = await shown(context.wired.stores.codec, letter.topic, letter.topic.name, record);
  const lines = [
    ['code', letter.code],
    ['message', letter.message],
    ['job', letter.job],
    ['position', letter.id],
    ['produced at', isoOf(record.timestamp)],
    ['rejected at', `${isoOf(letter.rejectedAt)}${doneText(letter)}`],
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

const doneText = ({ replayed, dismissed }: Letter): string =>
  `${replayed ? ', replayed since' : ''}${dismissed ? ', dismissed since' : ''}`;

async function asJson(
  { wired }: Context,
  { id, job, code, message, rejectedAt, replayed, dismissed, topic }: Letter,
  { record, cutFrom, rows, unshown, unnamed }: RejectedRecord,
) {
  const { data } = await shown(wired.stores.codec, topic, topic.name, record);
  return {
    id,
    job,
    code,
    message,
    replayed,
    dismissed,
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

/** The log keeps the whole record as long as any other. */
const cutText = (record: LogRecord, from: number): string =>
  `${record.value?.length ?? 0} of ${from} bytes of the value are left; the log does not keep the record any more`;

function readable(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === 'string' ? value : `base64 ${Buffer.from(value).toString('base64')}`,
    ]),
  );
}

/** Text as it is, anything else as bytes. */
function valueText(value: Uint8Array | null): string {
  if (value === null) return '(none)';
  const part = Buffer.from(value.subarray(0, BYTES_SHOWN));
  const more = value.length > part.length ? `\n… ${value.length} bytes in all` : '';
  const text = part.toString();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what tells bytes from text
  const isText = value.length > 0 && !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]/.test(text);
  return (isText ? text : hexOf(part)) + more;
}

/** Sixteen bytes a line: where, as hex digits, and as characters. */
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
