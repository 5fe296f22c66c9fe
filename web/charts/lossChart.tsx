import { useCallback } from 'preact/hooks';
import type { Progress } from '../lab/views.js';
import { Chart, type Colours, commonOption } from './chart.js';

/** The loss over the iterations, a point for each report. */
export function LossChart({ points }: { readonly points: Progress['losses'] }) {
  const option = useCallback(
    (colours: Colours) => {
      const { axis, option: common } = commonOption(colours);
      return {
        ...common,
        grid: { left: 48, right: 16, top: 24, bottom: 40 },
        xAxis: {
          ...axis,
          axisLabel: { ...axis.axisLabel, showMaxLabel: false },
          type: 'value',
          name: 'iteration',
          nameLocation: 'middle',
          nameGap: 26,
          max: 'dataMax',
        },
        yAxis: { ...axis, type: 'value', name: 'loss', min: 0 },
        series: [
          {
            type: 'line',
            name: 'loss',
            showSymbol: false,
            lineStyle: { color: colours.base, width: 2 },
            itemStyle: { color: colours.base },
            data: points.map(([iteration, loss]) => [iteration, Number(loss.toFixed(4))]),
          },
        ],
      };
    },
    [points],
  );
  const [, last] = points[points.length - 1];
  return <Chart label={`Loss over the iterations, now ${last.toFixed(3)}`} height={180} option={option} />;
}
