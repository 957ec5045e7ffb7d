/** Whole numbers of the configuration. */
import { z } from 'zod';

export const count = (least: number, most: number, preset: number, doc: string) => {
  const error = `it must be a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error }).default(preset).describe(doc);
};
export const ms = (least: number, most: number, preset: number, doc: string) =>
  count(least, most, preset, `${doc}, in ms.`);
