export { Op } from './command';
export { heapBase } from './heap';
export { matmulScratchBytes } from './matmul/matmul';
export { commandBytes, run } from './program';
