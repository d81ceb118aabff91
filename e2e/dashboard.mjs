// Signs in to the console, opens the flights dashboard in Chromium, reads what
// it shows, clicks the latest carrier's bar, and reads again. Prints JSON.
//
//   node dashboard.mjs ENDPOINT ONE-TIME-KEY FOLDER-FOR-PICTURES

import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import path from "node:path";

const require = createRequire(new URL("../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [endpoint, key, pictures] = process.argv.slice(2);
mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-quic", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 1400, height: 1100 } });
const errors = [];
page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
page.on("pageerror", (e) => errors.push(String(e)));

// What a reader with a screen reader or a keyboard would trip over.
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const accessible = async (name) => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const v of violations) errors.push(`${name}: ${v.id} (${v.impact}): ${v.nodes.map((n) => n.target.join(" ")).join(", ")}`);
};

const shot = (name) => page.screenshot({ path: path.join(pictures, `${name}.png`) });
const text = async (id) => (await page.locator(`[data-testid="${id}"]`).first().innerText()).trim();

try {
  await page.goto(`${endpoint}/_/?k=${key}`);
  await page.waitForSelector("[data-testid=new-password] input");
  for (const id of ["new-password", "new-password-again"]) await page.locator(`[data-testid=${id}] input`).fill("correct horse battery");
  await page.locator("[data-testid=choose-password]").click();
  await page.waitForSelector("[data-testid=environment]");
  await shot("pipelines");
  await accessible("pipelines");

  await page.goto(`${endpoint}/_/dashboards/flights-delays`);
  const rows = '[data-testid="data-delay-by-airline"] tbody tr';
  await page.waitForSelector(rows, { state: "attached" });
  await page.waitForSelector('[data-testid="kpi-value-flights"]');
  const out = { Flights: await text("kpi-value-flights"), Mean: await text("kpi-value-mean-arr-delay"), Title: await text("dashboard-title") };
  const first = await page.locator(rows).first().locator("th, td").allInnerTexts();
  out.First = first[0].trim();
  out.FirstMean = first[1].trim();
  await shot("dashboard");
  await accessible("dashboard");

  // The first bar: the carrier that is latest.
  const mark = page.locator('[data-testid="data-delay-by-airline"] [data-mark="0:0"]');
  const box = await page.locator('[data-testid="chart-delay-by-airline"]').boundingBox();
  await page.mouse.click(box.x + Number(await mark.getAttribute("data-x")), box.y + Number(await mark.getAttribute("data-y")));
  await page.waitForSelector('[data-testid="chip-delay-by-airline"]');
  await page.waitForFunction((before) => document.querySelector('[data-testid="kpi-value-flights"]')?.innerText.trim() !== before, out.Flights);
  out.AfterClick = await text("kpi-value-flights");
  await shot("dashboard-clicked");
  out.Errors = errors;
  console.log(JSON.stringify(out));
} catch (e) {
  await shot("failed");
  console.error(String(e), errors.join("\n"));
  process.exitCode = 1;
} finally {
  await browser.close();
}
