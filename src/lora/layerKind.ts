/** Differences between the kinds of adapted layers, apart from how they compute. */

/** PEFT's names of an adapter's tensors in a layer. */
export interface PeftNames {
  readonly a: string;
  readonly b: string;
  readonly magnitude: string;
  readonly bias: string;
}

export interface LayerKind {
  readonly names: PeftNames;
  /** Whether the input is indices: it has no dropout, and PEFT gives the output no bias. */
  readonly takesIndices: boolean;
}

const SHARED = { magnitude: 'lora_magnitude_vector', bias: 'lora_B.bias' };

export const LINEAR: LayerKind = {
  names: { a: 'lora_A.weight', b: 'lora_B.weight', ...SHARED },
  takesIndices: false,
};

export const EMBEDDING: LayerKind = {
  names: { a: 'lora_embedding_A', b: 'lora_embedding_B', ...SHARED },
  takesIndices: true,
};
