/** The browser of the tests, and whether it exists. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const EXECUTABLE = process.env.LOWRANK_CHROMIUM ?? '/usr/bin/chromium';

/** WebGPU on the software adapter; the rest keeps Chromium from calling home. */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** With these a page is cross-origin isolated, and its threads may share memory. */
export const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** @throws Error where it is required and missing; otherwise a notice is printed, and the tests are skipped */
export function hasChromium(): boolean {
  if (existsSync(EXECUTABLE)) return true;
  const message = `the tests in a browser: there is no ${EXECUTABLE}`;
  if (process.env.LOWRANK_REQUIRE?.includes('browser')) throw new Error(`required, but missing: ${message}`);
  console.warn(`left out: ${message}`);
  return false;
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}
