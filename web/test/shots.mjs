// Opens every page, dark and light, in a real browser and keeps a picture of each; fails when a page
// logs an error. CHROMIUM names the browser.
//
//   node test/shots.mjs [name...]

import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { exampleData, startServer } from "./server.mjs";

const out = path.join(path.dirname(fileURLToPath(import.meta.url)), "shots");
mkdirSync(out, { recursive: true });
const wanted = process.argv.slice(2);

/** Clicks where a reader would. */
async function clickMark(page, visual, index) {
  await page.waitForSelector(`[data-testid=data-${visual}] td[data-x]`, { state: "attached" });
  const mark = page.locator(`[data-testid=data-${visual}] [data-mark='0:${index}']`);
  const box = await page.locator(`[data-testid=chart-${visual}]`).boundingBox();
  await page.mouse.click(box.x + Number(await mark.getAttribute("data-x")), box.y + Number(await mark.getAttribute("data-y")));
  await page.waitForSelector(`[data-testid=chip-${visual}]`);
  await page.waitForTimeout(600);
}

const pages = {
  pipelines: { path: "pipelines" },
  workflow: { path: "pipelines/flights", wait: "[data-testid=graph]" },
  "run-done": { path: "pipelines/flights/runs/wr_done0", wait: "[data-testid=graph]" },
  "run-failed": { path: "pipelines/flights/runs/wr_failed", wait: "[data-testid=error-card]" },
  "run-running": { path: "pipelines/flights/runs/wr_running?node=clean", wait: "[data-testid=log]" },
  data: { path: "data" },
  table: { path: "data/flights/delays", wait: "[data-testid=preview-rows]" },
  columns: { path: "data/flights/clean_flights", act: (page) => page.getByRole("tab", { name: "Columns" }).click() },
  partitions: { path: "data/flights/clean_flights", act: (page) => page.getByRole("tab", { name: "Partitions" }).click() },
  broken: { path: "data/flights_raw/broken", wait: "[data-testid=error-card]" },
  dashboards: { path: "dashboards" },
  dashboard: { path: "dashboards/flights-delays", wait: "[data-testid=data-delay-by-airline]", height: 1260 },
  "dashboard-picked": {
    path: "dashboards/flights-delays", wait: "[data-testid=data-delay-by-airline]", height: 1260,
    act: (page) => clickMark(page, "delay-by-airline", 2),
  },
  "dashboard-control": {
    path: "dashboards/flights-delays", wait: "[data-testid=data-delay-by-airline]",
    act: async (page) => {
      await page.locator("[data-testid=control-flight-date-from]").fill("2013-07-01");
      await page.locator("[data-testid=control-carrier] button").first().click();
      await page.getByRole("option", { name: "UA" }).click();
      await page.getByRole("option", { name: "DL" }).click();
      await page.waitForTimeout(500);
    },
  },
  odd: { path: "dashboards/odd?sheet=odd", wait: "[data-testid=unsupported-words]" },
  pies: { path: "dashboards/pies?sheet=pies", wait: "[data-testid=data-mean]" },
  "pies-picked": {
    path: "dashboards/pies?sheet=pies", wait: "[data-testid=data-mean]",
    act: (page) => clickMark(page, "donut", 1),
  },
  "dashboard-missing": { path: "dashboards/gone", wait: "[data-testid=error-card]" },
  narrow: { path: "dashboards/flights-delays", wait: "[data-testid=data-delay-by-airline]", width: 420, height: 1500 },
  "empty-pipelines": { path: "pipelines", empty: true, wait: "[data-testid=empty]" },
  "empty-data": { path: "data", empty: true, wait: "[data-testid=empty]" },
  "empty-dashboards": { path: "dashboards", empty: true, wait: "[data-testid=empty]" },
  "sign-in": { path: "?k=old", signedIn: false, wait: "[data-testid=password]" },
  "choose-password": { path: "?k=once", signedIn: false, wait: "[data-testid=new-password]" },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-quic", "--no-first-run"],
});
let failed = 0;
const servers = new Map();
for (const [name, p] of Object.entries(pages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const kind = JSON.stringify([p.empty ?? false, p.signedIn ?? true]);
  for (const scheme of ["light", "dark"]) {
    // Signing in changes the server: each of those pages gets its own.
    if (!servers.has(kind) || p.signedIn === false) servers.set(p.signedIn === false ? `${name}${scheme}` : kind, await startServer({ flights: p.empty ? undefined : exampleData, empty: p.empty ?? false, signedIn: p.signedIn ?? true }));
    const { address } = servers.get(p.signedIn === false ? `${name}${scheme}` : kind);
    const context = await browser.newContext({ viewport: { width: p.width ?? 1440, height: p.height ?? 900 }, colorScheme: scheme, reducedMotion: "reduce" });
    const page = await context.newPage();
    const problems = [];
    page.on("pageerror", (e) => problems.push(e.message));
    page.on("console", (m) => m.type() === "error" && !/Failed to load resource/.test(m.text()) && problems.push(m.text()));
    try {
      const began = Date.now();
      await page.goto(`${address}/_/${p.path}`);
      await page.waitForSelector(p.wait ?? ".page", { state: "attached", timeout: 15000 });
      const took = Date.now() - began;
      if (p.act) await p.act(page);
      await page.waitForTimeout(500);
      await page.screenshot({ path: path.join(out, `${name}-${scheme}.png`) });
      console.log(`${name} ${scheme}: ${took} ms${problems.length ? `, ${problems.length} problems` : ""}`);
    } catch (error) {
      problems.push(error.message);
      await page.screenshot({ path: path.join(out, `${name}-${scheme}.png`) });
      console.log(`${name} ${scheme}: failed`);
    }
    for (const problem of problems) console.log(`  ${problem.slice(0, 600)}`);
    failed += problems.length;
    await context.close();
  }
}
await browser.close();
for (const { stop } of servers.values()) stop();
process.exitCode = failed > 0 ? 1 : 0;
