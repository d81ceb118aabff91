import Button from "@cloudscape-design/components/button";
import Tabs from "@cloudscape-design/components/tabs";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { dashboardQuery } from "../api/quicksight";
import { sessionQuery } from "../api/session";
import { plainText } from "../format/richtext";
import { download, fileName } from "../shell/download";
import { CallError, Empty, ErrorCard, Page, Shape } from "../shell/parts";
import { readFilters, type Definition } from "./definition";
import { columnFormats } from "./fields";
import "./dashboards.css";
import { parameterTexts, readFragment, readParameters, setParameter } from "./parameters";
import { clickRule, pick } from "./selections";
import { Sheet } from "./Sheet";
import type { ViewState } from "./state";
import { ViewerProvider, type Viewer } from "./viewer";
import { ColorScale } from "./visuals/palette";

const route = getRouteApi("/dashboards/$dashboard");

export function DashboardPage() {
  const { dashboard } = route.useParams();
  const account = useQuery(sessionQuery).data?.Account ?? "";
  const answer = useQuery(dashboardQuery(account, dashboard));
  const name = answer.data?.Name ?? dashboard;
  const crumbs = [<Link key="d" to="/dashboards">Dashboards</Link>];

  if (answer.isPending) {
    return (
      <Page crumbs={crumbs} title={<Shape height={30} width={320} />}>
        <Shape height={64} style={{ borderRadius: 12, marginBottom: 12 }} />
        <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 12 }}>
          {[160, 160, 384, 384].map((h, i) => <Shape key={i} height={h} style={{ borderRadius: 12 }} />)}
        </div>
      </Page>
    );
  }
  if (answer.isError) {
    return <Page crumbs={crumbs} title={dashboard}><CallError error={answer.error} what="This dashboard" retry={() => void answer.refetch()} /></Page>;
  }
  const definition = answer.data.Definition;
  return (
    <Page
      crumbs={crumbs}
      title={name}
      testid="dashboard-title"
      actions={
        definition && (
          <Button iconName="download" onClick={() => download(`${fileName(dashboard)}.json`, "application/json", JSON.stringify(definition, null, 2))}>Definition</Button>
        )
      }
    >
      {(answer.data.Errors ?? []).length > 0 && (
        <ErrorCard title="This dashboard was published with errors" message={(answer.data.Errors ?? []).map((e) => e.Message ?? e.Type).join("\n")} />
      )}
      {definition && (definition.Sheets ?? []).length > 0 ? (
        <Sheets key={dashboard} dashboardId={dashboard} definition={definition} />
      ) : (
        <div className="card"><Empty title="This dashboard has no sheets">Its definition holds none: publish a version that does.</Empty></div>
      )}
    </Page>
  );
}

function Sheets({ dashboardId, definition }: { dashboardId: string; definition: Definition }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [scale] = useState(() => new ColorScale());
  const filters = useMemo(() => readFilters(definition), [definition]);
  const parameters = useMemo(() => readParameters(definition.ParameterDeclarations), [definition]);
  const formats = useMemo(() => columnFormats(definition.ColumnConfigurations), [definition]);
  const sheets = definition.Sheets ?? [];
  const sheet = sheets.find((s) => s.SheetId === search.sheet) ?? sheets[0];
  // A view with nothing set has a bare address.
  const go = (next: ViewState) => {
    const { sheet: id, f, p, s } = next;
    void navigate({
      search: {
        ...(id !== undefined && id !== sheets[0]?.SheetId ? { sheet: id } : {}),
        ...(f && Object.keys(f).length > 0 ? { f } : {}),
        ...(p && Object.keys(p).length > 0 ? { p } : {}),
        ...(s && s.length > 0 ? { s } : {}),
      },
      resetScroll: false,
    });
  };
  const filterState = search.f ?? {};
  const picks = search.s ?? [];
  const linked = useMemo(() => readFragment(window.location.hash, parameters), [parameters]);
  const parameterState = search.p ?? linked;

  if (!sheet) return null;

  const viewer: Viewer = {
    dashboardId,
    sheetId: sheet.SheetId,
    definition,
    filters,
    formats,
    scale,
    filterState,
    parameters,
    parameterState,
    texts: parameterTexts(parameters, parameterState),
    picks,
    setFilter: (id, value) => {
      const others = Object.entries(filterState).filter(([other]) => other !== id);
      go({ ...search, f: Object.fromEntries(value === undefined ? others : [...others, [id, value]]) });
    },
    setParameter: (name, values) => {
      const parameter = parameters.get(name);
      if (parameter) go({ ...search, p: setParameter(parameter, parameterState, values) });
    },
    click: (visualId, mark, dimensions, actions, add) => {
      const rule = clickRule(actions);
      if (!rule) return;
      if (rule.navigateTo !== undefined && sheets.some((s) => s.SheetId === rule.navigateTo)) { go({ ...search, sheet: rule.navigateTo, s: [] }); return; }
      go({ ...search, s: pick(picks, visualId, mark, dimensions, rule, add) });
    },
  };
  return (
    <ViewerProvider value={viewer}>
      {sheets.length > 1 && (
        <Tabs
          activeTabId={sheet.SheetId}
          onChange={({ detail }) => go({ ...search, sheet: detail.activeTabId, s: [] })}
          tabs={sheets.map((s, i) => ({ id: s.SheetId, label: plainText(s.Name ?? `Sheet ${i + 1}`) }))}
          ariaLabel="Sheets"
        />
      )}
      <Sheet
        key={sheet.SheetId}
        sheet={sheet}
        clear={(visualId) => go(visualId === undefined ? { ...search, s: [], f: {} } : { ...search, s: picks.filter((p) => p.visualId !== visualId) })}
      />
    </ViewerProvider>
  );
}
