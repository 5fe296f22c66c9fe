/** What the head of the page says to browsers and to those who show previews of it, where that depends on the build. */
import type { HtmlTagDescriptor, Plugin } from 'vite';

const PICTURE = { file: 'preview.png', width: 1200, height: 630 };
const ALT =
  'A zero with a slash. Before: the network reads an 8. After it was taught once: the network reads a 0.';

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

/** For a home screen; its addresses are relative to its own. */
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

/** @param site  the address that the page will have; without it the picture's address is relative */
export function head({ site }: { readonly site: string | undefined }): Plugin {
  const meta = (key: 'property' | 'name', what: string, content: string | number): HtmlTagDescriptor => ({
    tag: 'meta',
    attrs: { [key]: what, content: String(content) },
    injectTo: 'head',
  });
  const pictureTags = (of: string | undefined) => [
    meta('property', 'og:image', addressOf(PICTURE.file, of)),
    meta('property', 'og:image:width', PICTURE.width),
    meta('property', 'og:image:height', PICTURE.height),
    meta('property', 'og:image:alt', ALT),
  ];
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
    transformIndexHtml: (_, { bundle, path }) => [
      // The server of development has scripts in the page.
      ...(bundle ? [policy] : []),
      { tag: 'link', attrs: { rel: 'manifest', href: './app.webmanifest' }, injectTo: 'head' },
      // The picture is of the digits page.
      ...(path.endsWith('language.html') ? [] : pictureTags(site)),
      ...(site === undefined ? [] : [meta('property', 'og:url', addressOf('', site))]),
    ],
  };
}

/** @throws Error when the site is not an address */
function addressOf(file: string, site: string | undefined): string {
  if (site === undefined) return `./${file}`;
  if (!URL.canParse(site))
    throw new Error(`LOWRANK_SITE must be an address such as https://example.org/: ${site}`);
  return new URL(file, site.endsWith('/') ? site : `${site}/`).href;
}
