/** The limits of a query, as its signal and as its pages. */
import { TributaryError } from '../../core/errors.ts';
import type { Answer, AnswerRow, QueryOptions } from './port.ts';

export interface Bounded {
  /** Aborted when the time is up, when whoever asks aborts, and by `end`. */
  readonly signal: AbortSignal;
  end(reason: unknown): void;
  /** The pages, until there are more rows than allowed. */
  pages(pages: AsyncIterable<readonly AnswerRow[]>): AsyncGenerator<readonly AnswerRow[]>;
  /** Lets go of the clock and of whoever asks. */
  release(): void;
}

/** Throws the reason of a signal that is aborted already. */
export function bounded({ signal, rows: most = Number.POSITIVE_INFINITY, ms }: QueryOptions): Bounded {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const late = () => {
    const message = `the query takes longer than the ${ms} ms that it may; ask for less, or allow more`;
    controller.abort(new TributaryError('QUERY_LIMIT', message));
  };
  const timer = ms === undefined ? undefined : setTimeout(late, ms);
  return {
    signal: controller.signal,
    end: (reason) => controller.abort(reason),
    async *pages(pages) {
      let rows = 0;
      for await (const page of pages) {
        rows += page.length;
        if (rows > most) {
          const message = `the answer has more than the ${most} rows that it may have; ask for less, or allow more`;
          throw new TributaryError('QUERY_LIMIT', message);
        }
        yield page;
      }
    },
    release() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    },
  };
}

/** An answer that closes when its pages end, in whatever way. */
export function answerOf(
  { columns, read }: Pick<Answer, 'columns' | 'read'>,
  rows: AsyncIterable<readonly AnswerRow[]>,
  end: () => Promise<void>,
): Answer {
  let ending: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ending ??= end();
    return ending;
  };
  async function* pages(): AsyncGenerator<readonly AnswerRow[]> {
    try {
      yield* rows;
      // The rest would be missing, without a word.
      if (ending !== undefined) throw new TributaryError('USAGE', 'an answer was closed before all of it was read');
    } finally {
      await close();
    }
  }
  return { columns, read, pages: pages(), close, [Symbol.asyncDispose]: close };
}
