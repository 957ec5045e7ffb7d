/** The user and the reason of an action, for actions that are stored with both. */
import { userInfo } from 'node:os';
import { value } from './descriptor.ts';

export const why = value('text', 'the reason, which is recorded');

/** Adds the user's name in the operating system. */
export const recorded = <V extends { readonly why: string | null }>(values: V) => ({
  ...values,
  why: values.why ?? '',
  by: userName(),
});

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have only a number.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
