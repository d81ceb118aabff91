import { lazy, Suspense, useMemo, useRef } from "react";
import type { VisualResult } from "../../api/query";
import { useDark } from "../../shell/mode";
import { Shape } from "../../shell/parts";
import { useSize } from "../../shell/size";
import { visualName } from "../titles";
import { useViewer } from "../viewer";
import { markOf, type ChartTheme } from "./chart";
import { chartModel, chartWells, type ChartVisual } from "./charts";

// Asked for with the page, so that it is there when the first answer is.
const drawing = import("./Chart");
const Chart = lazy(() => drawing.then((m) => ({ default: m.Chart })));

const font = '"Open Sans", system-ui, sans-serif';
const lightTheme: ChartTheme = { dark: false, text: "#10181d", secondary: "#55636c", line: "#b9c5cb", grid: "#e7edef", background: "#ffffff", font };
const darkTheme: ChartTheme = { dark: true, text: "#e3eaed", secondary: "#9dafb8", line: "#465863", grid: "#22303a", background: "#1a252d", font };
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

export function DrawnChart({ visual, result }: { visual: ChartVisual; result: VisualResult }) {
  const viewer = useViewer();
  const { formats, scale, definition, picks } = viewer;
  const dark = useDark();
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const picked = picks.find((p) => p.visualId === visual.id);

  const model = useMemo(() => {
    if (!size || size.width === 0) return undefined;
    const context = { theme: dark ? darkTheme : lightTheme, width: size.width, height: size.height, scale, columns: definition.ColumnConfigurations, picked, still: still.matches };
    return chartModel(visual, result, formats, context);
  }, [visual, result, formats, dark, size, scale, definition, picked]);

  const wells = chartWells(visual, formats);
  return (
    <>
      <div ref={box} className="visual-body">
        {model && (
          <Suspense fallback={<Shape height="100%" />}>
            <Chart
              id={visual.id}
              label={visualName(visual, formats, viewer.texts)}
              model={model}
              onMark={(series, index, add) => viewer.click(visual.id, markOf(model.data, series, index), [...wells.category, ...wells.colors], visual.body.Actions, add)}
            />
          </Suspense>
        )}
      </div>
      {model?.note && <div className="note">{model.note}</div>}
    </>
  );
}
