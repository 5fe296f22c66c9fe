export { countWrong } from './countWrong';
export { axpy, mul, mulScalar, relu, reluBackward } from './elementwise';
export { append, copy, fill, fillI32, fillU8 } from './fill';
export { gatherLabels, gatherRows } from './gather';
export { heapBase } from './heap';
export { matmul, matmulScratchBytes } from './matmul/matmul';
export { adamStep, sgdStep } from './optimizers';
export { addBias, sumRows } from './rows';
export { softmaxCrossEntropy } from './softmaxCrossEntropy';
