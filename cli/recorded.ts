/** Who does something that is kept with it, and why. */
import { userInfo } from 'node:os';
import { value } from './descriptor.ts';

export const why = value('text', 'the reason, which is recorded');

/** With the user as the operating system knows them. */
export const recorded = <V extends { readonly why: string | null }>(values: V) => ({
  ...values,
  why: values.why ?? '',
  by: userName(),
});

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number alone.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
