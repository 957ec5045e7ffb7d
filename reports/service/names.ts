/** Names as used in code generated from the OpenAPI document. */

/** `batch_learners` becomes `BatchLearners`. */
export const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `list_batch_learners` becomes `listBatchLearners`. */
export const camelCase = (name: string): string => pascalCase(name).replace(/^./, (letter) => letter.toLowerCase());
