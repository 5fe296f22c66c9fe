/** Everything that runs unchanged in Node, a page and a worker. */
export { noGrad } from './autograd/record.js';
export type { Backend, DeviceName, HostArray, MemoryUse, Storage } from './backends/backend.js';
export { DataError, DeviceError, ShapeError } from './base/errors.js';
export { polledSignal } from './base/polledSignal.js';
export { Random, type RandomState } from './base/random.js';
export type { AnyBatch, Batches, BatchOptions, Draw } from './data/batches.js';
export { type Batch, Dataset, type DatasetOptions } from './data/dataset.js';
export { mixReplay } from './data/replay.js';
export type { DeviceReport, SelectDeviceOptions, SelectedDevice } from './device.js';
export { type ByteSource, blobSource, bytesSource } from './files/byteSource.js';
export type { Bytes } from './files/bytes.js';
export { type FileSource, mapFiles } from './files/fileSource.js';
export type { FileContent, FileStore, ReadablePlace, WritablePlace } from './files/fileStore.js';
export { type HttpOptions, httpFiles, httpSource } from './files/http.js';
export { LoraAdapter } from './lora/adaptation.js';
export { AdaptedLayer } from './lora/adaptedLayer.js';
export {
  type AdapterFiles,
  type LoadAdapterOptions,
  loadAdapter,
  type SaveAdapterOptions,
  saveAdapter,
  serializeAdapter,
} from './lora/adapterFile.js';
export {
  activeAdapters,
  adapterNames,
  deleteAdapter,
  getAdapter,
  renameAdapter,
  setActiveAdapters,
  setAdapterScale,
  withAdapterDisabled,
  withAdapterPerRow,
} from './lora/adapters.js';
export { applyLora } from './lora/applyLora.js';
export type { LoraBias, LoraConfig, LoraInit, ModuleNames, NumbersByPattern } from './lora/config.js';
export { countParameters, type ParameterCount } from './lora/countParameters.js';
export { LoraFactors } from './lora/factors.js';
export { LoraEmbedding } from './lora/loraEmbedding.js';
export { LoraLinear } from './lora/loraLinear.js';
export { LoraParametrization } from './lora/loraParametrization.js';
export { type LoraPlusGroup, loraPlusGroups } from './lora/loraPlus.js';
export {
  type MergeOptions,
  type MergeReport,
  merge,
  mergeAndUnload,
  unloadAdapters,
  unmerge,
} from './lora/merge.js';
export type { PeftTask } from './lora/peftConfig.js';
export { PythonPattern } from './lora/pythonPattern.js';
export { addWeightedAdapter, type WeightedAdapterOptions } from './lora/weightedAdapter.js';
export { checkpoint, type Segment } from './nn/checkpoint.js';
export { Dropout, type DropoutState } from './nn/dropout.js';
export { Embedding, type EmbeddingOptions } from './nn/embedding.js';
export { Linear, type LinearOptions } from './nn/linear.js';
export { type LoadTensorsOptions, loadTensors, parseModel, serializeModel } from './nn/modelFile.js';
export { type HostTensor, Layer, Module, type StateDict } from './nn/module.js';
export {
  originalParameter,
  parametrizationsOf,
  registerParametrization,
  removeParametrizations,
} from './nn/parametrization.js';
export { ReLU } from './nn/relu.js';
export { RMSNorm, type RMSNormOptions } from './nn/rmsNorm.js';
export { Sequential } from './nn/sequential.js';
export { type AddOptions, add } from './ops/add.js';
export { addLowRank, type LowRank, type LowRankWithBias } from './ops/addLowRank.js';
export { addLowRankAt } from './ops/addLowRankAt.js';
export { addResidual } from './ops/addResidual.js';
export { type AttentionOptions, attention } from './ops/attention.js';
export { crossEntropy } from './ops/crossEntropy.js';
export { detach } from './ops/detach.js';
export { doraScale } from './ops/doraScale.js';
export { dropout } from './ops/dropout.js';
export { embedding } from './ops/embedding.js';
export { linear } from './ops/linear.js';
export { type LinearCrossEntropyOptions, linearCrossEntropy } from './ops/linearCrossEntropy.js';
export { loraWeight } from './ops/loraWeight.js';
export { type MatmulOptions, matmul } from './ops/matmul.js';
export { mul } from './ops/mul.js';
export { relu } from './ops/relu.js';
export { reshape } from './ops/reshape.js';
export { rmsNorm } from './ops/rmsNorm.js';
export { type RopeOptions, rope } from './ops/rope.js';
export { scaleColumns, scaleRows } from './ops/scale.js';
export { silu } from './ops/silu.js';
export { siluMul } from './ops/siluMul.js';
export { Adam, type AdamOptions, AdamW } from './optim/adam.js';
export type { OptimizerParameters, ParameterGroup } from './optim/groups.js';
export { Optimizer } from './optim/optimizer.js';
export { learningRateFactor, type Schedule } from './optim/schedule.js';
export { SGD, type SGDOptions } from './optim/sgd.js';
export {
  type OpenedSafetensors,
  openModel,
  openSafetensors,
  type TensorSource,
} from './safetensors/open.js';
export {
  type FloatType,
  parseSafetensors,
  type SafeTensor,
  type SafeTensors,
  serializeSafetensors,
  toFloat32,
  type WritableTensor,
} from './safetensors/safetensors.js';
export { Parameter, type Precision, parameter, type Shape, Tensor, tensor, zeros } from './tensor.js';
export { type EvaluateOptions, type Evaluation, evaluate } from './train/evaluate.js';
export { type EvaluateLossOptions, evaluateLoss } from './train/evaluateLoss.js';
export {
  type CheckpointOptions,
  type FitOptions,
  type FitResult,
  fit,
  type StepReport,
} from './train/fit.js';
export type { LossFunction } from './train/loss.js';
export { NonFiniteError } from './train/nonFinite.js';
export type { ValidationOptions, ValidationReport } from './train/validation.js';
