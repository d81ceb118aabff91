import { expect, test } from "vitest";
import { EventParser } from "./sse";

test("events come out whole, however the text was cut", () => {
  const text = ': hello\n\ndata: {"a":1}\n\nevent: log\ndata: one\ndata: two\r\n\r\nevent: end\ndata:\n\n';
  const want = [
    { event: "message", data: '{"a":1}' },
    { event: "log", data: "one\ntwo" },
    { event: "end", data: "" },
  ];
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventParser();
    const got = [];
    for (let at = 0; at < text.length; at += size) got.push(...parser.push(text.slice(at, at + size)));
    expect(got, `pieces of ${size}`).toEqual(want);
  }
});

test("an event that has not ended is not given", () => {
  expect(new EventParser().push("data: half\n")).toEqual([]);
});
