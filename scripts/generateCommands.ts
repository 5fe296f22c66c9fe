/**
 * Writes assembly/commands.gen.ts from the table of kernels: the numbers of the commands, how each is decoded, and how it
 * is cut among threads. It reads the kernels' own signatures in assembly/ and refuses one whose parameters are not, in
 * name and order, those of its row.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Cut, ELEMENT_TYPES, KERNELS, type KernelRow, layoutOf } from '../src/backends/kernels.js';

const folder = fileURLToPath(new URL('../assembly/', import.meta.url));
const target = `${folder}commands.gen.ts`;

interface Signature {
  readonly file: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

/** The exported functions of assembly/ by name. */
function signatures(): Map<string, Signature> {
  const found = new Map<string, Signature>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.gen.ts')) continue;
    const text = readFileSync(folder + file, 'utf8');
    for (const [, name, list] of text.matchAll(/^export function (\w+)\(([^)]*)\)/gm)) {
      const parameters = Array.from(list.matchAll(/(\w+): (\w+)/g), ([, parameter, type]) => ({
        name: parameter,
        type,
      }));
      found.set(name, { file: file.slice(0, -'.ts'.length), parameters });
    }
  }
  return found;
}

/** A kernel with the slot of each of its arguments in a command. */
interface Command {
  readonly name: string;
  readonly row: KernelRow;
  readonly file: string;
  readonly operands: readonly { readonly name: string; readonly type: string; readonly slot: number }[];
}

function commandOf(name: string, row: KernelRow, signature: Signature | undefined): Command {
  if (!signature) throw new Error(`assembly: there is no exported function ${name}`);
  const { storages, length, types, sizes, flags, numbers } = layoutOf(row);
  const names = [
    ...storages.map((storage) => storage.name),
    ...(length ? ['length'] : []),
    ...types.map((each) => `${each}Type`),
    ...[...sizes, ...flags, ...numbers],
  ];
  const isOwn = row.cut !== undefined && 'own' in row.cut;
  const extra = isOwn
    ? ['scratch', 'part', 'parts'].filter((each) => signature.parameters.some((p) => p.name === each))
    : [];
  const expected = [...names, ...extra].join(', ');
  const found = signature.parameters.map((parameter) => parameter.name).join(', ');
  if (found !== expected) {
    throw new Error(`assembly/${signature.file}.ts: ${name} must take (${expected}): it takes (${found})`);
  }
  const operands = signature.parameters.map((parameter, i) => ({
    ...parameter,
    slot: i < names.length ? 1 + i : 0,
  }));
  return { name, row, file: signature.file, operands };
}

/** The operand as an expression of AssemblyScript over the command `c`. */
function operand({ name, type, slot }: Command['operands'][number]): string {
  if (slot === 0) return name;
  const value = `load<f64>(c, ${8 * slot})`;
  return type === 'bool' ? `${value} !== 0` : type === 'f64' ? value : `<${type}>${value}`;
}

function operandOf(command: Command, name: string): string {
  const found = command.operands.find((each) => each.name === name);
  if (!found) throw new Error(`${command.name}: there is no argument ${name}`);
  return operand(found);
}

/** Elements that a command moves along a size in one step, and the statements of a share of it. */
function body(command: Command): string[] {
  const { name, row, operands } = command;
  const { cut } = row;
  if (!cut || 'own' in cut) return [`${name}(${operands.map(operand).join(', ')});`];
  const lines = [`const all = ${operandOf(command, cut.along)};`];
  const isLength = cut.along === 'length';
  lines.push(
    isLength ? 'const from = shareStart(all, part, parts);' : 'const from = (all * part) / parts;',
    isLength
      ? 'const count = shareStart(all, part + 1, parts) - from;'
      : 'const count = (all * (part + 1)) / parts - from;',
  );
  const list = operands.map((each) => {
    if (each.name === cut.along) return 'count';
    const step = cut.move[each.name];
    if (step === undefined) return operand(each);
    const offset = step === 1 ? '(from << 2)' : `((from * ${operandOf(command, step)}) << 2)`;
    return `${operand(each)} + ${offset}`;
  });
  lines.push(`${name}(${list.join(', ')});`);
  return lines;
}

/** The approximate time of a command that can be divided, in nanoseconds, as an expression. */
function costOf(command: Command): string | undefined {
  const { cut, cost } = command.row;
  if (cost)
    return `${cost.of.map((name) => `<f64>(${operandOf(command, name)})`).join(' * ')} * ${cost.nanoseconds}`;
  return cut && `<f64>${elementsOf(command, cut)} * 0.5`;
}

/** Elements of the first output of a command that is cut along a size. */
function elementsOf(command: Command, cut: Cut): string {
  if ('own' in cut) throw new Error(`${command.name}: a kernel that cuts itself says what it costs`);
  const [step] = Object.values(cut.move);
  const along = operandOf(command, cut.along);
  return step === 1 ? `(${along})` : `(${along} * ${operandOf(command, step)})`;
}

function write(): void {
  const found = signatures();
  const commands = Object.entries<KernelRow>(KERNELS).map(([name, row]) =>
    commandOf(name, row, found.get(name)),
  );
  const files = [...new Set(commands.map(({ file }) => file))];
  const slots = Math.max(
    ...commands.map(({ operands }) => 1 + operands.filter(({ slot }) => slot > 0).length),
  );
  const text = [
    '/** Made by scripts/generateCommands.ts from src/backends/kernels.ts. */',
    ...files.map((file) => {
      const names = commands.filter((each) => each.file === file).map(({ name }) => name);
      return `import { ${names.join(', ')} } from './${file}';`;
    }),
    "import { shareStart } from './share';",
    '',
    '/** Bytes of one command: float64 that hold the kernel and its operands, up to a whole cache line. */',
    `export const COMMAND_BYTES: usize = ${Math.ceil((slots * 8) / 64) * 64};`,
    '',
    'export enum Op {',
    ...commands.map(({ name }) => `  ${name},`),
    '}',
    '',
    '/** What the elements of a storage are. */',
    'export const enum ElementType {',
    ...ELEMENT_TYPES.map((type) => `  ${type},`),
    '}',
    '',
    ...fieldEnums(commands),
    '/** Does the `part`-th of `parts` shares of a command. */',
    'export function execute(c: usize, scratch: usize, part: usize, parts: usize): void {',
    '  switch (<i32>load<f64>(c)) {',
    ...commands.flatMap((command) => [
      `    case Op.${command.name}: {`,
      ...body(command).map((line) => `      ${line}`),
      '      break;',
      '    }',
    ]),
    '    default:',
    "      assert(false, 'execute: there is no such command');",
    '  }',
    '}',
    '',
    '/** Roughly what a command takes, in nanoseconds; 0 for one that is not cut. */',
    'export function costOf(c: usize): f64 {',
    '  switch (<i32>load<f64>(c)) {',
    ...commands.flatMap((command) => {
      const cost = costOf(command);
      return cost ? [`    case Op.${command.name}:`, `      return ${cost};`] : [];
    }),
    '    default:',
    '      return 0;',
    '  }',
    '}',
    '',
    '/** Elements of the output of a command that is cut into stretches or rows; 0 for one that cuts itself. */',
    'export function elementsOf(c: usize): usize {',
    '  switch (<i32>load<f64>(c)) {',
    ...commands.flatMap((command) => {
      const { cut } = command.row;
      if (!cut || 'own' in cut) return [];
      return [`    case Op.${command.name}:`, `      return ${elementsOf(command, cut)};`];
    }),
    '    default:',
    '      return 0;',
    '  }',
    '}',
    '',
  ].join('\n');
  const present = readdirSync(folder).includes('commands.gen.ts') ? readFileSync(target, 'utf8') : undefined;
  if (present !== text) writeFileSync(target, text);
}

/** Byte offsets of the fields of a storage, as `<Kernel><Storage>`. */
function fieldEnums(commands: readonly Command[]): string[] {
  return commands.flatMap(({ name, row }) =>
    Object.entries(row.fields ?? {}).flatMap(([storage, fields]) => [
      `/** Bytes into \`${storage}\` of ${name}. */`,
      `export const enum ${capital(name)}${capital(storage)} {`,
      ...fields.map((field, i) => `  ${field} = ${4 * i},`),
      '}',
      '',
    ]),
  );
}

function capital(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

write();
