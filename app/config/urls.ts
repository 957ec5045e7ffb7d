/** The URLs of the configuration: their schemes, and how to show them. */
/** The part before the colon, in lower case; empty if there is none. */
export function schemeOf(value: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase() ?? '';
}

/** Whether the data are in the folder of this machine. */
export const isEmbedded = (url: string): boolean => ['embedded', 'outbox'].includes(schemeOf(url));

const SECRET = /secret|password|token|apikey/i;
const MASK = '****';

/** The value as it may be shown: without secrets, and without passwords in URLs. */
export function masked(key: string, value: unknown): string {
  if (SECRET.test(key)) return value === undefined || value === '' ? '' : MASK;
  return String(value ?? '')
    .replace(/((?:^|,)[a-z][a-z0-9+.-]*:\/\/[^/?#@]*?:)[^/?#]*@/gi, `$1${MASK}@`)
    .replace(/([?&;][^=&;]*(?:secret|password|token)[^=&;]*=)[^&;#]*/gi, `$1${MASK}`);
}
