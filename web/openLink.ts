/** Opens an adapter that the page's address carries. */
import { undoTo } from './actions.js';
import { ask } from './labClient.js';
import { isLink, readLink } from './link.js';
import { saved } from './saved.js';
import { showImage } from './sheet.js';
import { doing, ready, show } from './state.js';
import { taughtSentence } from './taught.js';
import { say } from './work.js';

/** Opens the link of the address, and links that are followed while the page is open. */
export function openLinks(): void {
  addEventListener('hashchange', () => void openLink());
  void openLink();
}

async function openLink(): Promise<void> {
  if (!isLink(location.hash)) return;
  await doing('loading', async () => {
    // If the network did not load, the link stays in the address.
    if (!ready.value) return;
    const files = readLink(location.hash);
    if (!files) return;
    const before = saved.value;
    try {
      // A link is for the network that comes with the page.
      if (before.base) await ask((lab) => lab.install({}));
      const loaded = await ask((lab) => lab.loadAdapter(files));
      await show({ adapter: loaded });
      const drawing = loaded.view.drawings?.[0];
      if (drawing) showImage(drawing.pixels);
      const replaced = before.adapter || before.base ? undoTo(before) : undefined;
      const taught = taughtSentence(loaded.view) ?? '';
      say(
        'note',
        loaded.note ?? `This is the adapter from the link. ${taught} Draw something and see what it reads`,
        replaced,
      );
    } catch (error) {
      if (before.base) await ask((lab) => lab.install(before));
      throw error;
    } finally {
      // A reload must not load it again in place of what was taught since.
      history.replaceState(null, '', location.pathname + location.search);
    }
  });
}
