/** Which passwords and recipients are accepted. */
import { isRecipient } from './age.ts';
import type { Protection } from './format.ts';
import type { Parsed } from './options.ts';

/** As written by callers. Several recipients are separated by spaces, commas or line ends. */
export interface GivenProtection {
  readonly kind: string;
  readonly password?: string;
  readonly recipients?: string | readonly string[];
  readonly passphrase?: string;
}

const KINDS = ['none', 'zip', 'age'];
const SHORTEST = 16;
/** The longest password of a zip: 7-Zip accepts no longer ones. */
const LONGEST = 99;
const DIFFERENT = 8;
const MOST_RECIPIENTS = 20;

/** No problem contains a secret. */
export function parseProtection(given: GivenProtection): Parsed<Protection> {
  const problems = [...misplaced(given)];
  switch (given.kind) {
    case 'none':
      return done({ kind: 'none' }, problems);
    case 'zip':
      problems.push(...secretProblems('password', given.password));
      if (!/^[\x20-\x7E]*$/.test(given.password ?? '')) {
        problems.push('password: use letters from A to Z, digits and ASCII signs; programs read others differently');
      }
      return done({ kind: 'zip', password: given.password ?? '' }, problems);
    case 'age': {
      const recipients = listed(given.recipients);
      if (recipients.length > 0 && given.passphrase === undefined) {
        return done({ kind: 'age', recipients }, [...problems, ...recipientsProblems(recipients)]);
      }
      if (given.passphrase !== undefined && recipients.length === 0) {
        const { passphrase } = given;
        return done({ kind: 'age', passphrase }, [...problems, ...secretProblems('passphrase', passphrase)]);
      }
      return { problems: [...problems, 'age needs either recipients or a passphrase'] };
    }
    default:
      return { problems: [`protection is one of ${KINDS.join(', ')}, not ${JSON.stringify(given.kind)}`] };
  }
}

const done = (value: Protection, problems: readonly string[]): Parsed<Protection> =>
  problems.length > 0 ? { problems } : { value };

const listed = (recipients: GivenProtection['recipients'] = []): readonly string[] =>
  typeof recipients === 'string' ? recipients.split(/[\s,]+/).filter((each) => each !== '') : recipients;

/** A password given for another kind of file would not protect anything. */
function misplaced({ kind, password, recipients, passphrase }: GivenProtection): string[] {
  if (!KINDS.includes(kind)) return [];
  return [
    ...(password !== undefined && kind !== 'zip' ? [`a password is for zip, not for ${kind}`] : []),
    ...(recipients !== undefined && kind !== 'age' ? [`recipients are for age, not for ${kind}`] : []),
    ...(passphrase !== undefined && kind !== 'age' ? [`a passphrase is for age, not for ${kind}`] : []),
  ];
}

/** A holder of the file can try as many passwords as time allows. */
function secretProblems(name: string, secret: string | undefined): string[] {
  if (secret === undefined || secret === '') return [`a ${name} is missing`];
  const problems: string[] = [];
  const characters = [...secret];
  if (characters.length < SHORTEST || new Set(characters).size < DIFFERENT) {
    problems.push(
      `the ${name} is weak: use ${SHORTEST} characters or more, ${DIFFERENT} of them different; four random words, or the ${name} of a generator`,
    );
  }
  if (secret.length > LONGEST) problems.push(`the ${name} is longer than ${LONGEST} characters`);
  if (secret !== secret.trim() || /\p{Cc}/u.test(secret)) {
    problems.push(
      `the ${name} begins or ends with a space, or has a control character: these get lost when it is typed`,
    );
  }
  return problems;
}

function recipientsProblems(recipients: readonly string[]): string[] {
  const problems = recipients.filter((each) => !isRecipient(each)).map(recipientProblem);
  if (recipients.length > MOST_RECIPIENTS) problems.push(`more than ${MOST_RECIPIENTS} recipients`);
  if (new Set(recipients.map(isPostQuantum)).size > 1) {
    problems.push(
      'recipients that begin with age1pq or age1tagpq cannot be mixed with others: the file would be as weak as these',
    );
  }
  return problems;
}

const isPostQuantum = (recipient: string): boolean => /^age1(pq|tagpq)1/.test(recipient);

function recipientProblem(recipient: string): string {
  if (/^AGE-SECRET-KEY-/i.test(recipient)) {
    return 'a recipient is a secret key: keep it to yourself, and give the public key, which begins with age1 (age-keygen -y prints it)';
  }
  if (/^ssh-/.test(recipient)) return 'a recipient is an SSH key: give a key of age-keygen, which begins with age1';
  return `a recipient is not a public key of age: ${JSON.stringify(shortened(recipient))}; copy it whole, from age1 on`;
}

const shortened = (text: string): string => (text.length > 24 ? `${text.slice(0, 20)}…` : text);
