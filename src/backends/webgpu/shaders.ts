/**
 * The shaders and their bindings. One with a kernel's name has that kernel's row, with one thread per element of its first
 * output; the others, of which a kernel may require several, have rows here. A .wgsl file holds the rest:
 * either `fn element(i: u32)`, which is called for every i below `params.length`, or a `main` of its own.
 */
import { ELEMENT_TYPES, KERNELS, type KernelName, type KernelRow } from '../kernels.js';
import { sources } from './shaders.gen.js';

export interface ShaderRow {
  /** Storages that are read and those that are written, with the WGSL type of an element. */
  readonly in: Readonly<Record<string, string>>;
  readonly out: Readonly<Record<string, string>>;
  /** Parameters of type u32, then those of type f32. */
  readonly sizes: readonly string[];
  readonly numbers: readonly string[];
}

const matmul = {
  in: { a: 'f32', b: 'u32', bias: 'f32' },
  out: { out: 'f32' },
  sizes: ['bType', 'm', 'k', 'n', 'aRow', 'aCol', 'bRow', 'bCol', 'hasBias'],
  numbers: ['alpha', 'beta'],
} as const;

const attention = {
  sizes: ['rows', 'keys', 'heads', 'kvHeads', 'dim'],
  numbers: ['scale'],
} as const;
const attentionBackward = { ...attention, numbers: ['scale', 'beta'] } as const;
const forDV = { q: 'f32', k: 'f32', dOut: 'f32', stats: 'f32', ranges: 'i32' } as const;
const forDK = { ...forDV, v: 'f32' } as const;

const OWN = {
  attention: {
    ...attention,
    in: { q: 'f32', k: 'f32', v: 'f32', ranges: 'i32' },
    out: { out: 'f32', stats: 'f32' },
  },
  attentionQueriesBackward: { ...attentionBackward, in: forDK, out: { dQ: 'f32' } },
  attentionKeys: { ...attentionBackward, in: forDK, out: { dK: 'f32' } },
  attentionValues: { ...attentionBackward, in: forDV, out: { dV: 'f32' } },
  fill: { in: {}, out: { out: 'u32' }, sizes: ['bits', 'lastMask'], numbers: [] },
  copy: { in: { x: 'u32' }, out: { out: 'u32' }, sizes: ['lastMask'], numbers: [] },
  castWider: { in: { x: 'u32' }, out: { out: 'u32' }, sizes: ['xType'], numbers: [] },
  castNarrower: { in: { x: 'u32' }, out: { out: 'u32' }, sizes: ['outType', 'count'], numbers: [] },
  matmulBlock: matmul,
  matmulThin: matmul,
  matmulTile: matmul,
  sumRows: { in: { x: 'f32' }, out: { out: 'f32' }, sizes: ['rows', 'cols', 'stretch'], numbers: ['beta'] },
  rowSquares: {
    in: { x: 'f32' },
    out: { out: 'f32' },
    sizes: ['rows', 'cols', 'stretch', 'stretches'],
    numbers: [],
  },
  rootOfSums: { in: { x: 'f32' }, out: { out: 'f32' }, sizes: ['stretches'], numbers: [] },
  addAt: {
    in: { x: 'f32', indices: 'i32' },
    out: { table: 'f32' },
    sizes: ['rows', 'cols', 'rowStride', 'colStride', 'count'],
    numbers: [],
  },
  take: {
    in: { table: 'u32', indices: 'i32' },
    out: { out: 'f32' },
    sizes: ['tableType', 'cols', 'rowStride', 'colStride', 'count'],
    numbers: ['nan'],
  },
  rope: {
    in: { x: 'f32', cos: 'f32', sin: 'f32', positions: 'i32' },
    out: { out: 'f32' },
    sizes: ['cols', 'dim', 'count', 'inverse'],
    numbers: ['beta', 'nan'],
  },
  rmsNorm: {
    in: { x: 'f32', weight: 'f32' },
    out: { out: 'f32', scales: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['eps'],
  },
  rmsNormBackward: {
    in: { x: 'f32', weight: 'f32', scales: 'f32', dOut: 'f32' },
    out: { dX: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['beta'],
  },
  rmsNormWeightBackward: {
    in: { x: 'f32', scales: 'f32', dOut: 'f32' },
    out: { sums: 'f32' },
    sizes: ['rows', 'cols', 'stretch'],
    numbers: [],
  },
  dropoutMask: { in: { state: 'i32' }, out: { out: 'f32' }, sizes: ['threshold'], numbers: ['kept'] },
  countUp: { in: {}, out: { state: 'i32' }, sizes: [], numbers: [] },
  append: { in: { x: 'f32' }, out: { list: 'f32' }, sizes: ['capacity'], numbers: [] },
  countWrong: {
    in: { logits: 'f32', targets: 'i32' },
    out: { counts: 'atomic<i32>' },
    sizes: ['cols'],
    numbers: [],
  },
  crossEntropyRows: {
    in: { logits: 'f32', targets: 'i32' },
    out: { rowLoss: 'f32', dLogits: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['nan'],
  },
  vocabularyLoss: {
    in: { targets: 'i32', scale: 'f32' },
    out: { losses: 'f32', logits: 'f32' },
    sizes: ['rows', 'cols'],
    numbers: ['nan'],
  },
  crossEntropyMean: { in: { rowLoss: 'f32' }, out: { loss: 'f32' }, sizes: ['rows'], numbers: ['nan'] },
} as const satisfies Record<string, ShaderRow>;

/** Storages that a shader reads as bits. */
const TYPES: Readonly<Record<string, string>> = {
  'clipNorm.x': 'u32',
  'clipNorm.norm': 'u32',
  'relu.x': 'u32',
  'relu.out': 'u32',
  'reluBackward.x': 'u32',
};

export type ShaderName = keyof typeof sources;
export type OwnShader = keyof typeof OWN;

/** Arguments of a shader by name: storages, and numbers that become its parameters. */
export type ShaderArguments<Name extends OwnShader, S> = {
  readonly [Key in keyof (typeof OWN)[Name]['in'] | keyof (typeof OWN)[Name]['out']]: S;
} & {
  readonly [Key in (typeof OWN)[Name]['sizes'][number] | (typeof OWN)[Name]['numbers'][number]]: number;
};

/** The row of a shader. */
export function shaderRow(name: ShaderName): ShaderRow {
  const own: Partial<Record<string, ShaderRow>> = OWN;
  return own[name] ?? rowOfKernel(name as KernelName, KERNELS[name as KernelName]);
}

function rowOfKernel(name: KernelName, row: KernelRow): ShaderRow {
  const { types = [], sizes = [], flags = [], numbers = [] } = row;
  const typed = (storages: KernelRow['out'] = {}) =>
    Object.fromEntries(
      Object.entries(storages).map(([storage, type]) => [
        storage,
        // Bytes are packed four to a word, and elements that may have 16 bits are read as words.
        TYPES[`${name}.${storage}`] ??
          (row.fields?.[storage] ? structName(storage) : type === 'f32' || type === 'i32' ? type : 'u32'),
      ]),
    );
  return {
    in: typed(row.in),
    out: typed(row.out),
    sizes: [...types.map((each) => `${each}Type`), ...sizes, ...flags],
    numbers,
  };
}

function structName(storage: string): string {
  return storage[0].toUpperCase() + storage.slice(1);
}

/** Number of threads in a workgroup in which each computes one element. */
export const ELEMENT_THREADS = 256;

const ELEMENT_MAIN = `
@compute @workgroup_size(${ELEMENT_THREADS})
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.x + group.y * groups.x) * ${ELEMENT_THREADS}u + lane;
  if (i < params.length) {
    element(i);
  }
}`;

/** The whole code of a shader: its bindings and parameters, its file, and the `main` that calls `element`. */
export function shaderCode(name: ShaderName): string {
  const { in: inputs, out, sizes, numbers } = shaderRow(name);
  const { fields = {} }: KernelRow = KERNELS[name as KernelName] ?? { out };
  const structs = Object.entries(fields).map(([storage, list]) => struct(structName(storage), list, 'f32'));
  const bindings = [
    ...Object.entries(inputs).map(([storage, type]) => ({ access: 'read', storage, type })),
    ...Object.entries(out).map(([storage, type]) => ({ access: 'read_write', storage, type })),
  ].map(({ access, storage, type }, i) => {
    const elements = storage in fields ? type : `array<${type}>`;
    return `@group(0) @binding(${i}) var<storage, ${access}> ${storage}: ${elements};`;
  });
  const parameters = ['length', ...sizes].map((size) => `${size}: u32,`).join(' ');
  const floats = numbers.map((number) => `${number}: f32,`).join(' ');
  const body = sources[name];
  return [
    // The packed types are the last ones: the shaders ask whether a type is `>= Q4`.
    ...ELEMENT_TYPES.map((type, i) => `const ${type.toUpperCase()} = ${i}u;`),
    ...structs,
    `struct Params { ${parameters} ${floats} }`,
    ...bindings,
    `@group(0) @binding(${bindings.length}) var<uniform> params: Params;`,
    body,
    body.includes('fn element(') ? ELEMENT_MAIN : '',
  ].join('\n');
}

function struct(name: string, fields: readonly string[], type: string): string {
  return `struct ${name} { ${fields.map((field) => `${field}: ${type},`).join(' ')} }`;
}
