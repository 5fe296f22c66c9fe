export { Op } from './command';
export { heapBase } from './heap';
export { matmulScratchBytes } from './matmul/matmul';
export { peak, peakFlops } from './peak';
export { controlBytes, work } from './pool';
export { commandBytes, run } from './program';
