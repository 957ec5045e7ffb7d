/** Calls to the service. The browser's own cache keeps answers to GET and revalidates them by ETag. */
import { follow } from './follow.js';
import { away, isAbort, problemOf } from './problem.js';

/**
 * @typedef {object} Credentials
 * @property {() => string | undefined} token
 * @property {() => Promise<boolean>} renew Called after a 401. Returns whether there is a new token.
 */

/** @typedef {{ signal?: AbortSignal, headers?: Record<string, string> }} Options */

/** @typedef {ReturnType<typeof createApi>} Api */

/** @param {Credentials} credentials */
export function createApi(credentials) {
  /**
   * @param {string} address
   * @param {RequestInit} [init]
   * @returns {Promise<Response>} Throws a Problem unless the call succeeds.
   */
  async function call(address, init = {}) {
    let response = await send(address, init);
    if (response.status === 401 && (await credentials.renew())) response = await send(address, init);
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  /**
   * @param {string} address
   * @param {RequestInit} init
   */
  async function send(address, init) {
    const headers = new Headers(init.headers);
    const token = credentials.token();
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    try {
      return await fetch(address, { ...init, headers });
    } catch (error) {
      if (isAbort(error)) throw error;
      throw away();
    }
  }

  /**
   * @param {string} method
   * @param {string} address
   * @param {unknown} body
   * @param {Options} options
   * @returns {Promise<any>}
   */
  async function json(method, address, body, { signal, headers } = {}) {
    const response = await call(address, {
      method,
      ...(signal && { signal }),
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return response.status === 204 ? undefined : await response.json();
  }

  return {
    call,
    /** @type {(address: string, options?: Options) => Promise<any>} */
    get: (address, options = {}) => json('GET', address, undefined, options),
    /** @type {(address: string, body: unknown, options?: Options) => Promise<any>} */
    post: (address, body, options = {}) => json('POST', address, body, options),
    /** @type {(address: string, body: unknown, options?: Options) => Promise<any>} */
    put: (address, body, options = {}) => json('PUT', address, body, options),
    /** @type {(address: string, options?: Options) => Promise<any>} */
    remove: (address, options = {}) => json('DELETE', address, undefined, options),
    /** @type {(address: string, listener: import('./follow.js').Listener, signal: AbortSignal) => Promise<void>} */
    follow: (address, listener, signal) => follow(call, address, listener, signal),
  };
}

/**
 * An address from parts, which are escaped, and a query, without undefined and empty values.
 * @param {readonly string[]} parts
 * @param {Record<string, string | number | boolean | undefined>} [query]
 */
export function addressOf(parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/${parts.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}
