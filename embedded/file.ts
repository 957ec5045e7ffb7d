/** The path of the shared file in a data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const fileIn = (folder: string): string => join(folder, 'tributary.sqlite');

/** Whether the folder has been used before. */
export const hasDatabase = (folder: string): boolean => existsSync(fileIn(folder));
