/** Stands for an embedded port in a folder without data. It creates nothing, and every use of it throws. */
import { TributaryError } from '../../core/errors.ts';

/** Every method rejects with NOT_FOUND. */
export function absentPort(folder: string): object {
  const refuse = async (): Promise<never> => {
    throw new TributaryError('NOT_FOUND', absentText(folder));
  };
  // With a method `then`, awaiting the object would already reject.
  return new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : refuse) });
}

export const absentText = (folder: string): string =>
  `there are no data in ${folder}; name the folder with --data, or start one there with \`tributary up\``;
