/** The parts of the page's head that depend on the build, for browsers and link previews. */
import type { HtmlTagDescriptor, Plugin } from 'vite';

const [WIDTH, HEIGHT] = [1200, 630];

/** For each page, its file name, its preview picture, and that picture in words. */
const PAGES = {
  digits: {
    address: '',
    picture: 'preview.png',
    alt: 'A zero with a slash. Before: the network reads an 8. After it was taught once: the network reads a 0.',
  },
  language: {
    address: 'language.html',
    picture: 'preview-language.png',
    alt: 'A question, what a small language model answers before it was taught, and what it answers afterwards.',
  },
} as const;

/** Nothing from other hosts, and no code but the build's; `blob:` is for pictures that the page makes. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Manifest for a home screen; its addresses are relative to its own. */
const MANIFEST = {
  name: 'lowrank: teach a network your handwriting',
  short_name: 'lowrank',
  start_url: '.',
  scope: '.',
  display: 'standalone',
  background_color: '#f4f5f8',
  theme_color: '#f4f5f8',
  icons: [192, 512].map((side) => ({
    src: `icon-${side}.png`,
    sizes: `${side}x${side}`,
    type: 'image/png',
    purpose: 'any maskable',
  })),
};

export interface HeadOptions {
  /** Address that the page will have; without it the picture's address is relative. */
  readonly site: string | undefined;
  /** File of the recorded lesson that the language page shows first and its picture is made from; undefined if this build has none. */
  readonly recording: string | undefined;
}

export function head({ site, recording }: HeadOptions): Plugin {
  const policy: HtmlTagDescriptor = {
    tag: 'meta',
    attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
    injectTo: 'head-prepend',
  };
  return {
    name: 'lowrank-head',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'app.webmanifest', source: JSON.stringify(MANIFEST) });
    },
    transformIndexHtml: (_, { bundle, path }) => {
      const isLanguage = path.endsWith('language.html');
      return [
        // The development server puts scripts into the page.
        ...(bundle ? [policy] : []),
        link({ rel: 'manifest', href: './app.webmanifest' }),
        ...(isLanguage && recording ? [preload(recording)] : []),
        ...shareTags(PAGES[isLanguage ? 'language' : 'digits'], site, !isLanguage || recording !== undefined),
      ];
    },
  };
}

function shareTags(
  { address, picture, alt }: (typeof PAGES)[keyof typeof PAGES],
  site: string | undefined,
  hasPicture: boolean,
): HtmlTagDescriptor[] {
  const pictureTags = [
    meta('og:image', addressOf(picture, site)),
    meta('og:image:width', WIDTH),
    meta('og:image:height', HEIGHT),
    meta('og:image:alt', alt),
  ];
  return [
    ...(hasPicture ? pictureTags : []),
    ...(site === undefined ? [] : [meta('og:url', addressOf(address, site))]),
  ];
}

const meta = (property: string, content: string | number): HtmlTagDescriptor => ({
  tag: 'meta',
  attrs: { property, content: String(content) },
  injectTo: 'head',
});

const link = (attrs: Record<string, string>): HtmlTagDescriptor => ({ tag: 'link', attrs, injectTo: 'head' });

/** Preload with the same options as the script's own request; otherwise the file would be fetched twice. */
const preload = (file: string) =>
  link({ rel: 'preload', as: 'fetch', crossorigin: 'anonymous', href: `./${file}` });

/** @throws Error when the site is not an address */
function addressOf(file: string, site: string | undefined): string {
  if (site === undefined) return `./${file}`;
  if (!URL.canParse(site))
    throw new Error(`LOWRANK_SITE must be an address such as https://example.org/: ${site}`);
  return new URL(file, site.endsWith('/') ? site : `${site}/`).href;
}
