/** Opens a saved project, or a saved adapter. */
import { Icon } from '../../../ui/take/icons.js';

interface OpenZipProps {
  readonly onFile: (file: File) => void;
}

export function OpenZip({ onFile }: OpenZipProps) {
  return (
    <div class="take-load">
      <label>
        <input
          class="take-spoken"
          type="file"
          accept=".zip"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            if (file) onFile(file);
            // This allows picking the same file again.
            currentTarget.value = '';
          }}
        />
        <Icon name="file" />
        Open a project or an adapter
      </label>
      <p>A zip made by this page, or a zip with PEFT's two files.</p>
    </div>
  );
}
