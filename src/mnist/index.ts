/** `lowrank/mnist`: the tutorial's network and data. */
export { DigitsNet, type DigitsNetOptions } from './digitsNet.js';
export { type IdxArray, type ParseIdxOptions, parseIdx } from './idx.js';
export { type LabelledBytes, type MnistFiles, type NamedBytes, parseMnist } from './mnist.js';
export { type LoadMnistOptions, loadMnist } from './mnistDataset.js';
