/** Encryption by age (https://age-encryption.org/v1), streamed. */
import { Encrypter } from 'age-encryption';

/**
 * The base 2 logarithm of the work to try one passphrase. With 18, the default of others, it takes 256 MB and a second in which nothing else runs;
 * passphrases are long here instead.
 */
const WORK_FACTOR = 16;

export type AgeKeys = { readonly recipients: readonly string[] } | { readonly passphrase: string };

/** Whether a file can be encrypted for this recipient. */
export function isRecipient(text: string): boolean {
  try {
    new Encrypter().addRecipient(text);
    return true;
  } catch {
    return false;
  }
}

export async function* agedOf(bytes: AsyncIterable<Uint8Array>, keys: AgeKeys): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  if ('passphrase' in keys) {
    encrypter.setPassphrase(keys.passphrase);
    encrypter.setScryptWorkFactor(WORK_FACTOR);
  } else {
    for (const recipient of keys.recipients) encrypter.addRecipient(recipient);
  }
  yield* await encrypter.encrypt(ReadableStream.from(bytes));
}
