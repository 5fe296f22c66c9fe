/** `lowrank/node`: what reads and writes files. */
export { readBinary } from './node/binary.js';
export { directoryFiles, fileSource } from './node/fileSource.js';
export { ensureWritableDirectory, readFileBytes, writeFileAtomic } from './node/files.js';
export { mnistFiles } from './node/mnist.js';
