/**
 * The site of the documents. Nothing on it comes from another host. VitePress writes addresses that begin with its base: a
 * site that is served from a folder is built with `DOCS_BASE=/folder/`.
 */
import { defineConfig } from 'vitepress';

/** Characters of code that fit on the narrowest line, that of a list on a phone of 320 pixels. */
const SHORT = 26;

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
  // Those of the default theme have too little contrast for comments.
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      const { code_inline: inline } = md.renderer.rules;
      md.renderer.rules.code_inline = (tokens, i, ...rest) => {
        if (tokens[i].content.length <= SHORT) tokens[i].attrJoin('class', 'short');
        return inline?.(tokens, i, ...rest) ?? '';
      };
      md.core.ruler.push('empty-headers', ({ tokens }) => {
        for (const [i, { type, tag }] of tokens.entries()) {
          // A header without words names nothing: it is a cell.
          if (tag !== 'th' || type !== 'th_open' || tokens[i + 1]?.content !== '') continue;
          tokens[i].tag = 'td';
          tokens[i + 2].tag = 'td';
        }
      });
    },
  },
  // The index of the search is one file.
  vite: { build: { chunkSizeWarningLimit: 3000 } },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        translations: { button: { buttonText: 'Search (Ctrl K)', buttonAriaLabel: 'Search (Ctrl K)' } },
      },
    },
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
          {
            text: 'API',
            link: '/reference/api/README',
            items: [
              { text: 'lowrank', link: '/reference/api/modules/index' },
              { text: 'lowrank/text', link: '/reference/api/modules/text' },
              { text: 'lowrank/mnist', link: '/reference/api/modules/mnist' },
              { text: 'lowrank/node', link: '/reference/api/modules/node' },
            ],
          },
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
