/** The charting library, which a user may leave out. */
import { DataError } from '../core.js';

/**
 * @param file    what is not drawn without it
 * @param notice  called with the reason
 * @returns undefined when it is not installed
 */
export async function loadCharts(
  file: string,
  notice: (text: string) => void,
): Promise<typeof import('echarts') | undefined> {
  try {
    return await import('echarts');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw new DataError(`echarts cannot be loaded: ${error}`);
    notice(`no ${file}: the plot needs the package echarts (npm install echarts@6.1.0)`);
    return undefined;
  }
}
