import { expect, test } from "vitest";
import type { GridElement } from "./definition";
import { placeGrid, placeSheet, stack } from "./layout";

const element = (id: string, more: Partial<GridElement>): GridElement => ({ ElementId: id, ElementType: "VISUAL", ColumnSpan: 18, RowSpan: 10, ...more });
const spot = (b: { left: number; width: number; top: number; height: number }) => [Math.round(b.left * 36), Math.round(b.width * 36), b.top / 32, b.height / 32];

test("elements stay where they were put", () => {
  const [a, b] = placeGrid([element("a", { ColumnIndex: 0, RowIndex: 0 }), element("b", { ColumnIndex: 18, RowIndex: 4 })]);
  expect([spot(a!), spot(b!)]).toEqual([[0, 18, 0, 10], [18, 18, 4, 10]]);
});

test("elements without a place take the first free one", () => {
  const boxes = placeGrid([element("a", {}), element("b", {}), element("c", { ColumnIndex: 0, RowIndex: 0, ColumnSpan: 36, RowSpan: 3 }), element("d", { ColumnSpan: 40 })]);
  expect(boxes.map(spot)).toEqual([[0, 18, 3, 10], [18, 18, 3, 10], [0, 36, 0, 3], [0, 36, 13, 10]]);
});

test("only one index given", () => {
  const boxes = placeGrid([element("a", { ColumnIndex: 18 }), element("b", { RowIndex: 2 }), element("c", { ColumnIndex: 30 })]);
  expect(boxes.map(spot).slice(0, 2)).toEqual([[18, 18, 0, 10], [0, 18, 2, 10]]);
  expect(boxes[2]!.left + boxes[2]!.width).toBeLessThanOrEqual(1);
});

test("a sheet without a layout shows all its visuals", () => {
  const { boxes, height } = placeSheet({
    SheetId: "s",
    Visuals: [{ KPIVisual: { VisualId: "k" } }, { BarChartVisual: { VisualId: "b" } }, { TableVisual: { VisualId: "t" } }],
  });
  expect(boxes.map((b) => b.id)).toEqual(["k", "b", "t"]);
  expect(height).toBe(24 * 32);
});

test("free-form pixels are shares of the canvas", () => {
  const { boxes } = placeSheet({
    SheetId: "s",
    Layouts: [{ Configuration: { FreeFormLayout: {
      Elements: [{ ElementId: "a", ElementType: "VISUAL", XAxisLocation: "400px", YAxisLocation: "10px", Width: "800px", Height: "300px" }],
      CanvasSizeOptions: { ScreenCanvasSizeOptions: { OptimizedViewPortWidth: "1600px" } },
    } } }],
  });
  expect(boxes).toEqual([{ id: "a", type: "VISUAL", left: 0.25, width: 0.5, top: 10, height: 300 }]);
});

test("stacked on a narrow window, in reading order", () => {
  const { boxes, height } = stack(placeSheet({
    SheetId: "s",
    Layouts: [{ Configuration: { GridLayout: { Elements: [element("b", { ColumnIndex: 18, RowIndex: 0 }), element("a", { ColumnIndex: 0, RowIndex: 0 })] } } }],
  }));
  expect(boxes.map((b) => [b.id, b.top, b.width])).toEqual([["a", 0, 1], ["b", 320, 1]]);
  expect(height).toBe(640);
});
