/**
 * Set up before each test file: no test waits until its files are on the disk. That takes longer than most tests,
 * and only a power cut would show the difference: files outlive the processes that wrote them without it.
 */
import { open } from 'node:fs/promises';

const file = await open(new URL(import.meta.url));
const handles: { sync(): Promise<void> } = Object.getPrototypeOf(file);
await file.close();
handles.sync = () => Promise.resolve();
