/** Tables as CSV, like the files of reports: RFC 4180 in UTF-8, with formulas escaped. */

/** https://owasp.org/www-community/attacks/CSV_Injection, as in the files of reports. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: spreadsheets skip them
const FORMULA = /^[\x00-\x20\xA0\u3000\uFEFF]*[=+@\-＝＋－＠]|^[\t\r\n]/u;
/** These are numbers, whatever sign they have. */
const NUMBER = /^[+-]?[0-9]+([.,][0-9]+)?$/u;

/** @param {string} text */
function csvField(text) {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return safe === '' || /["\r\n,]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {readonly string[]} titles
 * @param {readonly (readonly (string | number | null)[])[]} rows
 */
export const csv = (titles, rows) =>
  [titles, ...rows]
    .map(
      (row) =>
        `${row.map((cell) => (cell === null ? '' : typeof cell === 'number' ? cell : csvField(cell))).join(',')}\r\n`,
    )
    .join('');
