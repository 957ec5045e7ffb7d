/** Tests that depend on each other: they run in order, and after a failure the rest is skipped. */
import { test } from 'node:test';

export function inOrder(): (name: string, body: () => Promise<void>) => void {
  let failed = '';
  return (name, body) => {
    test(name, async (t) => {
      if (failed !== '') return t.skip(`after "${failed}" has failed`);
      failed = name;
      await body();
      failed = '';
    });
  };
}
