/**
 * Preloaded, it has `tributary` and its entries mean the sources of this repository: so an example runs here as it is, against what
 * it will be packed with.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';

const ROOT = new URL('../../', import.meta.url);

const { exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

/** Each entry by what is written in an import of it; a compiled file lies in `dist/` where its source lies in the root. */
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
