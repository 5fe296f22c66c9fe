/**
 * Starts the service worker, which keeps the page for offline use and isolates it. Without service workers, as in some
 * private windows, the page works with one thread, and says so where it names its device.
 */

/** Mark kept for the tab: it is reloaded only once, whether that helps or not. */
const RELOADED = 'lowrank reloaded';

/**
 * @param hasWork  whether a reload would lose something
 * @param settled  resolves when the page no longer requires the network, so that the rest may be fetched
 */
export function startServiceWorker(hasWork: () => boolean, settled: Promise<unknown>): void {
  // Insecure pages have none, whatever the types say.
  const container: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (import.meta.env.DEV || !container) return;
  const refused = () => {};
  isolate(container, hasWork).catch(refused);
  keepAll(container, settled).catch(refused);
}

/** Reloads a page that is not isolated once the service worker can isolate it. */
async function isolate(container: ServiceWorkerContainer, hasWork: () => boolean): Promise<void> {
  await container.register('./sw.js');
  // A page in a frame is isolated only if the page around it is.
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
