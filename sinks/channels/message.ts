/** What all channels share: which addresses they can reach, and the conversion of a message to a mail. Nothing is sent here. */
import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import type { ChannelName } from '../../core/channel.ts';
import { TributaryError } from '../../core/errors.ts';
import type { Message } from './port.ts';

/** RFC 5321 section 4.5.3.1. */
const LONGEST_LOCAL_PART = 64;
const LONGEST_MAIL_ADDRESS = 254;
const LONGEST_TITLE = 200;
/** Together with the name of its header, it must fit into one line of 998 bytes. */
const LONGEST_UNSUBSCRIBE = 900;

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;

/** The name of the message for files and headers: 32 hex digits of the key's SHA-256. */
export function nameOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

/** Why the channel can never reach the address, as a text for people; undefined if it may. */
export function problemOf(channel: ChannelName, address: string): string | undefined {
  switch (channel) {
    case 'mail':
      return isMailAddress(address) ? undefined : 'the address is not a mail address';
    case 'webhook':
      return isWebAddress(address) ? undefined : 'the address is not an http or https URL';
    case 'push':
      return /^[\x21-\x7e]+$/.test(address) ? undefined : 'the address is not a token of a device';
    case 'sms':
      return /^\+?[0-9][0-9 ()./-]{2,30}$/.test(address) ? undefined : 'the address is not a telephone number';
  }
}

/**
 * Whether the text is one mail address in its usual form. Quotes, comments and lists are legal, but are used for
 * smuggling, and are refused. Letters of all scripts are accepted (RFC 6531).
 */
export function isMailAddress(address: string): boolean {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0));
  return (
    address.length <= LONGEST_MAIL_ADDRESS &&
    local.length <= LONGEST_LOCAL_PART &&
    LOCAL_PART.test(local) &&
    DOMAIN.test(address.slice(at + 1))
  );
}

const ATOM = "[\\p{L}\\p{M}\\p{N}!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[\\p{L}\\p{N}](?:[\\p{L}\\p{M}\\p{N}-]{0,61}[\\p{L}\\p{M}\\p{N}])?';
const LOCAL_PART = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`, 'u');
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'u');

function isWebAddress(address: string): boolean {
  if (!/^https?:\/\//i.test(address) || /\s/.test(address) || address.search(CONTROLS) >= 0) return false;
  return URL.canParse(address);
}

/** The title as one line of at most 200 characters, whatever it contains: a header has room for 998 bytes. */
export function titleLine(message: Message): string {
  const characters = [...message.title.toWellFormed().replace(CONTROLS, ' ').trim()];
  if (characters.length <= LONGEST_TITLE) return characters.join('');
  return `${characters.slice(0, LONGEST_TITLE - 1).join('')}…`;
}

/** The text as a reader sees it: the body, then the link on its own line. Lines end with "\n". */
export function textOf(message: Message): string {
  const parts = message.link === null ? [message.body] : [message.body, message.link];
  return parts
    .map((part) => part.toWellFormed().replace(/\r\n?/g, '\n').trimEnd())
    .filter((part) => part !== '')
    .map((part) => `${part}\n`)
    .join('\n');
}

/** The sender of a mail. */
export interface Sender {
  readonly name: string;
  readonly address: string;
}

const SENDER = /^(?:(?:"((?:[^"\\]|\\.)*)"|([^"<>,;:@]*?))\s*<([^<>]*)>|([^<>\s]*))$/;

/** Parses `campus@example.org` or `"Campus, Leeds" <campus@example.org>`; throws CONFIG_INVALID for anything else. */
export function senderOf(from: string): Sender {
  const [, quoted, plain = '', inBrackets, alone = ''] = SENDER.exec(from.trim()) ?? [];
  const sender = { name: quoted?.replace(/\\(.)/g, '$1') ?? plain, address: inBrackets ?? alone };
  if (isMailAddress(sender.address) && sender.name.search(CONTROLS) < 0) return sender;
  throw new TributaryError(
    'CONFIG_INVALID',
    `${JSON.stringify(from)} cannot be the sender of mails; write one address, such as "Campus <campus@example.org>"`,
  );
}

/** Only an https link, as RFC 8058 requires. Other links are left out: mail programs would ignore them, or show them as a fault. */
function unsubscribeHeaders({ unsubscribe }: Message): Readonly<Record<string, string>> {
  if (unsubscribe === undefined || unsubscribe === null || !URL.canParse(unsubscribe)) return {};
  const { href, protocol } = new URL(unsubscribe);
  if (protocol !== 'https:' || href.length > LONGEST_UNSUBSCRIBE || !/^[!-;=?-~]+$/.test(href)) return {};
  return { 'List-Unsubscribe': `<${href}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
}

/**
 * The message as nodemailer's options for a mail. The same message makes the same bytes every time, except for the
 * date. The address has passed `problemOf`.
 */
export function mailOf(message: Message, from: Sender) {
  const domain = domainToASCII(from.address.slice(from.address.lastIndexOf('@') + 1));
  return {
    from: { ...from },
    to: { name: '', address: message.address },
    subject: titleLine(message),
    date: new Date(message.sentAt),
    messageId: `<${nameOf(message.key)}@${domain}>`,
    // RFC 3834: no machine answers this mail, so no absence notes come back.
    headers: { 'Auto-Submitted': 'auto-generated', ...unsubscribeHeaders(message) },
    text: textOf(message),
    encoding: 'quoted-printable',
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
