/**
 * A channel that stores messages as files: `<folder>/mail/<name>.eml`, which mail programs open, and
 * `<folder>/<channel>/<name>.json` for the other channels. The name is derived from the key, and a file is never
 * replaced. So one message is one file, however often and by however many processes it is sent.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { ChannelName } from '../../../core/channel.ts';
import { messageOf } from '../../../core/errors.ts';
import { mailOf, nameOf, problemOf, senderOf, textOf, titleLine } from '../message.ts';
import type { Channel, Message } from '../port.ts';

const HOUR = 3_600_000;
/** The ending of a file that is being written; mail programs ignore it. */
const PARTIAL = '.partial';

export interface OutboxOptions {
  readonly folder: string;
  readonly channel: ChannelName;
  /** The sender of messages. For mail an address, with or without a name: "Campus <campus@example.org>". */
  readonly from: string;
}

export function outboxChannel(options: OutboxOptions): Channel {
  const { channel } = options;
  const folder = join(options.folder, channel);
  const content = channel === 'mail' ? mailWriter(options.from) : jsonWriter(options);
  let swept = false;
  return {
    repeats: 'honours-key',
    async send(message) {
      const problem = problemOf(channel, message.address);
      if (problem !== undefined) return { outcome: 'refused', detail: problem };
      const bytes = await content(message);
      const file = join(folder, `${nameOf(message.key)}.${channel === 'mail' ? 'eml' : 'json'}`);
      try {
        await mkdir(folder, { recursive: true });
        if (!swept) await sweep(folder, Date.now());
        swept = true;
        const first = await writeOnce(file, bytes);
        return { outcome: 'sent', detail: first ? `written to ${file}` : `${file} was written before` };
      } catch (error) {
        if (!isFileError(error)) throw error;
        return { outcome: 'away', detail: `${file} cannot be written: ${messageOf(error)}` };
      }
    },
    async close() {},
  };
}

type Writer = (message: Message) => Promise<Uint8Array>;

function mailWriter(from: string): Writer {
  const sender = senderOf(from);
  return (message) => new MailComposer(mailOf(message, sender)).compile().build();
}

function jsonWriter({ channel, from }: OutboxOptions): Writer {
  return async (message) => {
    const { key, address, link, time } = message;
    const text = { title: titleLine(message), body: message.body.toWellFormed(), link, text: textOf(message) };
    return Buffer.from(`${JSON.stringify({ key, channel, from, address, time, ...text }, undefined, 2)}\n`);
  };
}

/** Returns whether this call wrote the file. The file appears whole, and only if it did not exist. */
async function writeOnce(file: string, bytes: Uint8Array): Promise<boolean> {
  if (await exists(file)) return false;
  const temporary = `${file}.${randomUUID()}${PARTIAL}`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    // A file that cannot be removed now is swept later.
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/** Removes files of processes that died while writing. */
async function sweep(folder: string, now: number): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(PARTIAL)) continue;
    const file = join(folder, name);
    const touched = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    );
    if (touched < now - HOUR) await rm(file, { force: true });
  }
}

/** Whether the error comes from the file system: it then names the failed call. */
function isFileError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string';
}
