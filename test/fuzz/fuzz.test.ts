/**
 * Every reader on files that were changed by those who know the format. It reads them, or says on one line which file
 * breaks which rule; it does not fall over, hang, or take memory for what is not there. `npm run fuzz` does 10,000 each.
 */
import { afterAll } from 'vitest';
import { READERS, removeFiles } from './readers.js';
import { survives } from './survival.js';

afterAll(removeFiles);
survives(READERS);
