/** Puts a file among the downloads. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes once the event loop has turned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
