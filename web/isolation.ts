/**
 * Starts the service worker, which keeps the page for use without a network and isolates it. Where there is none, as in
 * some private windows, the page goes on as it is; that it then has one thread is told where its device is named.
 */

/** Kept for the tab: it is reloaded once, whatever comes of it. */
const RELOADED = 'lowrank reloaded';

/**
 * @param hasWork  whether a reload would lose something
 * @param settled  when the page needs the network no more, so that the rest may be fetched
 */
export function startServiceWorker(hasWork: () => boolean, settled: Promise<unknown>): void {
  // Pages that are not secure have none, whatever the types say.
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (import.meta.env.DEV || !container) return;
  const refused = () => {};
  isolate(container, hasWork).catch(refused);
  keepAll(container, settled).catch(refused);
}

/** Reloads a page that is not isolated once the service worker can isolate it. */
async function isolate(container: ServiceWorkerContainer, hasWork: () => boolean): Promise<void> {
  await container.register('./sw.js');
  // A page in another's frame is isolated only where that one is.
  if (globalThis.crossOriginIsolated || window !== window.top) return;
  if (!container.controller)
    await new Promise((resolve) => {
      container.addEventListener('controllerchange', resolve, { once: true });
    });
  if (hasWork() || sessionStorage.getItem(RELOADED)) return;
  sessionStorage.setItem(RELOADED, 'yes');
  location.reload();
}

async function keepAll(container: ServiceWorkerContainer, settled: Promise<unknown>): Promise<void> {
  await settled;
  const { active } = await container.ready;
  active?.postMessage('keep');
}
