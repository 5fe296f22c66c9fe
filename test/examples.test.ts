/** The programs that a newcomer runs first. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleProgram, readmePrograms } from './support/programs.js';
import { hasRealModel, realModelPath } from './support/realModel.js';

const build = new URL('../build/', import.meta.url).pathname;

it('the README shows examples/cafe.js', () => {
  expect(readmePrograms()).toEqual([exampleProgram('cafe.js')]);
});

describe.skipIf(!hasRealModel)('examples/cafe.js', () => {
  let folder: string;
  beforeAll(() => {
    mkdirSync(build, { recursive: true });
    // Inside the package, which finds itself by its name there.
    folder = mkdtempSync(join(build, 'example-'));
    symlinkSync(realModelPath, join(folder, 'SmolLM2-135M-Instruct.Q4_1.gguf'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('teaches what it says, and leaves an adapter', () => {
    writeFileSync(join(folder, 'cafe.js'), exampleProgram('cafe.js'));
    const said = execFileSync('node', ['cafe.js'], { cwd: folder, encoding: 'utf8' });
    expect(said.trim()).toBe('At six, when the lamp goes out.');
    for (const file of ['adapter_config.json', 'adapter_model.safetensors'])
      expect(existsSync(join(folder, 'cafe', file)), file).toBe(true);
  });
});
