/** `lowrank/mnist`: the tutorial's network and data. */
export { DigitsNet, type DigitsNetOptions } from './digitsNet.js';
export { type ParseIdxOptions, parseIdx } from './idx.js';
export { type MnistFiles, parseMnist } from './mnist.js';
export { type LoadMnistOptions, loadMnist } from './mnistDataset.js';
