// QuickSight's DashboardVersionDefinition: the members that the viewer reads, named as in AWS's
// model. A definition holds more; what isn't here is left alone.

export type Visibility = "HIDDEN" | "VISIBLE";
export type NumericSeparator = "COMMA" | "DOT" | "SPACE";
export type TimeGranularity = "YEAR" | "QUARTER" | "MONTH" | "WEEK" | "DAY" | "HOUR" | "MINUTE" | "SECOND" | "MILLISECOND";

export interface ColumnIdentifier {
  DataSetIdentifier?: string;
  ColumnName: string;
}

interface SeparatorConfiguration {
  DecimalSeparator?: NumericSeparator;
  ThousandsSeparator?: { Symbol?: NumericSeparator; Visibility?: Visibility; GroupingStyle?: "DEFAULT" | "LAKHS" };
}
interface DisplayFormat {
  Prefix?: string;
  Suffix?: string;
  SeparatorConfiguration?: SeparatorConfiguration;
  DecimalPlacesConfiguration?: { DecimalPlaces: number };
  NegativeValueConfiguration?: { DisplayMode: "POSITIVE" | "NEGATIVE" };
  NullValueFormatConfiguration?: { NullString: string };
}
type NumberScale = "NONE" | "AUTO" | "THOUSANDS" | "MILLIONS" | "BILLIONS" | "TRILLIONS" | "LAKHS" | "CRORES";
export interface NumericFormat {
  NumberDisplayFormatConfiguration?: DisplayFormat & { NumberScale?: NumberScale };
  CurrencyDisplayFormatConfiguration?: DisplayFormat & { Symbol?: string; NumberScale?: NumberScale };
  PercentageDisplayFormatConfiguration?: DisplayFormat;
}
export interface StringFormat {
  NullValueFormatConfiguration?: { NullString: string };
  NumericFormatConfiguration?: NumericFormat;
}
export interface DateTimeFormat {
  DateTimeFormat?: string;
  NullValueFormatConfiguration?: { NullString: string };
  NumericFormatConfiguration?: NumericFormat;
}
export interface FormatConfiguration {
  StringFormatConfiguration?: StringFormat;
  NumberFormatConfiguration?: { FormatConfiguration?: NumericFormat };
  DateTimeFormatConfiguration?: DateTimeFormat;
}

interface FieldBase<F> {
  FieldId: string;
  Column: ColumnIdentifier;
  FormatConfiguration?: F;
}
export interface DimensionField {
  NumericalDimensionField?: FieldBase<{ FormatConfiguration?: NumericFormat }>;
  CategoricalDimensionField?: FieldBase<StringFormat>;
  DateDimensionField?: FieldBase<DateTimeFormat> & { DateGranularity?: TimeGranularity };
}
export type SimpleAggregation = "SUM" | "AVERAGE" | "MIN" | "MAX" | "COUNT" | "DISTINCT_COUNT" | "VAR" | "VARP" | "STDEV" | "STDEVP" | "MEDIAN";
export interface MeasureField {
  NumericalMeasureField?: FieldBase<{ FormatConfiguration?: NumericFormat }> & {
    AggregationFunction?: { SimpleNumericalAggregation?: SimpleAggregation; PercentileAggregation?: { PercentileValue?: number } };
  };
  CategoricalMeasureField?: FieldBase<StringFormat> & { AggregationFunction?: "COUNT" | "DISTINCT_COUNT" };
  DateMeasureField?: FieldBase<DateTimeFormat> & { AggregationFunction?: "COUNT" | "DISTINCT_COUNT" | "MIN" | "MAX" };
  CalculatedMeasureField?: { FieldId: string; Expression: string };
}
export interface UnaggregatedField {
  FieldId: string;
  Column: ColumnIdentifier;
  FormatConfiguration?: FormatConfiguration;
}

interface FormatText {
  PlainText?: string;
  RichText?: string;
}
export interface LabelOptions {
  Visibility?: Visibility;
  CustomLabel?: string;
}
export interface TitleOptions {
  Visibility?: Visibility;
  FormatText?: FormatText;
}
export interface ChartAxisLabelOptions {
  Visibility?: Visibility;
  AxisLabelOptions?: { CustomLabel?: string; ApplyTo?: { FieldId: string } }[];
}
export interface AxisDisplayOptions {
  TickLabelOptions?: { LabelOptions?: LabelOptions; RotationAngle?: number };
  AxisLineVisibility?: Visibility;
  GridLineVisibility?: Visibility;
  DataOptions?: {
    NumericAxisOptions?: {
      Scale?: { Linear?: { StepCount?: number; StepSize?: number }; Logarithmic?: { Base?: number } };
      Range?: { MinMax?: { Minimum?: number; Maximum?: number }; DataDriven?: object };
    };
  };
  ScrollbarOptions?: { Visibility?: Visibility };
}
interface LegendOptions {
  Visibility?: Visibility;
  Position?: "AUTO" | "RIGHT" | "BOTTOM" | "TOP";
}
export interface DataLabelOptions {
  Visibility?: Visibility;
  Position?: "INSIDE" | "OUTSIDE" | "LEFT" | "TOP" | "BOTTOM" | "RIGHT";
  Overlap?: "DISABLE_OVERLAP" | "ENABLE_OVERLAP";
  TotalsVisibility?: Visibility;
  CategoryLabelVisibility?: Visibility;
  MeasureLabelVisibility?: Visibility;
  LabelContent?: "VALUE" | "PERCENT" | "VALUE_AND_PERCENT";
}
export interface VisualPalette {
  ChartColor?: string;
  ColorMap?: { Element: { FieldId?: string; FieldValue?: string }; Color: string }[];
}

export interface ReferenceLine {
  Status?: "ENABLED" | "DISABLED";
  DataConfiguration: {
    StaticConfiguration?: { Value: number };
    DynamicConfiguration?: { Column: ColumnIdentifier; Calculation: { SimpleNumericalAggregation?: string; PercentileAggregation?: { PercentileValue?: number } } };
    AxisBinding?: "PRIMARY_YAXIS" | "SECONDARY_YAXIS";
  };
  StyleConfiguration?: { Pattern?: "SOLID" | "DASHED" | "DOTTED"; Color?: string };
  LabelConfiguration?: { Visibility?: Visibility; HorizontalPosition?: "LEFT" | "CENTER" | "RIGHT"; FontColor?: string; CustomLabelConfiguration?: { CustomLabel: string } };
}
export interface ConditionalColor {
  Solid?: { Expression: string; Color?: string };
  Gradient?: { Expression: string; Color: { Stops: { GradientOffset: number; DataValue?: number; Color?: string }[] } };
}
export interface ConditionalIcon {
  CustomCondition?: { Expression: string; IconOptions: { Icon?: string; UnicodeIcon?: string }; Color?: string; DisplayConfiguration?: { IconDisplayOption?: "ICON_ONLY" } };
}
export interface ConditionalText {
  TextColor?: ConditionalColor;
  Icon?: ConditionalIcon;
}
export interface TooltipOptions {
  TooltipVisibility?: Visibility;
}

export interface VisualAction {
  CustomActionId: string;
  Name: string;
  Status?: "ENABLED" | "DISABLED";
  Trigger: "DATA_POINT_CLICK" | "DATA_POINT_MENU";
  ActionOperations: {
    FilterOperation?: {
      SelectedFieldsConfiguration: {
        SelectedFields?: string[];
        SelectedFieldOptions?: "ALL_FIELDS";
        SelectedColumns?: ColumnIdentifier[];
      };
      TargetVisualsConfiguration: { SameSheetTargetVisualConfiguration?: { TargetVisuals?: string[]; TargetVisualOptions?: "ALL_VISUALS" } };
    };
    NavigationOperation?: { LocalNavigationConfiguration?: { TargetSheetId: string } };
  }[];
}

interface VisualBase {
  VisualId: string;
  Title?: TitleOptions;
  Subtitle?: TitleOptions;
  Actions?: VisualAction[];
  VisualContentAltText?: string;
}

export interface BarChartVisual extends VisualBase {
  ChartConfiguration?: {
    FieldWells?: { BarChartAggregatedFieldWells?: { Category?: DimensionField[]; Values?: MeasureField[]; Colors?: DimensionField[] } };
    Orientation?: "HORIZONTAL" | "VERTICAL";
    BarsArrangement?: "CLUSTERED" | "STACKED" | "STACKED_PERCENT";
    VisualPalette?: VisualPalette;
    CategoryAxis?: AxisDisplayOptions;
    CategoryLabelOptions?: ChartAxisLabelOptions;
    ValueAxis?: AxisDisplayOptions;
    ValueLabelOptions?: ChartAxisLabelOptions;
    Legend?: LegendOptions;
    DataLabels?: DataLabelOptions;
    Tooltip?: TooltipOptions;
    ReferenceLines?: ReferenceLine[];
  };
}

export interface LineChartVisual extends VisualBase {
  ChartConfiguration?: {
    FieldWells?: { LineChartAggregatedFieldWells?: { Category?: DimensionField[]; Values?: MeasureField[]; Colors?: DimensionField[] } };
    Type?: "LINE" | "AREA" | "STACKED_AREA";
    VisualPalette?: VisualPalette;
    XAxisDisplayOptions?: AxisDisplayOptions;
    XAxisLabelOptions?: ChartAxisLabelOptions;
    PrimaryYAxisDisplayOptions?: {
      AxisOptions?: AxisDisplayOptions;
      MissingDataConfigurations?: { TreatmentOption?: "INTERPOLATE" | "SHOW_AS_ZERO" | "SHOW_AS_BLANK" }[];
    };
    PrimaryYAxisLabelOptions?: ChartAxisLabelOptions;
    SecondaryYAxisDisplayOptions?: { AxisOptions?: AxisDisplayOptions };
    SecondaryYAxisLabelOptions?: ChartAxisLabelOptions;
    DefaultSeriesSettings?: {
      LineStyleSettings?: LineStyle;
      MarkerStyleSettings?: { MarkerVisibility?: Visibility };
    };
    Tooltip?: TooltipOptions;
    ReferenceLines?: ReferenceLine[];
    Series?: { FieldSeriesItem?: { FieldId: string; AxisBinding?: "PRIMARY_YAXIS" | "SECONDARY_YAXIS" } }[];
    Legend?: LegendOptions;
    DataLabels?: DataLabelOptions;
  };
}
interface LineStyle {
  LineInterpolation?: "LINEAR" | "SMOOTH" | "STEPPED";
  LineStyle?: "SOLID" | "DOTTED" | "DASHED";
}

export interface PieChartVisual extends VisualBase {
  ChartConfiguration?: {
    FieldWells?: { PieChartAggregatedFieldWells?: { Category?: DimensionField[]; Values?: MeasureField[] } };
    Tooltip?: TooltipOptions;
    DonutOptions?: { ArcOptions?: { ArcThickness?: "SMALL" | "MEDIUM" | "LARGE" | "WHOLE" }; DonutCenterOptions?: { LabelVisibility?: Visibility } };
    VisualPalette?: VisualPalette;
    Legend?: LegendOptions;
    DataLabels?: DataLabelOptions;
  };
}

export interface KPIVisual extends VisualBase {
  ConditionalFormatting?: {
    ConditionalFormattingOptions?: { PrimaryValue?: ConditionalText; ActualValue?: ConditionalText; ComparisonValue?: ConditionalText; ProgressBar?: { ForegroundColor?: ConditionalColor } }[];
  };
  ChartConfiguration?: {
    FieldWells?: { Values?: MeasureField[]; TargetValues?: MeasureField[]; TrendGroups?: DimensionField[] };
    SortConfiguration?: { TrendGroupSort?: { FieldSort?: { FieldId: string; Direction: "ASC" | "DESC" } }[] };
    KPIOptions?: {
      ProgressBar?: { Visibility?: Visibility };
      TrendArrows?: { Visibility?: Visibility };
      SecondaryValue?: { Visibility?: Visibility };
      Comparison?: {
        ComparisonMethod?: "DIFFERENCE" | "PERCENT_DIFFERENCE" | "PERCENT";
        ComparisonFormat?: NumericFormat;
      };
      PrimaryValueDisplayType?: "HIDDEN" | "COMPARISON" | "ACTUAL";
      Sparkline?: { Visibility?: Visibility; Type?: "LINE" | "AREA"; Color?: string };
    };
  };
}

export interface TableVisual extends VisualBase {
  ConditionalFormatting?: {
    ConditionalFormattingOptions?: {
      Cell?: { FieldId: string; TextFormat?: ConditionalText & { BackgroundColor?: ConditionalColor } };
      Row?: { BackgroundColor?: ConditionalColor; TextColor?: ConditionalColor };
    }[];
  };
  ChartConfiguration?: {
    FieldWells?: {
      TableAggregatedFieldWells?: { GroupBy?: DimensionField[]; Values?: MeasureField[] };
      TableUnaggregatedFieldWells?: { Values?: UnaggregatedField[] };
    };
    TotalOptions?: { TotalsVisibility?: Visibility; Placement?: "START" | "END" | "AUTO"; CustomLabel?: string };
    FieldOptions?: {
      SelectedFieldOptions?: { FieldId: string; Width?: string; CustomLabel?: string; Visibility?: Visibility }[];
      Order?: string[];
    };
  };
}

/** One member is set: the visual's type. */
export type VisualDocument = Partial<Record<string, VisualBase>>;

/** A visual that the viewer draws, or the name of a type that it does not. */
export type Visual =
  | { type: "BarChartVisual"; id: string; body: BarChartVisual }
  | { type: "LineChartVisual"; id: string; body: LineChartVisual }
  | { type: "PieChartVisual"; id: string; body: PieChartVisual }
  | { type: "KPIVisual"; id: string; body: KPIVisual }
  | { type: "TableVisual"; id: string; body: TableVisual }
  | { type: "other"; id: string; name: string; body: VisualBase };

export interface ControlBase {
  FilterControlId: string;
  Title?: string;
  SourceFilterId: string;
  CommitMode?: "AUTO" | "MANUAL";
}
export interface ListDisplay {
  SelectAllOptions?: { Visibility?: Visibility };
  SearchOptions?: { Visibility?: Visibility };
  TitleOptions?: LabelOptions;
}
export interface ListControl extends ControlBase {
  DisplayOptions?: ListDisplay;
  Type?: "MULTI_SELECT" | "SINGLE_SELECT";
  SelectableValues?: { Values?: string[] };
}
export interface DateTimePickerControl extends ControlBase {
  DisplayOptions?: { TitleOptions?: LabelOptions; DateTimeFormat?: string };
  Type?: "SINGLE_VALUED" | "DATE_RANGE";
}
interface SliderOptions {
  MinimumValue: number;
  MaximumValue: number;
  StepSize: number;
  Type?: "SINGLE_POINT" | "RANGE";
  DisplayOptions?: { TitleOptions?: LabelOptions };
}
export interface SliderControl extends ControlBase, SliderOptions {}
export interface TextAreaControl extends ControlBase {
  Delimiter?: string;
}
export interface FilterControlDocument {
  List?: ListControl;
  Dropdown?: ListControl;
  DateTimePicker?: DateTimePickerControl;
  RelativeDateTime?: ControlBase & { DisplayOptions?: { TitleOptions?: LabelOptions } };
  CrossSheet?: ControlBase;
  TextField?: ControlBase;
  TextArea?: TextAreaControl;
  Slider?: SliderControl;
  HierarchyList?: ControlBase;
  HierarchyDropdown?: ControlBase;
}

export interface ListConfiguration {
  MatchOperator: string;
  CategoryValues?: string[];
  SelectAllOptions?: "FILTER_ALL_VALUES";
}
interface DefaultControl {
  Title?: string;
  ControlOptions: {
    DefaultListOptions?: Omit<ListControl, keyof ControlBase>;
    DefaultDropdownOptions?: Omit<ListControl, keyof ControlBase>;
    DefaultDateTimePickerOptions?: Omit<DateTimePickerControl, keyof ControlBase>;
    DefaultRelativeDateTimeOptions?: object;
    DefaultTextFieldOptions?: object;
    DefaultTextAreaOptions?: Omit<TextAreaControl, keyof ControlBase>;
    DefaultSliderOptions?: SliderOptions;
  };
}
interface FilterBase {
  FilterId: string;
  Column: ColumnIdentifier;
  DefaultFilterControlConfiguration?: DefaultControl;
}
export interface CategoryFilter extends FilterBase {
  Configuration: {
    FilterListConfiguration?: ListConfiguration;
    CustomFilterListConfiguration?: ListConfiguration;
    CustomFilterConfiguration?: { MatchOperator: string; CategoryValue?: string; SelectAllOptions?: "FILTER_ALL_VALUES" };
  };
}
export interface TimeRangeFilter extends FilterBase {
  IncludeMinimum?: boolean;
  IncludeMaximum?: boolean;
  RangeMinimumValue?: { StaticValue?: string | number };
  RangeMaximumValue?: { StaticValue?: string | number };
  TimeGranularity?: TimeGranularity;
}
export interface RelativeDatesFilter extends FilterBase {
  TimeGranularity: TimeGranularity;
  RelativeDateType: "PREVIOUS" | "THIS" | "LAST" | "NOW" | "NEXT";
  RelativeDateValue?: number;
}
export interface FilterDocument {
  CategoryFilter?: CategoryFilter;
  TimeRangeFilter?: TimeRangeFilter;
  RelativeDatesFilter?: RelativeDatesFilter;
  TimeEqualityFilter?: FilterBase & { Value?: string | number; TimeGranularity?: TimeGranularity };
  NumericRangeFilter?: FilterBase & { RangeMinimum?: { StaticValue?: number }; RangeMaximum?: { StaticValue?: number } };
  NumericEqualityFilter?: FilterBase & { Value?: number; SelectAllOptions?: "FILTER_ALL_VALUES" };
  TopBottomFilter?: FilterBase;
  NestedFilter?: FilterBase;
}
export interface FilterGroup {
  FilterGroupId: string;
  Filters: FilterDocument[];
  ScopeConfiguration: {
    AllSheets?: object;
    SelectedSheets?: { SheetVisualScopingConfigurations?: { SheetId: string; Scope: "ALL_VISUALS" | "SELECTED_VISUALS"; VisualIds?: string[] }[] };
  };
  Status?: "ENABLED" | "DISABLED";
  CrossDataset: "ALL_DATASETS" | "SINGLE_DATASET";
}

export interface GridElement {
  ElementId: string;
  ElementType: "VISUAL" | "FILTER_CONTROL" | "PARAMETER_CONTROL" | "TEXT_BOX" | "IMAGE";
  ColumnIndex?: number;
  ColumnSpan: number;
  RowIndex?: number;
  RowSpan: number;
}
export interface FreeFormElement {
  ElementId: string;
  ElementType: GridElement["ElementType"];
  XAxisLocation: string;
  YAxisLocation: string;
  Width: string;
  Height: string;
  Visibility?: Visibility;
}
export interface Layout {
  Configuration: {
    GridLayout?: { Elements: GridElement[] };
    FreeFormLayout?: { Elements: FreeFormElement[]; CanvasSizeOptions?: { ScreenCanvasSizeOptions?: { OptimizedViewPortWidth?: string } } };
    SectionBasedLayout?: object;
  };
}

export interface Sheet {
  SheetId: string;
  Title?: string;
  Name?: string;
  Description?: string;
  FilterControls?: FilterControlDocument[];
  ParameterControls?: ParameterControlDocument[];
  Visuals?: VisualDocument[];
  TextBoxes?: { SheetTextBoxId: string; Content?: string }[];
  Layouts?: Layout[];
  SheetControlLayouts?: { Configuration: { GridLayout?: { Elements: GridElement[] } } }[];
}

export interface ColumnConfiguration {
  Column: ColumnIdentifier;
  FormatConfiguration?: FormatConfiguration;
  ColorsConfiguration?: { CustomColors?: { FieldValue?: string; Color: string; SpecialValue?: "EMPTY" | "NULL" | "OTHER" }[] };
}

export interface Definition {
  DataSetIdentifierDeclarations?: { Identifier: string; DataSetArn?: string }[];
  Sheets?: Sheet[];
  FilterGroups?: FilterGroup[];
  ColumnConfigurations?: ColumnConfiguration[];
  ParameterDeclarations?: ParameterDeclaration[];
}

interface Declaration<V> {
  Name: string;
  ParameterValueType?: "SINGLE_VALUED" | "MULTI_VALUED";
  DefaultValues?: { StaticValues?: V[]; RollingDate?: { Expression: string } };
  ValueWhenUnset?: { CustomValue?: V };
}
export interface ParameterDeclaration {
  StringParameterDeclaration?: Declaration<string>;
  IntegerParameterDeclaration?: Declaration<number>;
  DecimalParameterDeclaration?: Declaration<number>;
  DateTimeParameterDeclaration?: Declaration<string | number>;
}

interface ParameterControlBase {
  ParameterControlId: string;
  Title: string;
  SourceParameterName: string;
  DisplayOptions?: ListDisplay;
}
interface ParameterListControl extends ParameterControlBase {
  Type?: "MULTI_SELECT" | "SINGLE_SELECT";
  SelectableValues?: { Values?: string[]; LinkToDataSetColumn?: ColumnIdentifier };
}
export interface ParameterControlDocument {
  List?: ParameterListControl;
  Dropdown?: ParameterListControl;
  DateTimePicker?: ParameterControlBase;
  TextField?: ParameterControlBase;
  TextArea?: ParameterControlBase;
  Slider?: ParameterControlBase & SliderOptions;
}

/** A control of a parameter. */
export type ParameterControl = { id: string; parameter: string; title: string | undefined } & (
  | { kind: "List" | "Dropdown"; body: ParameterListControl }
  | { kind: "Slider"; body: SliderOptions }
  | { kind: "DateTimePicker" | "TextField" | "TextArea" }
);

export function readParameterControl(document: ParameterControlDocument): ParameterControl | undefined {
  const body = Object.values(document)[0] as ParameterControlBase | undefined;
  if (!body) return undefined;
  const label = body.DisplayOptions?.TitleOptions;
  const base = { id: body.ParameterControlId, parameter: body.SourceParameterName, title: label?.Visibility === "HIDDEN" ? undefined : (label?.CustomLabel ?? body.Title) };
  if (document.List) return { ...base, kind: "List", body: document.List };
  if (document.Dropdown) return { ...base, kind: "Dropdown", body: document.Dropdown };
  if (document.Slider) return { ...base, kind: "Slider", body: document.Slider };
  if (document.DateTimePicker) return { ...base, kind: "DateTimePicker" };
  if (document.TextField) return { ...base, kind: "TextField" };
  return document.TextArea ? { ...base, kind: "TextArea" } : undefined;
}

export function readVisual(document: VisualDocument): Visual | undefined {
  const [name, body] = Object.entries(document)[0] ?? [];
  if (name === undefined || body === undefined) return undefined;
  const id = body.VisualId;
  switch (name) {
    case "BarChartVisual": return { type: name, id, body: body };
    case "LineChartVisual": return { type: name, id, body: body };
    case "PieChartVisual": return { type: name, id, body: body };
    case "KPIVisual": return { type: name, id, body: body };
    case "TableVisual": return { type: name, id, body: body };
    default: return { type: "other", id, name, body };
  }
}

/** AWS writes a union as a structure with one member set. */
function firstMember<K extends string, V>(union: Partial<Record<K, V>>): [K, V] | undefined {
  return Object.entries(union)[0] as [K, V] | undefined;
}

/** "PieChartVisual" → "Pie chart", "KPIVisual" → "KPI". */
export function visualTypeName(name: string): string {
  const words = name.replace(/Visual$/, "").replace(/([a-z])([A-Z])/g, "$1 $2").replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return words.split(" ").map((word, i) => (i === 0 || /^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase())).join(" ");
}

export type FilterControl =
  | { kind: "List" | "Dropdown"; id: string; filterId: string; title: string | undefined; body: ListControl }
  | { kind: "DateTimePicker"; id: string; filterId: string; title: string | undefined; body: DateTimePickerControl }
  | { kind: "TextField" | "TextArea"; id: string; filterId: string; title: string | undefined; body: TextAreaControl }
  | { kind: "Slider"; id: string; filterId: string; title: string | undefined; body: SliderControl }
  | { kind: "RelativeDateTime"; id: string; filterId: string; title: string | undefined; body: ControlBase }
  | { kind: "other"; id: string; filterId: string; title: string | undefined; name: string; body: ControlBase };

/** A sheet's control; one that stands for a filter of many sheets looks as the filter says. */
export function readControl(document: FilterControlDocument, filters: Map<string, Filter>): FilterControl | undefined {
  const entry = firstMember<keyof FilterControlDocument, ControlBase>(document);
  if (!entry) return undefined;
  const [name, body] = entry;
  const base = { id: body.FilterControlId, filterId: body.SourceFilterId };
  const label = (body as ListControl).DisplayOptions?.TitleOptions;
  const title = label?.Visibility === "HIDDEN" ? undefined : (label?.CustomLabel ?? body.Title ?? filters.get(body.SourceFilterId)?.column.ColumnName);
  if (name === "CrossSheet") {
    const standard = filters.get(body.SourceFilterId)?.defaultControl;
    const options = standard?.ControlOptions;
    const shown = standard?.Title ?? title;
    if (options?.DefaultListOptions) return { ...base, kind: "List", title: shown, body: { ...body, ...options.DefaultListOptions } };
    if (options?.DefaultDropdownOptions) return { ...base, kind: "Dropdown", title: shown, body: { ...body, ...options.DefaultDropdownOptions } };
    if (options?.DefaultDateTimePickerOptions) return { ...base, kind: "DateTimePicker", title: shown, body: { ...body, ...options.DefaultDateTimePickerOptions } };
    if (options?.DefaultTextFieldOptions) return { ...base, kind: "TextField", title: shown, body };
    if (options?.DefaultTextAreaOptions) return { ...base, kind: "TextArea", title: shown, body: { ...body, ...options.DefaultTextAreaOptions } };
    if (options?.DefaultSliderOptions) return { ...base, kind: "Slider", title: shown, body: { ...body, ...options.DefaultSliderOptions } };
    if (options?.DefaultRelativeDateTimeOptions) return { ...base, kind: "RelativeDateTime", title: shown, body };
  }
  switch (name) {
    case "List": case "Dropdown": return { ...base, kind: name, title, body: body };
    case "DateTimePicker": return { ...base, kind: name, title, body: body };
    case "RelativeDateTime": case "TextField": case "TextArea": return { ...base, kind: name, title, body };
    case "Slider": return { ...base, kind: name, title, body: body as SliderControl };
    default: return { ...base, kind: "other", title, name, body };
  }
}

/** A filter with what the viewer needs of its group. */
export interface Filter {
  id: string;
  kind: keyof FilterDocument;
  column: ColumnIdentifier;
  document: FilterDocument;
  group: FilterGroup;
  defaultControl: DefaultControl | undefined;
}

export function readFilters(definition: Definition): Map<string, Filter> {
  const found = new Map<string, Filter>();
  for (const group of definition.FilterGroups ?? []) {
    if (group.Status === "DISABLED") continue;
    for (const document of group.Filters) {
      const entry = firstMember<keyof FilterDocument, FilterBase>(document);
      if (!entry) continue;
      const [kind, body] = entry;
      found.set(body.FilterId, { id: body.FilterId, kind, column: body.Column, document, group, defaultControl: body.DefaultFilterControlConfiguration });
    }
  }
  return found;
}

/** Whether a filter acts on a visual of a sheet. */
export function filterActsOn(filter: Filter, sheetId: string, visualId: string): boolean {
  const scope = filter.group.ScopeConfiguration;
  if (scope.AllSheets) return true;
  const sheet = scope.SelectedSheets?.SheetVisualScopingConfigurations?.find((s) => s.SheetId === sheetId);
  if (!sheet) return false;
  return sheet.Scope === "ALL_VISUALS" || (sheet.VisualIds ?? []).includes(visualId);
}
