/**
 * Removes a person from everything that this installation keeps. Every step may be repeated, and the steps are in an order in which another
 * run can finish a run that was interrupted anywhere.
 *
 * First the person is remembered as forgotten, and an event is sent to each partition of each topic. Once every group has read that event,
 * no event can bring the person back. Only then are the person's data searched for and removed
 * (docs/decisions/0071-the-forgotten-stay-forgotten.md).
 */
import { TributaryError } from '../../core/errors.ts';
import { digestOf, forgottenAt, rememberForgotten } from '../../jobs/runtime/forgotten.ts';
import { generationsOf, tableOf } from '../../jobs/runtime/rows/generations/state.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import { segmentRows } from '../../reports/operate/forget.ts';
import { groupsOf } from '../platform/works.ts';
import { keptTables } from '../stores/kept-tables.ts';
import type { Wired } from '../stores/wiring.ts';
import { sendToAll, sendToRows, untilRead, type Waiting } from './events.ts';
import { ownRequests, removeReportFiles, reportFiles } from './files.ts';
import { addressesIn, outboxMessages } from './messages.ts';
import { counted, type Found, largest, type Proof, remaining } from './proof.ts';
import { type FoundRow, isShown, type Person, rowsNaming } from './rows.ts';

type Needed = Pick<Wired, 'stores' | 'objects' | 'requests' | 'segments' | 'platform' | 'config'>;

export interface ForgetOptions {
  readonly clock: Clock;
  /** How long jobs may take to read the events sent to them, each time. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly say?: (step: string) => Promise<void> | void;
}

/** Finds what would be removed. Changes nothing. */
export async function findPerson(
  wired: Needed,
  person: Person,
  { signal }: Pick<ForgetOptions, 'signal'>,
): Promise<Found> {
  return foundOf(wired, person, await rowsOf(wired, person), signal);
}

const rowsOf = ({ stores, platform }: Needed, person: Person): Promise<FoundRow[]> =>
  Array.fromAsync(rowsNaming(stores.tables, platform.jobs, person));

async function foundOf(wired: Needed, person: Person, rows: readonly FoundRow[], signal: AbortSignal): Promise<Found> {
  const addresses = addressesIn(rows.map(({ data }) => data));
  return {
    ...counted(rows),
    messages: await outboxMessages(wired, person, { addresses, erase: false }),
    reportFiles: await reportFiles(wired, person.tenant),
    segments: Object.fromEntries(
      await segmentRows(await wired.segments(), keptTables(wired.platform), person, { erase: false, signal }),
    ),
  };
}

export async function forgetPerson(wired: Needed, person: Person, options: ForgetOptions): Promise<Proof> {
  const { clock, say = () => {}, signal, timeoutMs } = options;
  const { stores, platform, objects } = wired;
  const digest = digestOf(person.tenant, person.userId);
  const askedAt = (await forgottenAt(stores.tables, digest)) ?? clock.now();
  await rememberForgotten(stores.tables, digest, askedAt);

  await say('every partition is told, until all who read it know');
  const waiting = { works: groupsOf(wired), clock, timeoutMs, signal };
  const topics = platform.topics.filter(({ ofRuntime }) => ofRuntime !== true);
  await untilRead(stores, await sendToAll(stores, topics, person, clock.now()), waiting);

  const rows = await rowsOf(wired, person);
  const found = await begun(objects, digest, await foundOf(wired, person, rows, signal));
  // Rows have the addresses, so messages are removed first.
  const addresses = addressesIn(rows.map(({ data }) => data));
  await outboxMessages(wired, person, { addresses, erase: true });
  await say(`rows: ${rows.length}`);
  await eraseRows(wired, { rows, person, waiting });
  await say('views');
  await untilGone(wired, rows, options);
  await say('archives and rollups');
  await segmentRows(await wired.segments(), keptTables(platform), person, { erase: true, signal });
  await say('report files');
  await removeReportFiles(wired, person.tenant, clock.now());

  const left = {
    found,
    ownRequests: await ownRequests(wired, person.tenant, person.userId),
    generations: await otherGenerations(wired),
  };
  const now = clock.now();
  const proof: Proof = {
    person: digest,
    tenant: person.tenant,
    askedAt: new Date(askedAt).toISOString(),
    doneAt: new Date(now).toISOString(),
    found,
    remains: remaining(wired, left, now),
  };
  await objects.put(proofName(digest, now), Buffer.from(`${JSON.stringify(proof, null, 2)}\n`));
  await objects.remove(beginningName(digest));
  return proof;
}

/** The name of a proof among the objects. Each run has its own. */
const proofName = (digest: string, doneAt: number): string => `forgotten/${digest}/${doneAt}.json`;

const beginningName = (digest: string): string => `forgotten/${digest}/begun.json`;

/** The findings are stored before anything is removed, and added to those of an interrupted run. */
async function begun(objects: Needed['objects'], digest: string, now: Found): Promise<Found> {
  const name = beginningName(digest);
  const before = (await objects.head(name)) === undefined ? undefined : await textOf(await objects.get(name));
  const found = before === undefined ? now : largest(JSON.parse(before), now);
  await objects.put(name, Buffer.from(JSON.stringify(found)));
  return found;
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(bytes)).toString();
}

/** A slow owner may write a row once more. Rows that are still there get another event. */
async function eraseRows(
  wired: Needed,
  { rows: first, person, waiting }: { rows: readonly FoundRow[]; person: Person; waiting: Waiting & { clock: Clock } },
): Promise<void> {
  let rows = first;
  for (let round = 0; rows.length > 0; round++) {
    if (round === MOST_ROUNDS) throw stays(`${rows.length} rows still name the person`);
    const sent = await sendToRows(wired.stores, rows, person, waiting.clock.now());
    await untilRead(wired.stores, sent, waiting);
    rows = await rowsOf(wired, person);
  }
}

const MOST_ROUNDS = 5;
const LOOK_MS = 200;

/** Views that may be behind follow a little later. */
async function untilGone(
  { stores }: Needed,
  rows: readonly FoundRow[],
  { clock, timeoutMs, signal }: ForgetOptions,
): Promise<void> {
  const giveUpAt = clock.elapsed() + timeoutMs;
  let left = rows.flatMap(({ views }) => views);
  for (;;) {
    const shown = [];
    for (const record of left) if (await isShown(stores, record)) shown.push(record);
    left = shown;
    if (left.length === 0) return;
    signal.throwIfAborted();
    if (clock.elapsed() >= giveUpAt) {
      throw stays(`${[...new Set(left.map(({ target }) => target.name))].join(', ')} still shows the person`);
    }
    await clock.sleep(LOOK_MS, signal);
  }
}

const stays = (what: string): TributaryError =>
  new TributaryError(
    'USAGE',
    `${what}: see that the jobs run and their stores answer, and give the command again, which goes on`,
  );

async function otherGenerations({ stores, platform }: Needed): Promise<string[]> {
  const names: string[] = [];
  for (const { name, row } of platform.jobs) {
    const { current, kept } = await generationsOf(stores.tables, name);
    for (const generation of kept) if (generation !== current) names.push(tableOf(row, generation).name);
  }
  return names;
}
