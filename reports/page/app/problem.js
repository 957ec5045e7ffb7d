/** Why a call failed: a problem from the service (RFC 9457), or no answer. */

export class Problem extends Error {
  /**
   * @param {number} status 0 if there was no answer.
   * @param {string} code
   * @param {string} detail
   * @param {readonly { field: string, message: string }[]} [problems]
   */
  constructor(status, code, detail, problems = []) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

/** @param {Response} response */
export async function problemOf(response) {
  const { status } = response;
  try {
    const { code, detail, problems } = await response.json();
    return new Problem(status, String(code), String(detail), problems);
  } catch {
    return new Problem(status, 'UNKNOWN', `the service answered ${status} without a reason: try again`);
  }
}

export const away = () => new Problem(0, 'AWAY', 'the service does not answer: check your connection and try again');

/** @param {unknown} error */
export const isAbort = (error) => error instanceof DOMException && error.name === 'AbortError';

/**
 * Undefined after a 404: it does not exist, or this reader may not see it.
 * @template T
 * @param {Promise<T>} asked
 * @returns {Promise<T | undefined>}
 */
export const ifThere = (asked) =>
  asked.catch((error) => {
    if (error instanceof Problem && error.status === 404) return undefined;
    throw error;
  });
