/** Suggests the name that may have been meant by one that does not exist. */

/** The first name that is near; all of them if none is. */
export function hint(wrong: string, names: readonly string[]): string {
  const near = names.find((name) => name.toLowerCase() === wrong.toLowerCase() || distance(name, wrong) <= 2);
  return near === undefined ? `; there are ${names.join(', ')}` : `; did you mean ${near}?`;
}

/** Levenshtein distance: how many letters to add, drop or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
