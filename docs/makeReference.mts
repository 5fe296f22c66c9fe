/**
 * Makes the pages of the reference from what they describe: the API from the declarations, the command line from its help
 * texts, the errors from the sources. `npm run docs:reference` builds those first.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const docs = fileURLToPath(new URL('.', import.meta.url));
const run = (command: string, ...parts: string[]) =>
  execFileSync(command, parts, { cwd: docs, stdio: 'inherit' });

/** The entries of the package, by the names that typedoc takes from their files. */
const ENTRIES = [
  [
    'index',
    'lowrank',
    'The core: tensors, modules, adapters, optimizers, training. It runs in Node, a page and a worker.',
  ],
  [
    'text',
    'lowrank/text',
    'Language models: loading, tokenizers, examples, training rows, writing text, export.',
  ],
  ['mnist', 'lowrank/mnist', "The tutorial's network and its data."],
  ['node', 'lowrank/node', 'Files, folders and downloads in Node.'],
] as const;

/** Puts the names that programs import in the place of typedoc's, and writes the page that lists them. */
function nameEntries(): void {
  const api = new URL('reference/api/', import.meta.url);
  for (const [file, name, text] of ENTRIES) {
    const page = new URL(`modules/${file}.md`, api);
    replaceIn(page, `\n# ${file}\n`, `\n# ${name}\n\n${text}\n`);
    for (const kind of readdirSync(api, { withFileTypes: true })) {
      if (!kind.isDirectory() || kind.name === 'modules') continue;
      const pages = readdirSync(new URL(`${kind.name}/`, api)).filter((each) => each.startsWith(`${file}.`));
      for (const each of pages)
        replaceIn(new URL(`${kind.name}/${each}`, api), `[${file}](../modules`, `[${name}](../modules`);
    }
  }
  const lines = ENTRIES.map(([file, name, text]) => `- [\`${name}\`](modules/${file}.md): ${text}`);
  writeFileSync(
    new URL('README.md', api),
    `# API\n\nThe package has four entries. Each page lists what one of them exports.\n\n${lines.join('\n')}\n`,
  );
}

/** @throws Error where the page does not have the text: typedoc has changed */
function replaceIn(page: URL, text: string, by: string): void {
  const content = readFileSync(page, 'utf8');
  if (!content.includes(text)) throw new Error(`${page.pathname}: must have ${JSON.stringify(text)}`);
  writeFileSync(page, content.replace(text, by));
}

// Pages of exports that no longer exist would stay.
rmSync(new URL('reference/api', import.meta.url), { recursive: true, force: true });
run('npx', 'typedoc', '--options', 'typedoc.json');
nameEntries();
// By themselves: they use packages of this folder, which the check of the repository's types does without.
for (const page of ['cli', 'errors'])
  run(process.execPath, '--import', 'tsx', `.vitepress/reference/${page}.mts`);
