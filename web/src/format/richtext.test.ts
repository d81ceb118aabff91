import { expect, test } from "vitest";
import { plainText, readRichText, safeLink } from "./richtext";

test.each([
  ["plain", "plain"],
  ["<visual-title>Mean delay by airline</visual-title>", "Mean delay by airline"],
  ["<visual-title>\n  <b>Late</b> &amp; early\n</visual-title>", "Late & early"],
  ["<visual-title>Flights of <parameter>${Carrier}</parameter></visual-title>", "Flights of UA"],
  ["Flights of <<$Carrier>> and <<$Other>>", "Flights of UA and <<$Other>>"],
  ["<text-box><block align=\"center\">One</block><block>Two</block></text-box>", "One\nTwo"],
  ["one<br/>two", "one\ntwo"],
  ["1 < 2 &#x2013; &#8211; &bogus;", "1 < 2 – – &bogus;"],
  ["<ul><li>a</li><li>b</li></ul>", "a\nb"],
  ["<!-- note -->shown", "shown"],
  ["", ""],
])("%s", (xml, want) => {
  expect(plainText(xml, { Carrier: "UA" })).toBe(want);
});

test("looks nest and end", () => {
  expect(readRichText('<text-box><inline color="#ff0000" font-size="24px">R<b>B</b></inline>p</text-box>')).toEqual([
    { runs: [{ text: "R", color: "#ff0000", fontSize: "24px" }, { text: "B", bold: true, color: "#ff0000", fontSize: "24px" }, { text: "p" }] },
  ]);
});

test("nothing dangerous gets through", () => {
  expect(readRichText('<a href="javascript:alert(1)">x</a><inline color="red;background:url(x)">y</inline>')).toEqual([{ runs: [{ text: "x" }, { text: "y" }] }]);
  expect(safeLink("JavaScript:alert(1)")).toBeUndefined();
  expect(safeLink("https://example.com")).toBe("https://example.com");
  expect(plainText("<script>alert(1)</script>")).toBe("alert(1)");
});
