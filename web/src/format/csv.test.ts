import { expect, test } from "vitest";
import { toCsv } from "./csv";

test("quotes what has to be quoted", () => {
  expect(toCsv(["a", "b,c"], [[1, 'say "hi"'], [null, "two\nlines"], [true, "=1+1"], [-3, "-3"], [[1, 2], "-x"]])).toBe(
    'a,"b,c"\r\n1,"say ""hi"""\r\n,"two\nlines"\r\ntrue,\'=1+1\r\n-3,-3\r\n"[1,2]",\'-x\r\n',
  );
});
