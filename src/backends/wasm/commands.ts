/** Kernel calls as the numbers that assembly/ decodes, in the order of the table of kernels. */
import type { KernelArguments, Storage } from '../backend.js';
import {
  checkCast,
  checkType,
  defaultOf,
  ELEMENT_TYPES,
  type ElementType,
  KERNELS,
  type KernelName,
  layoutOf,
} from '../kernels.js';
import { open } from './memory.js';

/** The number of a kernel, and its operands. */
export type WasmCommand = readonly number[];

/** A row of the table as lists to walk along. */
interface Form {
  readonly op: number;
  readonly storages: readonly string[];
  readonly elements: readonly ElementType[];
  readonly length: string | undefined;
  readonly types: readonly string[];
  readonly isCast: boolean;
  readonly numbers: readonly string[];
  readonly defaults: readonly number[];
  readonly size: number;
}

export class CommandEncoder {
  readonly #forms: Readonly<Record<KernelName, Form>>;

  /** @param ops  the kernels' numbers, from the binary */
  constructor(ops: Readonly<Record<KernelName, number>>) {
    const forms = Object.entries(KERNELS).map(([name, row]) => [
      name,
      formOf(ops[name as KernelName], layoutOf(row)),
    ]);
    this.#forms = Object.fromEntries(forms);
  }

  encode<Name extends KernelName>(kernel: Name, args: KernelArguments<Name>): WasmCommand {
    const form = this.#forms[kernel];
    const { storages, elements, length, types, numbers, defaults } = form;
    // The table defines the names of the arguments; here they are read in its order.
    const given = args as Readonly<Record<string, Storage | number | boolean | undefined>>;
    const command = new Array<number>(form.size);
    command[0] = form.op;
    let at = 1;
    for (let i = 0; i < storages.length; i++) {
      const storage = given[storages[i]] as Storage | undefined;
      if (storage && storage.dtype !== elements[i]) {
        checkType(kernel, storages[i], elements[i], storage.dtype);
      }
      // The types of the arguments guarantee that only an optional storage is missing.
      command[at++] = storage === undefined ? 0 : open(storage).address;
    }
    if (form.isCast) checkCast(kernel, (given.out as Storage).dtype, (given.x as Storage).dtype);
    if (length !== undefined) command[at++] = (given[length] as Storage).length;
    for (const name of types) command[at++] = ELEMENT_TYPES.indexOf((given[name] as Storage).dtype);
    for (let i = 0; i < numbers.length; i++) command[at++] = Number(given[numbers[i]] ?? defaults[i]);
    return command;
  }
}

function formOf(op: number, layout: ReturnType<typeof layoutOf>): Form {
  const { storages, length, types, isCast, sizes, flags } = layout;
  const numbers = [...sizes, ...flags, ...layout.numbers];
  return {
    op,
    storages: storages.map(({ name }) => name),
    elements: storages.map(({ type }) => type),
    length,
    types,
    isCast,
    numbers,
    defaults: numbers.map(defaultOf),
    size: 1 + storages.length + (length === undefined ? 0 : 1) + types.length + numbers.length,
  };
}
