/** A page that trains in a worker and shows how it goes. */
const shown = document.body.appendChild(document.createElement('pre'));
// #region page
const worker = new Worker(
  new URL('./browser-worker.ts', import.meta.url),
  {
    type: 'module',
  },
);

worker.addEventListener('message', ({ data }) => {
  if (data.progress) shown.textContent = data.progress;
  if (data.files)
    shown.textContent = `trained: ${[...data.files.keys()].join(', ')}`;
  if (data.error) shown.textContent = data.error;
});
worker.postMessage({ epochs: 3 });
// #endregion page
