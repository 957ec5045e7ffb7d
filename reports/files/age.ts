/** Encryption by age (https://age-encryption.org/v1), streamed. */
import { Encrypter } from 'age-encryption';

/**
 * The base 2 logarithm of the work per passphrase. With 18, the default elsewhere, a try takes 256 MB and one second in which nothing else
 * runs. Passphrases must be long here instead.
 */
const WORK_FACTOR = 16;

export type AgeKeys = { readonly recipients: readonly string[] } | { readonly passphrase: string };

/** Whether this is a valid recipient. */
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
