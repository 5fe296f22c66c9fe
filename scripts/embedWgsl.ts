/**
 * Writes the kernels of src/backends/webgpu/shaders/*.wgsl as strings by name into shaders.gen.ts beside them, so that Node,
 * bundlers and workers load them the same way. The same sources give the same file.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = new URL('../src/backends/webgpu/shaders/', import.meta.url);
const target = new URL('../shaders.gen.ts', folder);

/** The text as a template literal, which keeps its lines; without comments and other text for readers. */
function literal(text: string): string {
  const code = text
    .replace(/\/\/.*$/gm, '')
    .replace(/^\s+|[ \t]+$/gm, '')
    .replace(/ ?([{}()=*/<>,;:&|]) ?/g, '$1');
  return `\`${code.replace(/[\\`]|\$\{/g, '\\$&')}\``;
}

/** The text of a file, with those of the parts that its first line `// include: one, two` names before it. */
async function textOf(name: string): Promise<string> {
  const text = await readFile(new URL(`${name}.wgsl`, folder), 'utf8');
  const [, list] = /^\/\/ include: (.*)\n/.exec(text) ?? [];
  const parts = list ? list.split(', ') : [];
  const texts = parts.map((part) => readFile(new URL(`${part}.part.wgsl`, folder), 'utf8'));
  return [...(await Promise.all(texts)), text].join('\n');
}

const names = (await readdir(fileURLToPath(folder)))
  .filter((name) => name.endsWith('.wgsl') && !name.endsWith('.part.wgsl'))
  .map((name) => name.slice(0, -'.wgsl'.length))
  .sort();

let text =
  '/** Made by scripts/embedWgsl.ts from the .wgsl files in shaders/. */\nexport const sources = {\n';
for (const name of names) {
  text += `  ${name}: ${literal(await textOf(name))},\n`;
}
text += '} as const;\n';
// The file is not written when nothing changed, so that watchers and incremental builds stay quiet.
const present = await readFile(target, 'utf8').catch(() => undefined);
if (present !== text) await writeFile(target, text);
