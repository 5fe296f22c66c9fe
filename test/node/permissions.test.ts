/** Runtimes that allow little: Node's permission model, and Node without WebAssembly. Each is a separate process. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

/** What `selectDevice` comes to, and each line of `listDevices`. */
async function devicesUnder(...flags: string[]): Promise<string[]> {
  const code = `
    const { listDevices, selectDevice } = await import('${new URL('../../dist/index.js', import.meta.url)}');
    await selectDevice().then(({ reason }) => console.log(reason), (error) => console.log(String(error)));
    for (const { name, available, reason } of await listDevices()) console.log(name, available, reason);
    process.exit();`;
  const args = [...flags, '--no-warnings', '--input-type=module', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  return stdout.trimEnd().split('\n');
}

describe('a runtime that allows little', () => {
  it('may hide the graphics cards and refuse workers: one thread, and both are reported', async () => {
    const [chosen, webgpu, wasm] = await devicesUnder(PERMISSION, `--allow-fs-read=${ROOT}`);
    if (process.platform === 'linux') expect(chosen).toContain('webgpu: no graphics card can be seen');
    expect(chosen).toMatch(/; one thread: a thread did not start: Access to this API has been restricted/);
    expect(webgpu).toMatch(/^webgpu false webgpu: the npm package webgpu does not load: .*addon/);
    expect(wasm).toMatch(/^wasm true .*; one thread: a thread did not start: Access to this API/);
  });

  it('may have no WebAssembly: that is one line, and the reference device is available', async () => {
    const [chosen, , wasm, reference] = await devicesUnder('--jitless');
    expect(chosen).toMatch(/^DeviceError: wasm: this runtime has no WebAssembly: /);
    expect(wasm).toMatch(/^wasm false wasm: this runtime has no WebAssembly: /);
    expect(reference).toMatch(/^reference true /);
  });

  it('may have no shared memory: one thread', async () => {
    const [chosen] = await devicesUnder('--no-harmony-sharedarraybuffer');
    expect(chosen).toMatch(/; one thread: this runtime has no SharedArrayBuffer$/);
  });
});
