// One way to call the process that serves this page: AWS operations as JSON under /_/api, and the
// console's own few addresses beside them.

/** What a call that did not succeed says: AWS's error code and text, and where it came from. */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly operation: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, status: number, operation: string, hint?: string) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.status = status;
    this.operation = operation;
    this.hint = hint;
  }

  /** The server knows the operation's name but has nothing behind it. */
  get notImplemented(): boolean {
    return this.status === 501;
  }

  get signedOut(): boolean {
    return this.status === 401;
  }
}

type Method = "GET" | "POST" | "DELETE";

export async function request<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  // The console's own addresses are nobody's operation.
  const operation = path.startsWith("api/") ? path.replace(/^.*\//, "") : "";
  let response: Response;
  try {
    response = await fetch(`/_/${path}`, {
      method,
      credentials: "same-origin",
      // X-Tarn can't be set by another site's form: it is what tells a write from a forged one.
      headers: { "X-Tarn": "1", ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError("Unreachable", "tarn does not answer. Is `tarn up` still running?", 0, operation);
  }
  const text = await response.text();
  if (!response.ok) throw readError(text, response.status, operation);
  return (text === "" ? {} : JSON.parse(text)) as T;
}

/** AWS's own operation, by its service and name. */
export function call<T>(service: string, operation: string, input: object, signal?: AbortSignal): Promise<T> {
  return request<T>("POST", `api/${service}/${operation}`, input, signal);
}

export function readError(text: string, status: number, operation: string): ApiError {
  let code = `Status${status}`;
  let message = text.trim();
  let hint: string | undefined;
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    const named = body.__type ?? body.code ?? body.Code;
    if (typeof named === "string") code = named.replace(/^.*#/, "");
    const said = body.message ?? body.Message;
    if (typeof said === "string") message = said;
    const advice = body.hint ?? body.Hint;
    if (typeof advice === "string") hint = advice;
  } catch {
    // Not JSON: what was said is the message.
  }
  if (message === "") message = status === 501 ? `${operation || "This"} is not implemented.` : `The server answered ${status} and said nothing more.`;
  return new ApiError(code, message, status, operation, hint);
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError("Unexpected", error instanceof Error ? error.message : String(error), 0, "");
}
