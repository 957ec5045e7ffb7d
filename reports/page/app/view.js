/**
 * What a screen is given. A screen is a function from a view to a template, called again whenever something changes. The view keeps what the
 * screen loads, follows and remembers, by name, until the reader leaves the screen.
 */
import { isAbort } from './problem.js';

/**
 * @template T
 * @typedef {object} Loaded
 * @property {'loading' | 'done' | 'failed'} state
 * @property {T | undefined} value During a reload, the previous value.
 * @property {unknown} error
 * @property {() => void} again Loads it again.
 */

/**
 * @template T
 * @typedef {{ value: T, set(value: T): void }} Remembered
 */

/** @typedef {{ state: 'connecting' | 'live' | 'waiting' | 'ended' | 'failed', error: unknown }} Followed */

/** @typedef {Loaded<any> & { inputs: string, stop: AbortController }} Kept */

export class View {
  /** @type {Map<string, Kept>} */
  #loads = new Map();
  /** @type {Map<string, { value: unknown }>} */
  #memory = new Map();
  /** @type {Map<string, Followed & { address: string, stop: AbortController }>} */
  #follows = new Map();
  #left = new AbortController();
  #isDue = false;
  #draw;
  #navigate;

  /**
   * @param {object} parts
   * @param {import('./session.js').Session} parts.session
   * @param {Record<string, string>} parts.params
   * @param {URLSearchParams} parts.query
   * @param {() => void} parts.draw
   * @param {(address: string, replace: boolean) => void} parts.navigate
   * @param {(text: string) => void} parts.say
   */
  constructor({ session, params, query, draw, navigate, say }) {
    this.session = session;
    this.api = session.api;
    /** The parts of the address that vary, by name. */
    this.params = params;
    /** The query of the address. Change it with `change`. */
    this.query = query;
    /** Shows a text in the status line, which screen readers announce. */
    this.say = say;
    this.#draw = draw;
    this.#navigate = navigate;
  }

  /** Aborted when the reader leaves the screen. */
  get signal() {
    return this.#left.signal;
  }

  /**
   * Loads once, and again when the inputs change.
   * @template T
   * @param {string} name
   * @param {readonly unknown[]} inputs Everything that the work depends on.
   * @param {(signal: AbortSignal) => Promise<T>} work
   * @returns {Loaded<T>}
   */
  load(name, inputs, work) {
    const key = JSON.stringify(inputs);
    const kept = this.#loads.get(name);
    if (kept?.inputs === key) return kept;
    kept?.stop.abort();
    const begin = () => {
      const before = this.#loads.get(name);
      before?.stop.abort();
      const stop = new AbortController();
      /** @type {Kept} */
      const load = { state: 'loading', value: before?.value, error: undefined, again, inputs: key, stop };
      this.#loads.set(name, load);
      work(AbortSignal.any([stop.signal, this.signal])).then(
        (value) => this.#settle(name, load, { state: 'done', value }),
        (error) => {
          if (!isAbort(error)) this.#settle(name, load, { state: 'failed', error });
        },
      );
      return load;
    };
    const again = () => {
      begin();
      this.redraw();
    };
    return begin();
  }

  /**
   * @param {string} name
   * @param {Kept} load
   * @param {Partial<Kept>} outcome
   */
  #settle(name, load, outcome) {
    if (this.#loads.get(name) !== load) return;
    this.#loads.set(name, { ...load, error: undefined, ...outcome });
    this.redraw();
  }

  /**
   * Live events of an address, from now until the reader leaves. `tell` is called for each, and the screen is drawn again afterwards.
   * @param {string} name
   * @param {string} address A new address ends the previous connection.
   * @param {(event: string, data: any) => void} tell
   * @returns {Followed}
   */
  follow(name, address, tell) {
    const kept = this.#follows.get(name);
    if (kept?.address === address) return kept;
    kept?.stop.abort();
    const stop = new AbortController();
    /** @type {Followed & { address: string, stop: AbortController }} */
    const following = { state: 'connecting', error: undefined, address, stop };
    this.#follows.set(name, following);
    /** @param {Followed['state']} state @param {unknown} [error] */
    const became = (state, error) => {
      Object.assign(following, { state, error });
      this.redraw();
    };
    const listener = {
      became,
      tell: (/** @type {string} */ event, /** @type {any} */ data) => {
        if (stop.signal.aborted) return;
        tell(event, data);
        this.redraw();
      },
    };
    this.api.follow(address, listener, AbortSignal.any([stop.signal, this.signal])).then(
      () => became('ended'),
      (error) => became('failed', error),
    );
    return following;
  }

  /** Ends what `follow` began. @param {string} name */
  unfollow(name) {
    this.#follows.get(name)?.stop.abort();
    this.#follows.delete(name);
  }

  /**
   * State of the screen while it is shown. State that a link restores belongs in the query instead.
   * @template T
   * @param {string} name
   * @param {T} preset
   * @returns {Remembered<T>}
   */
  remember(name, preset) {
    const kept = this.#memory.get(name) ?? { value: preset };
    this.#memory.set(name, kept);
    return {
      value: /** @type {T} */ (kept.value),
      set: (value) => {
        kept.value = value;
        this.redraw();
      },
    };
  }

  /**
   * Changes the query of the address: undefined and empty values are removed.
   * @param {Record<string, string | number | undefined>} changes
   * @param {{ replace?: boolean }} [options] Adds no step to the browser's history.
   */
  change(changes, { replace = false } = {}) {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined || value === '') query.delete(name);
      else query.set(name, String(value));
    }
    const text = query.toString();
    this.#navigate(`${location.pathname}${text === '' ? '' : `?${text}`}`, replace);
  }

  /** @param {string} address */
  go(address) {
    this.#navigate(address, false);
  }

  /** Redraws the screen soon, and once for many calls. */
  redraw() {
    if (this.#isDue || this.signal.aborted) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.signal.aborted) this.#draw();
    });
  }

  /** Called when the reader leaves the screen. */
  leave() {
    this.#left.abort();
  }
}
