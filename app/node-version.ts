/**
 * The versions of Node that run Tributary: `engines` of the package, and the versions that `bin/engine.js` accepts. Before 24.16, SQLite in
 * Node truncates texts at a NUL. 25 is at its end of life and was not tried.
 */
export const NODE_VERSIONS = '^24.16.0 || >=26.0.0';

/** The same, in words. */
export const NODE_NEEDED = 'Node 24.16, a newer 24, or 26 and newer';

export function runsTributary(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= 26 || (major === 24 && minor >= 16);
}
