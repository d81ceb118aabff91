// Serves the built console with made-up pipelines and the real flights, so that every page can be
// looked at. It is a stage for looking at pages, not a stand-in for tarn.
//
//   node test/server.mjs

import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { answerControl, answerVisual, loadFlights } from "./flights.mjs";
import { glue, logLines } from "./glue.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const dist = path.join(here, "../dist");
const definition = JSON.parse(readFileSync(path.join(here, "../../examples/flights/dashboards/delays.json"), "utf8"));
/** Where the example keeps the records. */
export const exampleData = path.join(here, "../../examples/flights/data");
const kinds = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** Another sheet, of what the viewer does not draw and of definitions that go wrong. */
const odd = structuredClone(definition);
odd.Sheets.push({
  SheetId: "odd", Name: "Odd ones", Title: "<b>Odd</b> ones &amp; others",
  TextBoxes: [{ SheetTextBoxId: "note", Content: '<text-box><inline font-size="18px">A text box with <b>bold</b> and a <a href="https://example.com">link</a></inline></text-box>' }],
  FilterControls: [{ List: { FilterControlId: "list", Title: "Origin", SourceFilterId: "origin" } }, { Slider: { FilterControlId: "slider", Title: "Slider", SourceFilterId: "carrier" } }],
  Visuals: [{ WordCloudVisual: { VisualId: "words", Title: { FormatText: { PlainText: "Words" } } } }, { InsightVisual: { VisualId: "insight", DataSetIdentifier: "delays" } }, { KPIVisual: { ...definition.Sheets[0].Visuals[0].KPIVisual, VisualId: "fails" } }],
  Layouts: [{ Configuration: { GridLayout: { Elements: [
    { ElementId: "note", ElementType: "TEXT_BOX", ColumnIndex: 0, ColumnSpan: 28, RowIndex: 0, RowSpan: 2 },
    { ElementId: "list", ElementType: "FILTER_CONTROL", ColumnIndex: 28, ColumnSpan: 8, RowIndex: 0, RowSpan: 6 },
    { ElementId: "words", ElementType: "VISUAL", ColumnSpan: 14, RowSpan: 10 }, { ElementId: "insight", ElementType: "VISUAL", ColumnSpan: 14, RowSpan: 10 }, { ElementId: "fails", ElementType: "VISUAL", ColumnSpan: 14, RowSpan: 8 },
  ] } } }],
});

/** A sheet of pies, beside a table that their clicks filter. */
const pies = structuredClone(definition);
const origin = [{ CategoricalDimensionField: { FieldId: "origin", Column: { DataSetIdentifier: "delays", ColumnName: "origin" } } }];
const airline = [{ CategoricalDimensionField: { FieldId: "airline", Column: { DataSetIdentifier: "delays", ColumnName: "airline" } } }];
const flightCount = [{ CategoricalMeasureField: { FieldId: "flights", Column: { DataSetIdentifier: "delays", ColumnName: "carrier" }, AggregationFunction: "COUNT" } }];
const meanDelay = [{ NumericalMeasureField: { FieldId: "delay", Column: { DataSetIdentifier: "delays", ColumnName: "arr_delay" }, AggregationFunction: { SimpleNumericalAggregation: "AVERAGE" } } }];
const pie = (id, Category, Values, more) => ({ PieChartVisual: { VisualId: id, ChartConfiguration: { FieldWells: { PieChartAggregatedFieldWells: { Category, Values } }, SortConfiguration: { CategorySort: [{ FieldSort: { FieldId: Object.values(Values[0])[0].FieldId, Direction: "DESC" } }] }, ...more } } });
pies.Sheets.push({
  SheetId: "pies", Name: "Pies",
  Visuals: [
    pie("donut", origin, flightCount, { DonutOptions: { ArcOptions: { ArcThickness: "MEDIUM" } } }), pie("pie", airline, flightCount),
    pie("mean", airline, meanDelay, { DonutOptions: { ArcOptions: { ArcThickness: "SMALL" } }, DataLabels: { Visibility: "HIDDEN" }, Legend: { Position: "BOTTOM" } }),
    pie("inside", origin, flightCount, { DataLabels: { Position: "INSIDE", LabelContent: "PERCENT" }, Legend: { Visibility: "HIDDEN" } }),
  ],
  Layouts: [{ Configuration: { GridLayout: { Elements: ["donut", "pie", "mean", "inside"].map((ElementId) => ({ ElementId, ElementType: "VISUAL", ColumnSpan: 18, RowSpan: 10 })) } } }],
});

export function startServer({ flights, signedIn = true, empty = false }) {
  const rows = flights ? loadFlights(flights) : [];
  const streams = new Set();
  const session = { User: "admin", Account: "000000000000", Region: "us-east-1", SignedIn: signedIn, NeedsPassword: false };
  const quicksight = {
    ListDashboards: () => ({ DashboardSummaryList: empty ? [] : [{ DashboardId: "flights-delays", Name: "New York flights 2013", LastPublishedTime: Date.now() / 1000 - 240, PublishedVersionNumber: 3 }, { DashboardId: "odd", Name: "What is not drawn", LastPublishedTime: Date.now() / 1000 - 86400 * 3, PublishedVersionNumber: 1 }] }),
    DescribeDashboardDefinition: ({ DashboardId }) =>
      DashboardId === "flights-delays" ? { DashboardId, Name: "New York flights 2013", Definition: definition }
      : DashboardId === "odd" ? { DashboardId, Name: "What is not drawn", Definition: odd }
      : DashboardId === "pies" ? { DashboardId, Name: "Pies", Definition: pies }
      : fail(404, "ResourceNotFoundException", `Dashboard ${DashboardId} does not exist.`),
  };

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const send = (status, body) => response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    try {
      const body = request.method === "POST" ? JSON.parse((await read(request)) || "{}") : {};
      if (url.pathname === "/_/session" && request.method === "GET") return send(200, session);
      if (url.pathname === "/_/session" && request.method === "DELETE") return send(200, Object.assign(session, { SignedIn: false }) && {});
      if (url.pathname === "/_/session") {
        if (body.Key === "once") Object.assign(session, { SignedIn: true, NeedsPassword: true });
        else if (body.Password === "correct horse") session.SignedIn = true;
        else fail(403, "AccessDenied", body.Key ? "this sign-in link has been used; tarn up prints a new one" : "That is not the password.");
        return send(200, {});
      }
      if (url.pathname === "/_/password") return send(200, Object.assign(session, { NeedsPassword: false }) && {});
      if (url.pathname === "/_/events") {
        response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": hello\n\n");
        streams.add(response);
        request.on("close", () => streams.delete(response));
        return;
      }
      if (url.pathname === "/_/logs") {
        response.writeHead(200, { "Content-Type": "text/event-stream" });
        for (const line of logLines(url.searchParams.get("stream"))) response.write(`data: ${JSON.stringify(line)}\n\n`);
        if (!url.searchParams.get("stream").includes("running")) response.end("event: end\ndata: {}\n\n");
        return;
      }
      if (url.pathname === "/_/query/visual") {
        if (body.VisualId === "fails") fail(400, "InvalidParameterValueException", 'The column "arr_dely" is not in the data set "delays". Did you mean "arr_delay"?');
        return send(200, answerVisual(rows, { odd, pies }[body.DashboardId] ?? definition, body) ?? fail(404, "ResourceNotFoundException", `No visual ${body.VisualId}.`));
      }
      if (url.pathname === "/_/query/control") return send(200, answerControl(rows, definition, body));
      if (url.pathname === "/_/query/table") {
        if (body.Table === "broken") fail(400, "InvalidInputException", 'raw/broken/part-0001.csv, line 14: "12:3x" is not a number (column hour).');
        const names = Object.keys(rows[0] ?? { flight_date: 1 });
        return send(200, { Columns: names.map((n) => ({ Name: n, Type: { flight_date: "date", hour: "int", month: "int", arr_delay: "int", dep_delay: "int" }[n] ?? "string" })), Rows: rows.slice(0, body.Limit).map((r) => names.map((n) => r[n])), Truncated: true });
      }
      const [, service, operation] = /^\/_\/api\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
      if (service) {
        const answer = (service === "glue" ? glue(empty) : quicksight)[operation];
        if (!answer) fail(501, "NotImplemented", `${service}:${operation} is not implemented.`);
        return send(200, answer(body, fail));
      }
      let file = path.join(dist, path.normalize(url.pathname.replace(/^\/_/, "")));
      if (!path.extname(file) || !existsSync(file)) file = path.join(dist, "index.html");
      response.writeHead(200, { "Content-Type": kinds[path.extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
    } catch (error) {
      send(error.status ?? 500, { __type: error.code ?? "InternalError", message: error.message });
    }
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({ address: `http://127.0.0.1:${server.address().port}`, tell: (change) => streams.forEach((s) => s.write(`data: ${JSON.stringify(change)}\n\n`)), stop: () => (server.closeAllConnections(), server.close()) })));
}

function fail(status, code, message) {
  throw Object.assign(new Error(message), { status, code });
}

async function read(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { address } = await startServer({ flights: exampleData });
  console.log(`${address}/_/`);
}
