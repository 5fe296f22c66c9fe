/** The pages of the documents that people write, and their blocks of code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = new URL('../../', import.meta.url).pathname;
const DOCS = join(ROOT, 'docs');

/** What is made, or is no page. */
const OTHERS = /^(reference\/api|node_modules|\.vitepress|programs)\//;

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Markdown files below `docs`. */
export function pages(): Page[] {
  const names = readdirSync(DOCS, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.md') && !OTHERS.test(name))
    .sort()
    .map((name) => pageOf(join('docs', name)));
}

export function pageOf(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

export interface Block {
  /** The word after the fence; empty for a block that is indented. */
  readonly language: string;
  readonly lines: readonly string[];
}

/** Blocks between fences, and those that are indented by four spaces. */
export function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; language: string; lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const fence = /^\s*(`{3,}|~{3,})\s*(\S*)/.exec(line);
    if (open) {
      if (fence?.[1].startsWith(open.fence) && fence[2] === '') {
        blocks.push(open);
        open = undefined;
      } else open.lines.push(line);
    } else if (fence) open = { fence: fence[1], language: fence[2], lines: [] };
    else if (/^ {4}\S/.test(line)) blocks.push({ language: '', lines: [line.trim()] });
  }
  if (open) throw new Error(`a block that begins with ${open.fence}${open.language} has no end`);
  return blocks;
}

export interface Include {
  /** From the folder of the page, or from `docs` with `@` at its beginning. */
  readonly file: string;
  readonly region: string | undefined;
}

/** Files that a page shows: `<<< @/programs/name.ts#region`. */
export function includesOf(text: string): Include[] {
  return Array.from(text.matchAll(/^<<<\s+([^\s#{[]+)(?:#([\w-]+))?/gm), ([, file, region]) => ({
    file,
    region,
  }));
}
