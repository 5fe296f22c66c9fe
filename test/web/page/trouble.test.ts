/** Failures on the page, and what they must not destroy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyLora, saveAdapter, selectDevice } from '../../../src/index.js';
import { DigitsNet } from '../../../src/mnist/index.js';
import {
  accessibilityProblems,
  BUILT,
  button,
  countsOf,
  fetchMnist,
  labWorker,
  ONE,
  openMore,
  openSite,
  practise,
  type Site,
  set,
  settled,
  teachAgain,
  teachAs,
  teachLong,
  visit,
} from './open.js';

let site: Site;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());

async function adapterFiles(inFeatures = 784): Promise<Map<string, Uint8Array>> {
  const { device } = await selectDevice({ prefer: 'wasm', threads: 1 });
  const model = new DigitsNet(device, { inFeatures });
  await applyLora(model, { rank: 3 });
  const files = new Map<string, Uint8Array>();
  await saveAdapter(model, files);
  return files;
}

describe('the page', () => {
  it('stops training a base too, which then keeps what it has learned so far', async () => {
    const { page } = await visit(site);
    await settled(page);
    await fetchMnist(page);
    const shipped = await countsOf(page, 'base');
    await page.getByLabel('Passes over').selectOption('5');
    await button(page, 'Train from scratch').click();
    await page.getByText('the new network', { exact: true }).waitFor();
    await page.locator('#scratch .stop').click();
    await page.getByText(/^The new network, stopped early, reads/).waitFor();
    expect(await countsOf(page, 'base')).toEqual(shipped);
    await button(page, 'Use the new network').click();
    await page.getByText('trained here').waitFor();
    await settled(page);
    expect(await countsOf(page, 'base')).not.toEqual(shipped);
    await page.context().close();
  });

  it('refuses bad files with a sentence, and changes nothing', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    await openMore(page);
    const before = await countsOf(page, 'adapted');
    const files = await adapterFiles();
    const [config, model] = ['adapter_config.json', 'adapter_model.safetensors'];
    const zipOf = (parts: Record<string, Uint8Array>) => Buffer.from(zipSync(parts));
    const good = {
      [config]: files.get(config) ?? new Uint8Array(),
      [model]: files.get(model) ?? new Uint8Array(),
    };
    const other = Object.fromEntries(await adapterFiles(100));
    const dora = new TextEncoder().encode(new TextDecoder().decode(good[config]).replace('"LORA"', '"VERA"'));
    const cases: [name: string, bytes: Buffer, sentence: RegExp][] = [
      ['a.zip', Buffer.from('no zip at all'), /a\.zip is not a zip file, or it is damaged\./],
      ['b.zip', zipOf({ [config]: good[config] }), /adapter_model\.safetensors is missing in b\.zip/],
      [config, Buffer.from(good[config]), /adapter_model\.safetensors is missing in adapter_config\.json/],
      ['c.zip', zipOf({ ...good, [model]: good[model].slice(0, 99) }), /adapter_model\.safetensors: /],
      ['d.zip', zipOf({ ...good, [config]: new TextEncoder().encode('{') }), /adapter_config\.json: /],
      ['e.zip', zipOf(other), /linear1.*must be \[3,784\]: got \[3,100\]/],
      ['f.zip', zipOf({ ...good, [config]: dora }), /adapter_config\.json: .*VERA/],
    ];
    for (const [name, buffer, sentence] of cases) {
      await page
        .locator('input[type=file]')
        .setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
      const alert = page.getByRole('alert');
      await alert
        .filter({ hasText: sentence })
        .waitFor({ timeout: 10_000 })
        .catch(async () => {
          throw new Error(`${name}: ${(await alert.allTextContents()).join() || 'no sentence'}`);
        });
      await settled(page);
      expect(await countsOf(page, 'adapted')).toEqual(before);
      expect(await accessibilityProblems(page)).toEqual([]);
      await button(page, 'Close this message').click();
    }
    await drop(
      page,
      'good.zip',
      zipOf({
        'folder/x': new Uint8Array(3),
        [`folder/${config}`]: good[config],
        [`folder/${model}`]: good[model],
      }),
    );
    await page.getByText(/good\.zip: an adapter of rank 3/).waitFor();
    await page.context().close();
  });

  it('says when MNIST does not come or is damaged, and tries again', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    let answer: 'abort' | 'damage' | 'missing' | 'go on' = 'abort';
    await context.route('**/testLabels.bin', async (route) => {
      if (answer === 'abort') return route.abort();
      if (answer === 'missing') return route.fulfill({ status: 404 });
      if (answer === 'go on') return route.continue();
      const bytes = await readFile(join(BUILT, 'testLabels.bin'));
      bytes[100] ^= 1;
      return route.fulfill({ body: bytes });
    });
    await page.goto(site.server.url);
    await settled(page);
    await openMore(page);
    await button(page, 'Download all of MNIST').click();
    const alert = page.locator('#practice');
    await alert
      .getByText('MNIST could not be downloaded: testLabels.bin cannot be downloaded: the connection failed.')
      .waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    expect(await button(page, 'Practise').getAttribute('aria-disabled')).toBe('true');
    answer = 'missing';
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert
      .getByText(
        'MNIST could not be downloaded: testLabels.bin cannot be downloaded: the server answered 404.',
      )
      .waitFor();
    answer = 'damage';
    await alert.getByRole('button', { name: 'Try again' }).click();
    await alert
      .getByText(
        'MNIST could not be downloaded: testLabels.bin is damaged: its checksum is not the expected one.',
      )
      .waitFor();
    answer = 'go on';
    await alert.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('of 10,000 test images right').first().waitFor();
    await settled(page);
    await context.setOffline(true);
    await practise(page);
    expect(await countsOf(page, 'adapted')).toHaveLength(10);
    await context.close();
  });

  it('shows how far the download of MNIST is', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await context.route('**/trainImages.bin', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(site.server.url);
    await settled(page);
    await openMore(page);
    await button(page, 'Download all of MNIST').click();
    await page
      .locator('#practice')
      .getByText(/^MNIST: 1\.6 of 11\.2 MB$/)
      .waitFor();
    const bar = page.locator('#practice').getByRole('progressbar', { name: 'Downloading MNIST' });
    expect(await bar.evaluate(({ value, max }: HTMLProgressElement) => value / max)).toBeCloseTo(0.145, 2);
    goOn();
    await bar.waitFor({ state: 'detached' });
    await context.close();
  });

  it('says that it is offline', async () => {
    const context = await site.browser.newContext();
    const page = await context.newPage();
    await page.goto(site.server.url);
    await settled(page);
    await context.setOffline(true);
    // The worker notices a moment later.
    await labWorker(page).evaluate(async () => {
      while (navigator.onLine) await new Promise((resolve) => setTimeout(resolve, 10));
    });
    await openMore(page);
    await button(page, 'Download all of MNIST').click();
    await page
      .locator('#practice')
      .getByText(/could not be downloaded: .*you are offline/)
      .waitFor();
    await context.close();
  });

  it('works without shared memory, on one thread, and says so', async () => {
    const plain = await openSite(false);
    const { page, complaints } = await visit(plain);
    await settled(page);
    expect(await page.evaluate('typeof SharedArrayBuffer')).toBe('undefined');
    await openMore(page);
    await page.getByText(/one thread: the page is not cross-origin isolated/).waitFor();
    await teachAs(page, 7, ONE);
    expect(await countsOf(page, 'adapted')).toHaveLength(10);
    expect(complaints).toEqual([]);
    await plain.close();
  });

  it('computes on WebGPU on request, and continues when a device is lost during training', async () => {
    const { page, complaints } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    await openMore(page);
    const onWasm = await countsOf(page, 'adapted');
    const worker = labWorker(page);
    // The next device that is opened can be taken away.
    await worker.evaluate(() => {
      const prototype = GPUAdapter.prototype;
      const request = prototype.requestDevice;
      prototype.requestDevice = async function (this: GPUAdapter, ...given) {
        const device = await request.apply(this, given);
        Reflect.set(globalThis, 'openedDevice', device);
        return device;
      };
    });
    await page.getByLabel('Compute on').selectOption('webgpu');
    await page.getByText('It computes on WebGPU').waitFor();
    // A software adapter computes on the same cores as everything else.
    await settled(page, 120_000);
    // Another order of additions may turn an answer that stood on an edge.
    const onGpu = await countsOf(page, 'adapted');
    expect(Math.max(...onGpu.map((wrong, digit) => Math.abs(wrong - onWasm[digit])))).toBeLessThanOrEqual(2);
    await teachLong(page);
    await worker.evaluate(() => Reflect.get(globalThis, 'openedDevice').destroy());
    await page.getByText(/the device was lost.*going on with WebAssembly/i).waitFor();
    await settled(page);
    await set(page, 'Training steps', 200);
    await teachAgain(page);
    expect(await countsOf(page, 'adapted')).toEqual(onWasm);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 300_000);

  it('does not grow over ten trainings, by digits or by drawings', async () => {
    const { page } = await visit(site);
    await settled(page);
    await teachAs(page, 7, ONE);
    await fetchMnist(page);
    await set(page, 'Training steps', 50);
    const use = () => labWorker(page).evaluate(() => Reflect.get(globalThis, 'lab').memory());
    for (const teach of [practise, teachAgain]) {
      await teach(page);
      const first = await use();
      for (let i = 0; i < 10; i++) await teach(page);
      const last = await use();
      expect(first.liveBytes).toBeGreaterThan(0);
      expect(last.liveBytes).toBeLessThanOrEqual(first.liveBytes);
      expect(last.reservedBytes).toBeLessThanOrEqual(first.reservedBytes);
    }
    await page.context().close();
  });
});

/** Drops a file on the place for it. */
async function drop(page: Page, name: string, bytes: Buffer): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ text, file }) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], file));
      return data;
    },
    { text: bytes.toString('base64'), file: name },
  );
  await page.locator('body').dispatchEvent('drop', { dataTransfer: transfer });
}
