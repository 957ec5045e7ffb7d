/**
 * Server-sent events by `fetch`, since EventSource cannot send a token. A lost connection is reopened with the id of the last event. If the
 * service gives no ids, it sends everything again, and listeners must expect that.
 */
import { pause } from './pause.js';
import { isAbort, Problem } from './problem.js';

/**
 * @typedef {object} Listener
 * @property {(event: string, data: any) => void} tell Called with each event and its data.
 * @property {(state: 'connecting' | 'live' | 'waiting') => void} [became]
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const END = 'end';

/**
 * Follows until an event `end` or the signal. Throws a Problem if another attempt would not help.
 * @param {(address: string, init: RequestInit) => Promise<Response>} call
 * @param {string} address
 * @param {Listener} listener
 * @param {AbortSignal} signal
 */
export async function follow(call, address, { tell, became = () => {} }, signal) {
  let wait = FIRST_WAIT_MS;
  let last = '';
  while (!signal.aborted) {
    try {
      became('connecting');
      const headers = { accept: 'text/event-stream', ...(last !== '' && { 'last-event-id': last }) };
      const response = await call(address, { headers, signal });
      became('live');
      for await (const { event, data, id } of eventsIn(response)) {
        wait = FIRST_WAIT_MS;
        last = id ?? last;
        tell(event, data === '' ? undefined : JSON.parse(data));
        if (event === END) return;
      }
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) throw error;
    }
    became('waiting');
    await pause(wait, signal);
    wait = Math.min(2 * wait, LONGEST_WAIT_MS);
  }
}

/** @param {Response} response */
async function* eventsIn(response) {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** @param {string} block */
function eventOf(block) {
  /** @type {string[]} */
  const data = [];
  let event = 'message';
  /** @type {string | undefined} */
  let id;
  for (const line of block.split(/\r?\n/)) {
    const [, field, value = ''] = /^(\w+)(?::\x20?(.*))?$/.exec(line) ?? [];
    if (field === 'data') data.push(value);
    else if (field === 'event') event = value;
    else if (field === 'id') id = value;
  }
  return data.length === 0 && event === 'message' ? undefined : { event, data: data.join('\n'), id };
}
