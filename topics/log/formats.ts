/**
 * The version at the start of each text that the runtime stores: positions and outboxes of rows, and the progress committed with an
 * offset. During an update two releases run side by side. The newer one reads texts of the older one. The older one waits at a text of a
 * newer version until the update has replaced it.
 */
import { TributaryError } from '../../core/errors.ts';

/** Version 1 had no version prefix, and no release wrote it. Each reader recognises it by its first character. */
const VERSIONED = /^(\d+)\|/;

/** The text after the version; undefined if the text has no version. Throws FORMAT_NEWER. */
export function versioned(text: string, known: number, what: string): string | undefined {
  const match = VERSIONED.exec(text);
  if (match === null) return undefined;
  const version = Number(match[1]);
  if (version > known) {
    throw new TributaryError(
      'FORMAT_NEWER',
      `${what} was written in format ${version}, and this release knows formats up to ${known}; finish the update of all workers, until then this one waits`,
    );
  }
  return text.slice(match[0].length);
}
