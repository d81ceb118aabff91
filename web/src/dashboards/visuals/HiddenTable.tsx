import { valueFormat } from "./chart";
import type { ChartData } from "./series";

const most = 1000;

/** A chart's figures for those who do not see it; each mark can be picked here too. */
export function HiddenTable({ id, label, data, onMark }: { id: string; label: string; data: ChartData; onMark: (series: number | undefined, index: number, add: boolean) => void }) {
  const formats = data.series.map((s) => valueFormat(s.value));
  return (
    <div className="vh">
      <table aria-label={`${label}: data`} data-testid={`data-${id}`}>
        <thead>
          <tr>
            <th scope="col">Category</th>
            {data.series.map((s) => <th key={s.key} scope="col">{s.label}</th>)}
          </tr>
        </thead>
        <tbody>
          {data.categories.slice(0, most).map((c, index) => (
            <tr key={c.key}>
              <th scope="row">{c.label}</th>
              {data.series.map((s, series) => {
                const value = s.data[index] ?? null;
                return (
                  <td key={s.key} data-mark={`${series}:${index}`} data-value={value ?? ""}>
                    <button type="button" tabIndex={-1} onClick={(e) => onMark(series, index, e.ctrlKey || e.metaKey)} data-testid={`mark-${id}-${series}-${index}`}>
                      {formats[series]?.(value) ?? ""}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
