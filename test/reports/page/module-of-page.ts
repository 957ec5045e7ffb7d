/** A module of the page that needs no browser. The page has a type check of its own, so its types are not known here. */
// biome-ignore lint/suspicious/noExplicitAny: see above.
export const moduleOfPage = (path: string): Promise<any> =>
  import(new URL(`../../../reports/page/${path}`, import.meta.url).href);
