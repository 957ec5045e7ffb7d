/** Events that callers produce, as CloudEvents over HTTP. */
import { z } from 'zod';
import { type FieldProblem, TributaryError } from '../../../core/errors.ts';
import { type GivenEvent, membersOf, recordsOf, saidIn, type Target } from '../../../topics/codec/given-event.ts';
import type { Topic } from '../../../topics/define.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { pascalCase } from '../names.ts';
import { needRole } from '../roles.ts';
import { type Call, type Caller, defineRoute, type Route } from '../route.ts';

/** The largest number of events in a batch. */
const MOST_EVENTS = 1000;
const MOST_BYTES = 1024 * 1024;

const STRUCTURED = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

const acceptedShape = z
  .object({
    topic: z.string(),
    events: z
      .array(
        z.object({
          id: z.string(),
          source: z.string(),
          records: z
            .array(z.object({ partition: z.int().min(0), offset: z.int().min(0) }))
            .describe('The position of the event in the topic: one record, or one in each partition for a broadcast.'),
          leftOut: z
            .array(z.string())
            .describe('Fields that were left out of the data, because the schema does not have them.'),
        }),
      )
      .describe('In the order in which they were given.'),
  })
  .meta({ id: 'AcceptedEvents' });

/** A route for each topic, so that generated clients know its events. */
export const produceEvents = (topic: Topic): Route =>
  defineRoute({
    name: `produce_${topic.name.replaceAll(/[^A-Za-z0-9]+/g, '_')}`,
    method: 'POST',
    path: `/v1/events/${topic.name}`,
    summary: `Produce events of ${topic.name}.`,
    doc: `One CloudEvent, as \`${STRUCTURED}\` or, with its attributes in headers named \`ce-…\`, as \`application/json\`; or up to ${MOST_EVENTS} as \`${BATCH}\`. All are accepted, or none: then \`problems\` has what is wrong with each, by its place in the batch. An event that is sent again with the same \`source\` and \`id\` counts once.`,
    scope: 'events:write',
    takes: { body: z.unknown(), headers: HEADERS },
    bodyTypes: bodyTypesOf(topic),
    mostBytes: MOST_BYTES,
    mostAtOnce: 8,
    answers: { 200: { doc: 'All events are in the log.', body: acceptedShape } },
    async run({ caller, body, headers }, service) {
      needRole(caller, 'producer', 'produce events');
      const given = givenIn(body, headers);
      const target = await service.events.targetOf(topic);
      const made = madeOf(given, caller, target);
      const records = made.flatMap((each) => each.records);
      const offsets = records.length === 0 ? [] : await service.events.append(records);
      service.audit(caller, { action: 'produce', topic: topic.name, events: made.length });
      const places = records.map(({ partition }, i) => ({ partition, offset: offsets[i] as number }));
      const events = made.map(({ id, source, records: { length }, leftOut }) => {
        return { id, source, records: places.splice(0, length), leftOut };
      });
      return { status: 200, body: { topic: topic.name, events } };
    },
  });

const HEADERS = {
  'ce-specversion': 'In binary mode: 1.0.',
  'ce-type': 'In binary mode: what happened.',
  'ce-id': 'In binary mode: unique within its source, and the same when the event is sent again.',
  'ce-source': 'In binary mode: which service produces it.',
  'ce-time': 'In binary mode: when it happened, as in RFC 3339.',
} as const;

function bodyTypesOf({ name, events, broadcasts }: Topic) {
  const event = z
    .looseObject({
      specversion: z.literal('1.0'),
      id: z.string().min(1).max(4096),
      source: z.string().min(1).max(4096),
      type: z.string().meta({ enum: [...events, ...broadcasts].map(({ type }) => type) }),
      time: z.iso.datetime({ offset: true }).optional(),
      tenant: z.string().optional().describe('The tenant of the caller. It may be left out.'),
      data: z.looseObject({}).describe('As described in docs/events.md and docs/schemas.'),
    })
    .meta({ id: `EventOf${pascalCase(name)}` });
  return {
    [STRUCTURED]: event,
    [BATCH]: z.array(event).max(MOST_EVENTS),
    'application/json': z.looseObject({}).describe('The data of one event.'),
  };
}

/** One event as received: its members, and its place in the body. */
interface Placed {
  /** The place in the batch; undefined for a single event. */
  readonly place: number | undefined;
  readonly value: unknown;
}

function givenIn(body: unknown, headers: Call['headers']): readonly Placed[] {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === STRUCTURED) return [{ place: undefined, value: body }];
  if (type !== BATCH) return [{ place: undefined, value: binary(body, headers) }];
  if (!Array.isArray(body)) throw refused([{ field: '', message: 'a batch is a list of events' }], 0);
  if (body.length > MOST_EVENTS)
    throw refused(
      [{ field: '', message: `${body.length} events are too many: give ${MOST_EVENTS} at most` }],
      body.length,
    );
  return body.map((value, place) => ({ place, value }));
}

/** The attributes are headers. Characters that a header cannot have are percent-encoded. */
function binary(data: unknown, headers: Call['headers']): unknown {
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith('ce-'));
  const wrong: FieldProblem[] = [];
  const members = attributes.map(([name, value = '']) => {
    try {
      return [name.slice('ce-'.length), decodeURIComponent(value)];
    } catch {
      wrong.push({ field: name, message: 'a percent sign is written as %25' });
      return [name, ''];
    }
  });
  if (wrong.length > 0) throw refused(wrong, 1);
  return { ...Object.fromEntries(members), data };
}

interface MadeEvent extends Pick<GivenEvent, 'id' | 'source'> {
  readonly records: readonly NewRecord[];
  readonly leftOut: readonly string[];
}

/** Throws USAGE and lists the problems of each event. */
function madeOf(given: readonly Placed[], caller: Caller, target: Target): readonly MadeEvent[] {
  const problems: FieldProblem[] = [];
  const made: MadeEvent[] = [];
  for (const { place, value } of given) {
    const one = eventOf(value, caller, target);
    if (typeof one === 'string') problems.push(problemAt(place, one));
    else made.push(one);
  }
  if (problems.length > 0) throw refused(problems, given.length);
  return made;
}

function eventOf(value: unknown, { tenant }: Caller, target: Target): MadeEvent | string {
  const members = membersOf(value);
  if (typeof members === 'string') return members;
  if (!members.has('specversion')) return 'specversion: it is missing; give "1.0" (in binary mode: ce-specversion)';
  const said = saidIn(members, 'always');
  if (typeof said === 'string') return said;
  const { id = '', source = '' } = said;
  if (said.tenant !== undefined && said.tenant !== tenant)
    return `tenant: the caller is of another, ${tenant}; leave it out`;
  const found = recordsOf({ ...said, id, source, tenant }, target);
  return found.kind === 'wrong' ? found.problem : { id, source, records: found.records, leftOut: found.unknown };
}

/** A problem of a single member begins with the path of that member. */
function problemAt(place: number | undefined, problem: string): FieldProblem {
  const [, member, rest] = /^([a-z_]+(?:\.\w+|\[\d+\])*): ([\s\S]*)$/.exec(problem) ?? [];
  const field = [place, member].filter((each) => each !== undefined).join('.');
  return { field, message: rest ?? problem };
}

function refused(problems: readonly FieldProblem[], events: number): TributaryError {
  const wrong = events > 1 ? `${problems.length} of ${events} events are wrong` : 'it cannot be accepted';
  const [first] = problems;
  const detail = `${wrong}, and nothing was: ${first?.field ? `${first.field}: ` : ''}${first?.message}`;
  return new TributaryError('USAGE', detail, { problems });
}
