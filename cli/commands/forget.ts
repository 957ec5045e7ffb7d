/** `tributary forget <user>`: removes a person, and reports what remains. */
import { findPerson, forgetPerson } from '../../app/forget/forget.ts';
import type { Found } from '../../app/forget/proof.ts';
import { whileWorking } from '../../app/forget/working.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { type Context, print, printJson, printTable, type Run } from '../context.ts';

interface Args {
  readonly user: string;
  readonly tenant: string;
  readonly yes: boolean;
  readonly timeoutMs: number;
  readonly json: boolean;
}

export const run: Run<Args> = async (context, { user, tenant, yes, timeoutMs, json }) => {
  const { wired, stderr, signal } = context;
  const person = { tenant, userId: user };
  if (!yes) {
    const found = await findPerson(wired, person, { signal });
    if (json) await printJson(context, { done: false, found });
    else {
      await printFound(context, found);
      await print(context, 'Nothing was removed: do it with --yes. It cannot be undone.');
    }
    return undefined;
  }
  const say = (step: string): void => void stderr.write(`${step}\n`);
  const proof = await whileWorking(wired, () =>
    forgetPerson(wired, person, { clock: systemClock, timeoutMs, signal, say }),
  );
  if (json) await printJson(context, { done: true, ...proof });
  else {
    await printFound(context, proof.found);
    await print(context, 'All of it was removed. What remains:');
    for (const remains of proof.remains) await print(context, `- ${remains}`);
    await print(context, `The proof is among the objects, in forgotten/${proof.person}.`);
  }
  return undefined;
};

async function printFound(context: Context, { rows, views, messages, reportFiles, segments }: Found): Promise<void> {
  const counts = [
    ...Object.entries(rows).map(([name, count]) => [`rows of ${name}`, count] as const),
    ...Object.entries(views).map(([name, count]) => [`records of ${name}`, count] as const),
    ['messages in the outbox', messages] as const,
    ['report files of the tenant, and reports under way', reportFiles] as const,
    ...Object.entries(segments).map(([name, count]) => [`rows of segments of ${name}`, count] as const),
  ];
  await printTable(
    context,
    ['what', 'how many'],
    counts.filter(([, count]) => count > 0),
  );
}
