/** Structure of the sources: layers, platform, package.json. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.ts'),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8');
  return Array.from(text.matchAll(/(?:from|import\() ?'([^']+)'/g), ([, name]) => name);
}

function resolved(file: string, name: string): string {
  return relative(source, join(source, dirname(file), name)).replace(/\.js$/, '.ts');
}

/** From the ground up; a file may import from its own layer and those before it. */
const LAYERS: readonly RegExp[] = [
  /^base\//,
  /^files\//,
  /^(safetensors|gguf)\//,
  /^text\//,
  /^backends\/(elementTypes|kernels)\.ts$/,
  /^backends\/backend\.ts$/,
  /^backends\//,
  /^device\.ts$/,
  /^(tensor\.ts|autograd\/)/,
  /^ops\//,
  /^nn\//,
  /^lora\//,
  /^optim\//,
  /^data\//,
  /^train\//,
  /^models\//,
  /^generate\//,
  /^mnist\//,
  /^core\.ts$/,
  /^web\//,
  /^node\//,
  /^(index|browser|node|text|textInNode)\.ts$/,
  /^cli\//,
];

const layerOf = (file: string) => LAYERS.findIndex((layer) => layer.test(file));

describe('sources', () => {
  it('belong to a layer each', () => {
    expect(files.filter((file) => layerOf(file) < 0)).toEqual([]);
    expect(files.length).toBeGreaterThan(40);
  });

  it.each(files.map((file) => [file]))('%s imports no higher layer', (file) => {
    const higher = importsOf(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => resolved(file, name))
      .filter((name) => layerOf(name) > layerOf(file));
    expect(higher).toEqual([]);
  });

  it('import nothing of Node outside node/ and cli/', () => {
    const platform = files.filter((file) => importsOf(file).some((name) => name.startsWith('node:')));
    expect(platform.filter((file) => !/^(node|cli)\//.test(file))).toEqual([]);
  });

  it('reach nothing of Node from the entries for browsers', () => {
    const seen = new Set(['browser.ts', 'text.ts', 'mnist/index.ts']);
    for (const file of seen) {
      for (const name of importsOf(file)) if (name.startsWith('.')) seen.add(resolved(file, name));
    }
    expect([...seen].filter((file) => /^(node|cli)\//.test(file))).toEqual([]);
    expect(seen.has('train/fit.ts')).toBe(true);
  });
});

describe('the page', () => {
  const web = join(root, 'web');
  const pages = readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  );

  it.each(pages.map((file) => [file]))('%s uses the library as anybody does', (file) => {
    const text = readFileSync(join(web, file), 'utf8');
    const imported = Array.from(text.matchAll(/from '([^']+)'/g), ([, name]) => name);
    expect(imported.filter((name) => name.includes('/src/'))).toEqual([]);
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  it('maps types first, the browser separately, and has the side effect that paths are accepted only in Node', () => {
    expect(Object.keys(manifest.exports['.'])).toEqual(['types', 'browser', 'default']);
    expect(manifest.exports['./node']).toBeDefined();
    expect(manifest.sideEffects).toEqual(['./dist/node/paths.js']);
    expect(manifest.type).toBe('module');
  });

  it('pins what it depends on', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(String(version)))).toEqual([]);
  });
});
