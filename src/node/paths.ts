/** In Node, calls that take files also take the path of a directory. */
import { acceptPaths } from '../files/fileStore.js';
import { directoryFiles } from './directoryFiles.js';

acceptPaths(directoryFiles);
