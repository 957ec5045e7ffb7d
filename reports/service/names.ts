/** Names as code that is generated from the OpenAPI document has them. */

/** `batch_learners` is `BatchLearners`. */
export const pascalCase = (name: string): string =>
  name.replaceAll(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `list_batch_learners` is `listBatchLearners`. */
export const camelCase = (name: string): string => pascalCase(name).replace(/^./, (letter) => letter.toLowerCase());
