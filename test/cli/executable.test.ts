/** The command in a clone: `npx lowrank` runs the built file itself, so that the build must make it executable. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPT = join(ROOT, 'scripts/makeExecutable.mjs');
const { bin, scripts, version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

describe.skipIf(process.platform === 'win32')('the built command', () => {
  it('may be run by everyone who may read it, and npx finds it', () => {
    expect(statSync(join(ROOT, bin.lowrank)).mode & 0o100).toBe(0o100);
    const printed = execFileSync('npx', ['lowrank', '-V'], { cwd: ROOT, encoding: 'utf8' });
    expect(printed).toBe(`${version}\n`);
  });

  it('is made so by the build, from what the compiler writes', () => {
    expect(scripts['build:ts']).toMatch(/^tsc .* && node scripts\/makeExecutable\.mjs$/);
    const folder = mkdtempSync(join(tmpdir(), 'lowrank-bin-'));
    writeFileSync(join(folder, 'package.json'), '{"bin":{"one":"one.js","two":"two.js"}}');
    for (const [name, mode] of [['one.js', 0o644] as const, ['two.js', 0o600] as const]) {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), mode);
    }
    execFileSync(process.execPath, [SCRIPT], { cwd: folder });
    expect(['one.js', 'two.js'].map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([
      0o755, 0o700,
    ]);
    rmSync(folder, { recursive: true });
  });
});
