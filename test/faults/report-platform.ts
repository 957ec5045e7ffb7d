/** The platform that the workers of `reports.test.ts` load. Its reports are slow, so that processes are killed while they run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { defineModule, definePlatform, defineReport, learning } from '../../index.ts';

/** Appears in no other text, so finding it means finding an unprotected row. */
export const PLANTED = 'Zebulon Quillfeather';
const PAGE = 100;

const count = { type: 'long', doc: 'How many rows.', unit: 'rows', min: 0, max: 1_000_000 } as const;
const pauseMs = {
  type: 'long',
  doc: 'The pause after each page.',
  unit: 'ms',
  min: 0,
  max: 1000,
  default: 20,
} as const;

const numbers = defineReport({
  name: 'numbers',
  title: 'Numbers',
  answers: 'Which numbers are there?',
  version: 1,
  role: 'analyst',
  freshMs: 60_000,
  parameters: { count, pauseMs },
  columns: { n: { title: 'Number', type: 'long', doc: 'A number.', unit: 'numbers' } },
  from: {
    reads: [],
    async *rows({ count, pauseMs }) {
      for (let from = 0; from < count; from += PAGE) {
        yield Array.from({ length: Math.min(PAGE, count - from) }, (_, i) => ({ n: from + i }));
        await sleep(pauseMs);
      }
    },
  },
});

const people = defineReport({
  name: 'people',
  title: 'People',
  answers: 'Who is there?',
  version: 1,
  role: 'personal-data',
  protection: 'required',
  freshMs: 60_000,
  parameters: { count },
  columns: {
    n: { title: 'Number', type: 'long', doc: 'A number.', unit: 'numbers' },
    name: { title: 'Name', type: 'string', doc: 'A name.', personal: true },
  },
  from: {
    reads: [],
    async *rows({ count }) {
      for (let from = 0; from < count; from += PAGE) {
        yield Array.from({ length: Math.min(PAGE, count - from) }, (_, i) => ({ n: from + i, name: PLANTED }));
      }
    },
  },
});

export const platform = definePlatform({
  modules: [learning, defineModule({ name: 'faults', reports: [numbers, people] })],
});
