/** Calls to a service for one machine only. A page of another site, open in a browser on that machine, must not be able to call it. */

const HERE = new Set(['127.0.0.1', 'localhost', '[::1]']);

export const isLoopback = (host: string): boolean => ['127.0.0.1', '::1', 'localhost'].includes(host);

/** Why the call is refused. Undefined if it comes from this machine, and not from another site. */
export function foreignCall(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  const { host = '', origin } = headers;
  // A host name of another site may resolve to this machine.
  if (!HERE.has(URL.parse(`http://${host}`)?.hostname ?? '')) return `the host ${host} is not this machine`;
  if (origin !== undefined && origin !== `http://${host}`) return `a page of ${origin} may not call it`;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && !['same-origin', 'none'].includes(site)) return 'a page of another site may not call it';
  return undefined;
}
