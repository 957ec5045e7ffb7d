/**
 * When this is preloaded, `tributary` and its entries resolve to the sources of this repository. An example then runs unchanged, against
 * the code that will be packed.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const ROOT = new URL('../../', import.meta.url);

const { exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

/** The source of each entry, by import specifier. A compiled file has the same path in `dist/` as its source has in the root. */
const sources = new Map(
  Object.entries(exports).flatMap(([entry, files]) => {
    if (typeof files === 'string') return [];
    const source = files.default.replace('./dist/', './').replace(/\.js$/, '.ts');
    return [[`tributary${entry.slice(1)}`, new URL(source, ROOT).href]];
  }),
);

registerHooks({
  resolve: (specifier, context, next) => next(sources.get(specifier) ?? specifier, context),
});
