/** Decides about colours: by NO_COLOR, FORCE_COLOR, and the terminal's capabilities. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Paint = (style: Style, text: string) => string;
export type Style = 'bold' | 'red' | 'yellow' | 'green';

const PLAIN: Paint = (_style, text) => text;
const COLORED: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Whether output to the stream may have colours. */
export function wantsColors(stream: Writable): boolean {
  return styleText('bold', '.', { stream: stream as unknown as NodeJS.WritableStream }) !== '.';
}

/** A command may run in a process other than that of the terminal, so the decision is passed to it. */
export const paintOf = (colors: boolean): Paint => (colors ? COLORED : PLAIN);
