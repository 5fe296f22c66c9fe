/** Adapters as the two files that PEFT reads. */
import { serializeSafetensors, type WritableTensor } from '../safetensors.js';
import type { Tensor } from '../tensor.js';
import type { LoraAdapter } from './applyLora.js';

const PREFIX = 'base_model.model.';

/**
 * The files of an adapter by name, in PEFT's names and layouts: `adapter_config.json` and
 * `adapter_model.safetensors` with `base_model.model.<path>.lora_A.weight` `[rank, inFeatures]`,
 * `….lora_B.weight` `[outFeatures, rank]` and the biases that trained with it.
 * @see https://huggingface.co/docs/peft/developer_guides/checkpoint
 */
export async function serializeAdapter(adapter: LoraAdapter): Promise<Map<string, Uint8Array>> {
  const tensors = new Map<string, WritableTensor>();
  const put = async (name: string, tensor: Tensor) => {
    // Parameters are f32, which reads as one of the two float arrays.
    const data = (await tensor.read()) as Float32Array | Float64Array;
    tensors.set(PREFIX + name, { dtype: 'F32', shape: tensor.shape, data });
  };
  for (const [path, layer] of adapter.layers) {
    await put(`${path}.lora_A.weight`, layer.loraA);
    await put(`${path}.lora_B.weight`, layer.loraB);
    if (layer.switchedBias) await put(`${path}.base_layer.bias`, layer.switchedBias.trained);
  }
  for (const [path, bias] of adapter.otherBiases) await put(`${path}.bias`, bias.trained);
  return new Map([
    ['adapter_config.json', new TextEncoder().encode(configText(adapter))],
    ['adapter_model.safetensors', serializeSafetensors(tensors, { format: 'pt' })],
  ]);
}

/** JSON with indent 2 and sorted keys, as PEFT writes it. Absent keys would take PEFT's defaults (r = 8). */
function configText({ config, layers }: LoraAdapter): string {
  const entries = {
    alpha_pattern: {},
    base_model_name_or_path: null,
    bias: config.bias,
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: config.init === 'gaussian' ? 'gaussian' : true,
    lora_alpha: config.alpha,
    lora_dropout: 0,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    target_modules: [...layers.keys()].sort(),
    task_type: null,
    use_dora: false,
    use_rslora: false,
  };
  return JSON.stringify(entries, undefined, 2);
}
