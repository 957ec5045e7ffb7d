import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noteUpkeep, upkeepTimes } from '../../../reports/operate/upkeep-times.ts';

/** The objects that upkeep uses, with a clock. */
function objects() {
  const times = new Map<string, number>();
  return {
    now: 1000,
    times,
    async put(name: string) {
      times.set(name, this.now);
      return { name, bytes: 0, modifiedAt: this.now };
    },
    async head(name: string) {
      const modifiedAt = times.get(name);
      return modifiedAt === undefined ? undefined : { name, bytes: 0, modifiedAt };
    },
  };
}

test('upkeep that was never done counts from when somebody first asks', async () => {
  const store = objects();
  await upkeepTimes(store);
  store.now = 9000;
  await noteUpkeep(store, 'vacuum');
  assert.deepEqual(
    [...(await upkeepTimes(store))],
    [
      ['compact', 1000],
      ['expire', 1000],
      ['vacuum', 9000],
    ],
  );
});
