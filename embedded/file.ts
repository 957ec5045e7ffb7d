/** Where the shared file lies in a data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export const fileIn = (folder: string): string => join(folder, 'tributary.sqlite');

/** Whether anything was ever kept there. */
export const hasDatabase = (folder: string): boolean => existsSync(fileIn(folder));
