/** `lowrank/node`: functions that read and write files. */
export { readBinary } from './node/binary.js';
export { directoryFiles } from './node/directoryFiles.js';
export { type ExampleFiles, exampleFiles } from './node/exampleFiles.js';
export { fileSource } from './node/fileSource.js';
export { ensureWritableDirectory, readFileBytes, writeFileAtomic } from './node/files.js';
export { type HubModelOptions, hubModel } from './node/hub.js';
export { mnistFiles } from './node/mnist.js';
