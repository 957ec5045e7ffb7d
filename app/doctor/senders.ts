/**
 * What `tributary doctor` finds about the senders of events: clocks that are ahead, types that a topic does not declare, fields that a
 * schema lacks, or that do not fit it. It looks at the newest records of every partition. Such records are not refused, so nothing else
 * would name their senders.
 */

import { type Finding, ok, warning } from '../../core/finding.ts';
import { hint } from '../../core/hint.ts';
import { unknownFields } from '../../core/unknown-fields.ts';
import { isDeclared } from '../../jobs/runtime/anomalies.ts';
import { attributeOf, jsonDataOf } from '../../topics/codec/envelope.ts';
import { parseTime } from '../../topics/codec/time.ts';
import type { Topic } from '../../topics/define.ts';
import { eventsOf } from '../platform/names.ts';
import { isoOf } from '../text/time-text.ts';
import type { Inspected } from './inspect.ts';

const NEWEST = 100;
/** The most senders, types or fields to name for each topic and kind of anomaly. */
const NAMED = 5;
const LONGEST = 100;

type Kind = 'ahead' | 'undeclared' | 'unknown' | 'unfit';

interface Odd {
  /** How many of the records have this anomaly. */
  count: number;
  /** For times: the latest one. */
  latest: number;
}

type Found = Readonly<Record<Kind, Map<string, Odd>>>;

export async function senders(inspected: Inspected): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const topic of inspected.wired.platform.topics) findings.push(...(await sendersOf(inspected, topic)));
  return findings.length > 0 ? findings : [ok('senders', `nothing is strange about the newest records of any topic`)];
}

async function sendersOf({ wired, signal }: Inspected, topic: Topic): Promise<Finding[]> {
  const { transport, codec } = wired.stores;
  const found: Found = { ahead: new Map(), undeclared: new Map(), unknown: new Map(), unfit: new Map() };
  const note = (kind: Kind, what: string, latest = 0): void => {
    const odd = found[kind].get(what) ?? { count: 0, latest };
    found[kind].set(what, { count: odd.count + 1, latest: Math.max(odd.latest, latest) });
  };
  const [info] = await transport.describe([topic.name]);
  for (const { partition, begin, end } of info?.partitions ?? []) {
    signal.throwIfAborted();
    const records =
      end > begin ? await transport.read(topic.name, partition, Math.max(begin, end - NEWEST), NEWEST) : [];
    await codec.learn(records, eventsOf(topic));
    for (const record of records) {
      const decoded = codec.decode(topic, record, eventsOf(topic));
      const source = quoted(attributeOf(record, 'source'));
      if (decoded.kind === 'ignored' && !isDeclared(topic, decoded.type)) {
        note('undeclared', `${quoted(decoded.type)} of ${source}`);
      }
      if (decoded.kind !== 'event') continue;
      if (decoded.isAhead) note('ahead', source, parseTime(String(attributeOf(record, 'time'))) ?? 0);
      if (decoded.unknown) {
        const def = eventsOf(topic).get(decoded.event.type);
        const names = def === undefined ? [] : unknownFields(def, jsonDataOf(record));
        for (const name of names) note('unknown', `${quoted(name)} in ${decoded.event.type} of ${source}`);
      }
      const paths = (decoded.event.unfit ?? []).map(({ path }) => path.replaceAll(/\[\d+\]/g, '[]'));
      for (const path of new Set(paths)) note('unfit', `${path} in ${decoded.event.type} of ${source}`);
    }
  }
  return findingsOf(topic, found);
}

function findingsOf(topic: Topic, { ahead, undeclared, unknown, unfit }: Found): Finding[] {
  const types = [...eventsOf(topic).keys()];
  const of = (kind: Map<string, Odd>, say: (what: string, odd: Odd) => string): string => {
    const all = [...kind].sort(([, a], [, b]) => b.count - a.count);
    const named = all.slice(0, NAMED).map(([what, odd]) => say(what, odd));
    return [...named, ...(all.length > NAMED ? [`and ${all.length - NAMED} more`] : [])].join('; ');
  };
  const findings: Finding[] = [];
  if (ahead.size > 0) {
    const who = of(ahead, (what, { count, latest }) => `${what}, up to ${isoOf(latest)}, in ${count} records`);
    const what = `${topic.name}: senders whose events happen after they are logged: ${who}`;
    findings.push(
      warning('senders', what, 'set the clocks of these senders; until then the time of the record counts'),
    );
  }
  if (undeclared.size > 0) {
    const which = of(undeclared, (what, { count }) => `${what}, in ${count} records`);
    const [first = ''] = undeclared.keys();
    const near = hint(first.slice(0, first.lastIndexOf(' of ')), types);
    const what = `${topic.name}: types that it does not declare, which no job applies: ${which}${near}`;
    const todo = 'correct the producer; with undeclaredTypes=dead-letter such records are kept for a replay';
    findings.push(warning('senders', what, todo));
  }
  if (unknown.size > 0) {
    const which = of(unknown, (what, { count }) => `${what}, in ${count} records`);
    const what = `${topic.name}: fields that the schema does not have, which are ignored: ${which}`;
    findings.push(warning('senders', what, 'see whether they are misspelt; docs/events.md has the fields'));
  }
  if (unfit.size > 0) {
    const which = of(unfit, (what, { count }) => `${what}, in ${count} records`);
    const what = `${topic.name}: fields that do not fit the schema, and are left out: ${which}`;
    findings.push(warning('senders', what, 'correct the producer; docs/events.md has the types'));
  }
  return findings;
}

const quoted = (text: unknown): string =>
  typeof text === 'string' ? text.slice(0, LONGEST).toWellFormed() : 'a sender that does not say who it is';
