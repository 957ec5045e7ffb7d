/** Colours where a terminal wants them: by NO_COLOR, FORCE_COLOR, and what the terminal can do. */
import type { Writable } from 'node:stream';
import { styleText } from 'node:util';

export type Paint = (style: Style, text: string) => string;
export type Style = 'bold' | 'red' | 'yellow' | 'green';

const PLAIN: Paint = (_style, text) => text;
const COLORED: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Whether what is written to that stream may have colours. */
export function wantsColors(stream: Writable): boolean {
  return styleText('bold', '.', { stream: stream as unknown as NodeJS.WritableStream }) !== '.';
}

/** A command may run in another process than that of the terminal, so the choice is passed to it. */
export const paintOf = (colors: boolean): Paint => (colors ? COLORED : PLAIN);
