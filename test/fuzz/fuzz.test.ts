/**
 * Every reader on files that were changed with knowledge of the format. It reads them, or says on one line which file
 * breaks which rule; it does not crash, hang, or allocate memory for data that does not exist. `npm run fuzz` does 10,000 each.
 */
import { afterAll } from 'vitest';
import { READERS, removeFiles } from './readers.js';
import { survives } from './survival.js';

afterAll(removeFiles);
survives(READERS);
