import { createContext, useContext } from "react";
import type { Definition, Filter, VisualAction } from "./definition";
import type { ColumnFormats, Field } from "./fields";
import type { FilterState } from "./filters";
import type { FilterValue } from "../api/query";
import type { ParameterValues } from "../format/richtext";
import type { Parameter, ParameterState } from "./parameters";
import type { Mark, Picked } from "./selections";
import type { ColorScale } from "./visuals/palette";

/** What every part of an open sheet needs to know, and the few things it can ask for. */
export interface Viewer {
  dashboardId: string;
  sheetId: string;
  definition: Definition;
  filters: Map<string, Filter>;
  formats: ColumnFormats;
  scale: ColorScale;
  filterState: FilterState;
  parameters: Map<string, Parameter>;
  parameterState: ParameterState;
  /** The parameters' values as titles say them. */
  texts: ParameterValues;
  picks: readonly Picked[];
  /** Undefined puts the filter back to what its definition says. */
  setFilter: (filterId: string, value: FilterValue | undefined) => void;
  /** None unsets the parameter. */
  setParameter: (name: string, values: string[]) => void;
  click: (visualId: string, mark: Mark, dimensions: readonly Field[], actions: readonly VisualAction[] | undefined, add: boolean) => void;
}

const ViewerContext = createContext<Viewer | undefined>(undefined);
export const ViewerProvider = ViewerContext.Provider;

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error("a part of a dashboard was drawn outside one");
  return viewer;
}
