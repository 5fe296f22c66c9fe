/** The site of the documents. Nothing on it comes from another host. */
import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';

const REFERENCE = new URL('../reference/api/', import.meta.url);

interface Entry {
  readonly text: string;
  readonly link: string;
}

/** What typedoc has made of the declarations: a page for each export, by kind. */
function apiPages(kind: string): Entry[] {
  const folder = new URL(`${kind}/`, REFERENCE);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).map((file) => file.replace(/\.md$/, ''));
  const shown = names.map((name) => ({
    text: name.replace(/^[a-z]+\./, ''),
    link: `/reference/api/${kind}/${name}`,
  }));
  return shown.sort((a, b) => (a.text.toLowerCase() < b.text.toLowerCase() ? -1 : 1));
}

const group = (text: string, items: Entry[]) => ({ text, collapsed: true, items });

export default defineConfig({
  title: 'lowrank',
  description: 'LoRA fine-tuning where JavaScript runs: in Node and in the browser',
  lang: 'en',
  base: process.env.DOCS_BASE ?? '/',
  outDir: '../build/docs',
  cacheDir: '../build/docs-cache',
  srcExclude: ['README.md', 'programs/**', 'node_modules/**'],
  cleanUrls: false,
  lastUpdated: false,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Learn', link: '/learn/lora' },
      { text: 'How-to', link: '/how-to/chat-model' },
      { text: 'Reference', link: '/reference/cli' },
      { text: 'How it works', link: '/how-it-works/architecture' },
      { text: 'Benchmarks', link: '/benchmarks' },
    ],
    sidebar: [
      {
        text: 'Learn',
        items: [
          { text: 'What LoRA is', link: '/learn/lora' },
          { text: 'The tutorial, step by step', link: '/learn/tutorial' },
          { text: 'What goes wrong', link: '/learn/what-goes-wrong' },
        ],
      },
      {
        text: 'How-to',
        items: [
          { text: 'Fine-tune a chat model', link: '/how-to/chat-model' },
          { text: 'In a browser', link: '/how-to/browser' },
          { text: 'Workers and Electron', link: '/how-to/workers' },
          { text: 'From and to Python', link: '/how-to/python' },
          { text: 'llama.cpp and Ollama', link: '/how-to/llama-cpp' },
          { text: 'Sweeps', link: '/how-to/sweeps' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'Command line', link: '/reference/cli' },
          { text: 'File formats', link: '/reference/files' },
          { text: 'Errors', link: '/reference/errors' },
          { text: 'What works where', link: '/reference/support' },
          { text: 'API', link: '/reference/api/README' },
          group('Functions', apiPages('functions')),
          group('Classes', apiPages('classes')),
          group('Interfaces', apiPages('interfaces')),
          group('Types', apiPages('types')),
        ],
      },
      {
        text: 'How it works',
        items: [
          { text: 'Architecture', link: '/how-it-works/architecture' },
          { text: 'Kernels', link: '/how-it-works/kernels' },
          { text: 'Recording a step', link: '/how-it-works/recording' },
          { text: 'Threads', link: '/how-it-works/threads' },
          { text: 'Exactness', link: '/how-it-works/exactness' },
        ],
      },
      { text: 'Benchmarks', link: '/benchmarks' },
    ],
  },
});
