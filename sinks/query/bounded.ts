/** Applies the limits of a query to its signal and its pages. */
import { TributaryError } from '../../core/errors.ts';
import type { Answer, AnswerRow, QueryOptions } from './port.ts';

export interface Bounded {
  /** Aborted when the time is up, or when the caller aborts. */
  readonly signal: AbortSignal;
  /** Returns the result of the work. Throws the reason of the signal as soon as it is aborted; a late result is released. */
  wait<T>(work: Promise<T>, letGo?: (late: T) => unknown): Promise<T>;
  /** The pages. Throws once there are more rows than allowed. */
  pages(pages: AsyncIterable<readonly AnswerRow[]>): AsyncGenerator<readonly AnswerRow[]>;
  /** Releases the timer and the signal of the caller. */
  release(): void;
}

/** Throws the reason of a signal that is already aborted. */
export function bounded({ signal, rows: most = Number.POSITIVE_INFINITY, ms }: QueryOptions): Bounded {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const late = () => {
    const message = `the query takes longer than the ${ms} ms allowed; ask for less, or allow more`;
    controller.abort(new TributaryError('QUERY_LIMIT', message));
  };
  const timer = ms === undefined ? undefined : setTimeout(late, ms);
  return {
    signal: controller.signal,
    async wait(work, letGo = () => undefined) {
      const aborted = Promise.withResolvers<never>();
      const stop = (): void => aborted.reject(controller.signal.reason);
      if (controller.signal.aborted) stop();
      controller.signal.addEventListener('abort', stop, { once: true });
      try {
        return await Promise.race([work, aborted.promise]);
      } catch (error) {
        if (controller.signal.aborted) work.then(letGo, () => undefined);
        throw error;
      } finally {
        controller.signal.removeEventListener('abort', stop);
      }
    },
    async *pages(pages) {
      let rows = 0;
      for await (const page of pages) {
        rows += page.length;
        if (rows > most) {
          const message = `the answer has more than the ${most} rows allowed; ask for less, or allow more`;
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

/** The answers of an engine that are still open. */
export class OpenAnswers {
  readonly #open = new Set<Answer>();

  /** An answer that closes when its pages end, for whatever reason. */
  answer(
    { columns, read }: Pick<Answer, 'columns' | 'read'>,
    rows: AsyncIterable<readonly AnswerRow[]>,
    end: () => Promise<void>,
  ): Answer {
    const open = this.#open;
    let ending: Promise<void> | undefined;
    const close = (): Promise<void> => {
      open.delete(answer);
      ending ??= end();
      return ending;
    };
    async function* pages(): AsyncGenerator<readonly AnswerRow[]> {
      try {
        yield* rows;
        // Otherwise the rest would be missing without an error.
        if (ending !== undefined) throw new TributaryError('USAGE', 'an answer was closed before all of it was read');
      } finally {
        await close();
      }
    }
    const answer: Answer = { columns, read, pages: pages(), close, [Symbol.asyncDispose]: close };
    open.add(answer);
    return answer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((answer) => answer.close()));
  }
}
