/** The version of this program. */
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

// Compiled code lies one folder deeper than its source, so the path to the file differs.
const manifest = JSON.parse(readFileSync(findPackageJSON(import.meta.url) as string, 'utf8')) as { version: string };

export const VERSION: string = manifest.version;
